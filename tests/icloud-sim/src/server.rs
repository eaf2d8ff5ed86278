//! The HTTP server: one process and one port for every host of Apple.

use crate::answer::Answer;
use crate::config::Config;
use crate::connection::{Connections, Gate, Line};
use crate::content::Bend;
use crate::control::Control;
use crate::delivery::{self, End, Exchange, Manner, Payload};
use crate::endpoint::Endpoint;
use crate::fault::Fault;
use crate::gaps;
use crate::ledger::LoggedRequest;
use crate::remote;
use crate::reply::Reply;
use crate::request::Incoming;
use crate::world::World;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Largest request body taken.
const LARGEST_BODY: usize = 32 << 20;
/// Bodies below this size are not worth compressing.
const SMALLEST_GZIP: usize = 256;

/// A running simulator on loopback.
///
/// Dropping it stops it. When a violation was counted (a write, an unknown endpoint, a leaked cookie) and nobody
/// took it with [`Control::take_violations`], the drop panics, so that no test passes over one.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    control: Control,
    connections: Connections,
    task: JoinHandle<()>,
}

impl Simulator {
    /// Starts on 127.0.0.1, in a task of the current tokio runtime.
    ///
    /// # Errors
    /// The port cannot be had.
    pub async fn start(config: Config) -> io::Result<Simulator> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await?;
        let address = listener.local_addr()?;
        let connections = Connections::default();
        let world = Arc::new(World::new(config));
        let service = Router::new()
            .fallback(handle)
            .with_state(Arc::clone(&world))
            .into_make_service_with_connect_info::<Line>();
        let gate = Gate::new(listener, connections.clone());
        let task = tokio::spawn(async move {
            // It serves until its task is aborted.
            let _served: io::Result<()> = axum::serve(gate, service).await;
        });
        Ok(Simulator { address, control: Control::new(world), connections, task })
    }

    /// Base URL: `https://HOST/PATH` is served at `URL/HOST/PATH`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The handle by which a test watches and steers the simulator.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Stops serving and cuts every connection.
    pub fn stop(&self) {
        self.task.abort();
        self.connections.reset_all();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop();
        let violations = self.control.violations();
        let silent = violations.is_empty() || std::thread::panicking();
        assert!(silent, "The client did what no client may do: {violations:?}");
    }
}

async fn handle(
    State(world): State<Arc<World>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return plain(Reply::empty(413));
    };
    if let Some(call) = parts.uri.path().strip_prefix("/control/") {
        return plain(remote::answer(&Control::new(world), parts.method.as_str(), call, &body));
    }
    serve(world, line, Incoming::new(parts, body)).await
}

async fn serve(world: Arc<World>, line: Line, request: Incoming) -> Response<Body> {
    let endpoint = Endpoint::of(&request);
    let label = endpoint.label();
    let exchange = Exchange::begin(Arc::clone(&world), label.clone(), line);
    let latency = *world.latency();
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let fault = world.faults().strike(&label, &request.target());
    let met = fault.as_ref().map(|fault| format!("fault {fault:?}"));
    let log = |status: u16, note: Option<String>| {
        world.ledger().record(LoggedRequest {
            method: request.method.clone(),
            target: request.target(),
            label: label.clone(),
            status,
            note,
        });
    };
    match &fault {
        Some(Fault::Reset { after: None }) => {
            log(0, met);
            exchange.line.reset();
            return plain(Reply::empty(500));
        }
        Some(Fault::Stall { after: None }) => {
            log(0, met);
            return std::future::pending().await;
        }
        Some(Fault::Delay { ms }) => tokio::time::sleep(Duration::from_millis(*ms)).await,
        Some(Fault::SessionExpired { loss }) => world.apple().vault.lose(*loss),
        _ => {}
    }
    let mut answer = match fault.as_ref().and_then(|fault| in_place_of(fault, &request)) {
        Some(reply) => Answer::from(reply),
        None => world.answer(&endpoint, &request, bend(fault.as_ref())),
    };
    if let Some(fault) = &fault {
        gaps::tear(&mut answer, fault);
    }
    log(answer.status, met.or(answer.note.take()));
    if matches!(fault, Some(Fault::LostAnswer)) {
        exchange.line.reset();
    }
    if endpoint != Endpoint::Content {
        compress(&mut answer, &request);
    }
    delivery::send(answer.status, &answer.headers, answer.payload, manner(fault.as_ref()), exchange)
}

/// The answers that are given in place of carrying a request out.
fn in_place_of(fault: &Fault, request: &Incoming) -> Option<Reply> {
    match fault {
        Fault::Status { status, headers, body } => {
            let json = body.trim_start().starts_with(['{', '[']);
            let typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            let mut reply =
                Reply { status: *status, headers: headers.clone(), body: Bytes::from(body.clone()) };
            if !typed && !body.is_empty() {
                reply = reply.header(
                    "Content-Type",
                    if json { "application/json; charset=UTF-8" } else { "text/html" },
                );
            }
            Some(reply)
        }
        Fault::Html => Some(Reply::html(
            200,
            "<!DOCTYPE html><html><head><title>iCloud</title></head><body></body></html>",
        )),
        Fault::Redirect { status, origin } => {
            Some(Reply::empty(*status).header("Location", format!("{origin}{}", request.path_and_query)))
        }
        Fault::Gone => Some(Reply::empty(410).header("Content-Type", "application/json")),
        _ => None,
    }
}

fn bend(fault: Option<&Fault>) -> Bend {
    match fault {
        Some(Fault::WholeBody) => Bend::Whole,
        Some(Fault::ShiftedRange { by }) => Bend::Shift(*by),
        Some(Fault::OtherBody) => Bend::Other,
        _ => Bend::None,
    }
}

fn manner(fault: Option<&Fault>) -> Manner {
    let mut manner = Manner::default();
    match fault {
        Some(Fault::Reset { after: Some(at) }) => manner.end = Some((*at, End::Reset)),
        Some(Fault::Stall { after: Some(at) }) => manner.end = Some((*at, End::Stall)),
        Some(Fault::Truncate { at }) => manner.end = Some((*at, End::Close)),
        Some(Fault::Corrupt { at, bit }) => manner.corrupt = Some((*at, *bit)),
        Some(Fault::Slow { bytes_per_second }) => manner.pace = Some(*bytes_per_second),
        Some(Fault::NoLength) => manner.unmeasured = true,
        Some(Fault::ContentLength { bytes }) => manner.declared = Some(*bytes),
        _ => {}
    }
    manner
}

/// Compresses a document when the client asks for it.
fn compress(answer: &mut Answer, request: &Incoming) {
    let wanted = request.header("Accept-Encoding").is_some_and(|encodings| encodings.contains("gzip"));
    let Payload::Bytes(bytes) = &answer.payload else { return };
    if !wanted || bytes.len() < SMALLEST_GZIP {
        return;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    if let Ok(packed) = encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        answer.payload = Payload::Bytes(Bytes::from(packed));
        answer.headers.push(("Content-Encoding".to_owned(), "gzip".to_owned()));
    }
}

/// An answer outside the simulated world.
fn plain(reply: Reply) -> Response<Body> {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = axum::http::StatusCode::from_u16(reply.status).unwrap_or_default();
    let json = axum::http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, json);
    response
}
