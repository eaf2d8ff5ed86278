//! The page of the daemon: how the jobs stand, signing in, `/healthz` and `/metrics`.
//!
//! Nothing is sent to Apple before a person asks for a code. A sign-in takes a link that larder told ([`Links`]); whoever
//! sits at this machine gets one from the page itself.

mod door;
mod guard;
mod html;
mod links;
mod metrics;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Standing;
use crate::clock;
use crate::config;
pub use door::{Answer, Ask, CodeBy, Consent, Door, Seen, Told, Wish};
pub use links::Links;

/// What the page serves.
pub struct Page {
    /// The jobs.
    pub doors: Vec<Door>,
    /// The links.
    pub links: Arc<Links>,
    /// Where, and what it is called.
    pub settings: config::Page,
}

type Shared = State<Arc<Page>>;

/// Serves until `stop` is cancelled.
pub async fn serve(listener: TcpListener, page: Page, stop: CancellationToken) -> std::io::Result<()> {
    let page = Arc::new(page);
    let router = Router::new()
        .route("/", get(overview))
        .route("/healthz", get(health))
        .route("/metrics", get(figures))
        .route("/sign-in", post(fresh))
        .route("/sign-in/{token}", get(begin).post(go_on))
        .layer(axum::middleware::from_fn_with_state(page.clone(), guard::guard))
        .with_state(page);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await
}

fn shown(text: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (headers, text).into_response()
}

/// Asks the states on a thread that may wait.
async fn looked<T: Send + 'static>(page: &Arc<Page>, look: impl FnOnce(&Page) -> T + Send + 'static) -> T {
    let page = page.clone();
    let looked = tokio::task::spawn_blocking(move || look(&page)).await;
    looked.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

async fn overview(State(page): Shared) -> Response {
    shown(looked(&page, |page| html::overview(&page.doors, &page.links, clock::now())).await)
}

/// 200 when all is well, or when a person is needed: no new start helps then. 503 when the last run of a job failed.
async fn health(State(page): Shared) -> Response {
    let (mut words, mut broken) = (Vec::new(), false);
    for door in &page.doors {
        let word = match door.standing.get() {
            Some(Standing::NeedsPerson { .. }) => "needs you: sign in".to_owned(),
            Some(Standing::Waiting { last: Some(last), .. }) if !matches!(last.code, 0 | 1) => {
                broken = true;
                format!("broken: {}", last.line)
            }
            _ => "ok".to_owned(),
        };
        words.push(format!("{}: {word}\n", door.name));
    }
    let status = if broken { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, words.concat()).into_response()
}

async fn figures(State(page): Shared) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (headers, looked(&page, |page| metrics::metrics(&page.doors)).await).into_response()
}

#[derive(Deserialize)]
struct Job {
    job: String,
}

/// A new link: for whoever sits at this machine, at once; for others, told the way that larder tells things.
async fn fresh(
    State(page): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(Job { job }): Form<Job>,
) -> Response {
    let Some(door) = page.doors.iter().find(|door| door.name == job) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if guard::is_at_this_machine(&page.settings, peer, &headers) {
        return Redirect::to(&page.links.fresh(&job)).into_response();
    }
    if !page.links.may_tell(&job) {
        let why = "A link was sent a few minutes ago: look there, or wait a little.";
        return shown(html::told_elsewhere(Err(why.to_owned())));
    }
    let link = page.links.fresh(&job);
    let told = match page.settings.base() {
        Some(base) => (door.tell)(format!("{base}{link}")).await,
        None => Err("there is no address for a link".to_owned()),
    };
    shown(html::told_elsewhere(told))
}

/// The link and its job, while it is good.
fn opened<'a>(page: &'a Page, token: &str) -> Option<(links::Link, &'a Door)> {
    let link = page.links.find(token)?;
    let door = page.doors.iter().find(|door| door.name == link.job)?;
    Some((link, door))
}

fn too_old() -> Response {
    (StatusCode::GONE, shown(html::too_old())).into_response()
}

async fn begin(
    State(page): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Response {
    let Some((link, door)) = opened(&page, &token) else { return too_old() };
    let asks = !door.has_password && guard::may_type_a_password(&page.settings, peer, &headers);
    let consent = if link.waits { (door.consent)() } else { Consent::Unknown };
    match consent {
        Consent::Asked => shown(html::asked()),
        Consent::Given => done(&page, door, &token),
        Consent::Refused(why) => shown(first(&page, door, &link.csrf, asks, Some(&why)).await),
        Consent::Unknown => shown(first(&page, door, &link.csrf, asks, no_password(door, asks)).await),
    }
}

/// The person is signed in: the link has served, and the run that was missed is about to begin.
fn done(page: &Page, door: &Door, token: &str) -> Response {
    page.links.used(token);
    door.standing.signed_in();
    shown(html::done())
}

/// The first page of a sign-in, or of asking devices alone.
async fn first(
    page: &Arc<Page>,
    door: &Door,
    csrf: &str,
    asks_password: bool,
    trouble: Option<&str>,
) -> String {
    let wants = door.wants_consent.clone();
    if looked(page, move |_| wants()).await {
        return html::consent(&door.name, csrf, trouble);
    }
    html::begin(&door.name, csrf, asks_password, trouble)
}

/// Why no password is asked for, where one may be wanted.
fn no_password(door: &Door, asks: bool) -> Option<&'static str> {
    (!door.has_password && !asks).then_some(
        "This page is not encrypted, so it asks for no password. If Apple wants one, sign in on the machine itself, or put \
         the page behind https.",
    )
}

#[derive(Deserialize)]
struct Step {
    csrf: String,
    way: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    phone: Option<usize>,
}

async fn go_on(
    State(page): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Path(token): Path<String>,
    Form(step): Form<Step>,
) -> Response {
    let Some((link, door)) = opened(&page, &token) else { return too_old() };
    if step.csrf != link.csrf {
        return StatusCode::FORBIDDEN.into_response();
    }
    let may_type = guard::may_type_a_password(&page.settings, peer, &headers);
    if !step.password.is_empty() && !may_type {
        return StatusCode::FORBIDDEN.into_response();
    }
    let asks = !door.has_password && may_type;
    if !page.links.try_once(&token) {
        page.links.used(&token);
        return (StatusCode::TOO_MANY_REQUESTS, shown(html::too_old())).into_response();
    }
    let finishes = step.way == "finish";
    let typed = Some(step.password).filter(|text| !text.is_empty()).map(SecretString::from);
    let (before, known) = link.sent.unzip();
    let password = typed.or(known.flatten());
    let wish = if finishes {
        Wish::Finish(step.code)
    } else {
        let phone = step.phone.unwrap_or(0);
        let way = match step.way.as_str() {
            "sms" => CodeBy::Message(phone),
            "call" => CodeBy::Call(phone),
            _ => CodeBy::Devices,
        };
        Wish::Code { password: password.clone(), way }
    };
    match (door.ask)(wish).await {
        Ok(Told::Done) => done(&page, door, &token),
        Ok(Told::Asked) => {
            page.links.wait(&token, true);
            // By an address that may be loaded again.
            Redirect::to(&format!("/sign-in/{token}")).into_response()
        }
        Ok(Told::Locked(why)) => shown(first(&page, door, &link.csrf, asks, Some(&why)).await),
        Ok(sent) => {
            let text = html::code(&link.csrf, &sent, None);
            page.links.sent(&token, Some((sent, password)));
            forget_later(&page, token);
            shown(text)
        }
        Err(why) if finishes => {
            let unknown = Told::Sent { whence: "was asked for".to_owned(), digits: 6, phones: vec![] };
            shown(html::code(&link.csrf, &before.unwrap_or(unknown), Some(&why)))
        }
        Err(why) => {
            // The sign-in that a code would have finished is over, and the password may be what was wrong.
            page.links.sent(&token, None);
            shown(first(&page, door, &link.csrf, asks, Some(&why)).await)
        }
    }
}

/// A sign-in that nobody finishes leaves no password behind.
fn forget_later(page: &Arc<Page>, token: String) {
    let links = page.links.clone();
    tokio::spawn(async move {
        tokio::time::sleep(links::UNDER_WAY).await;
        links.sent(&token, None);
    });
}
