//! Sends requests to Apple's hosts.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::{Bytes, BytesMut};
use reqwest::Method;
use reqwest::header::{COOKIE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::answer::Answer;
use super::cookies::Jar;
use super::error::HttpError;
use super::patience::Patience;
use super::route::{self, Route};
use super::transport;

/// Largest answer of an API host, bytes after decompression, where a request says nothing else. Real pages stay below
/// 2 MiB.
const LARGEST_ANSWER: usize = 8 << 20;

/// How a [`Client`] is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where everything is sent instead of Apple's hosts: an http or https address on loopback.
    pub endpoint: Option<Url>,
    /// The `User-Agent` of every request. Apple refuses strings that do not look like a current browser.
    pub user_agent: String,
}

/// One request to an API host.
#[derive(Clone)]
pub struct Request {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
    largest_answer: usize,
}

impl Request {
    /// A request without headers of its own and without body.
    pub fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: None, largest_answer: LARGEST_ANSWER }
    }

    /// Adds a header; the name is in lower case. A value that HTTP cannot carry is left out: Apple's own values always can be.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.insert(HeaderName::from_static(name), value);
        } else {
            tracing::debug!(name, "a header value was left out: HTTP cannot carry it");
        }
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: Bytes) -> Self {
        self.body = Some(body);
        self
    }

    /// Takes answers up to so many bytes.
    #[must_use]
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.largest_answer = bytes;
        self
    }

    /// The logical address.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

// Query, headers and body may hold tokens.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Request({} https://{}{})",
            self.method,
            self.url.host_str().unwrap_or_default(),
            self.url.path()
        )
    }
}

/// What was sent since a client was made, over all its clones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Requests to API hosts.
    pub calls: u64,
    /// Requests to content hosts.
    pub downloads: u64,
}

/// Talks to Apple's hosts for one account. Cheap to clone; clones share connections and cookies.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
    jar: Jar,
    patience: Patience,
}

struct Inner {
    calls: AtomicU64,
    downloads: AtomicU64,
    api: RwLock<reqwest::Client>,
    content: reqwest::Client,
    route: Route,
    user_agent: String,
}

// The libraries' own view of a client may show the password of a proxy.
impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("route", &self.route).finish_non_exhaustive()
    }
}

impl Client {
    /// Sets up connections; nothing is sent yet. Fails when the endpoint is refused or TLS cannot be set up.
    pub fn new(settings: &Settings) -> Result<Self, HttpError> {
        let route = Route::new(settings.endpoint.as_ref())?;
        let user_agent = settings.user_agent.clone();
        let api = RwLock::new(transport::api(&user_agent, &route)?);
        let content = transport::content(&user_agent, &route)?;
        let (calls, downloads) = (AtomicU64::new(0), AtomicU64::new(0));
        let inner = Inner { calls, downloads, api, content, route, user_agent };
        Ok(Self { inner: Arc::new(inner), jar: Jar::default(), patience: Patience::default() })
    }

    /// What was sent so far.
    #[must_use]
    pub fn sent(&self) -> Sent {
        let (calls, downloads) = (&self.inner.calls, &self.inner.downloads);
        Sent { calls: calls.load(Ordering::Relaxed), downloads: downloads.load(Ordering::Relaxed) }
    }

    /// How much trouble is borne by whoever uses this client.
    pub fn patience(&self) -> &Patience {
        &self.patience
    }

    /// The same client for another run, whose patience is not yet tried.
    #[must_use]
    pub fn for_a_new_run(&self) -> Self {
        Self { patience: Patience::default(), ..self.clone() }
    }

    /// The cookies of this client.
    pub fn cookies(&self) -> &Jar {
        &self.jar
    }

    /// Lets go of all pooled connections to API hosts: a 421 may mean that a connection no longer leads to the
    /// right place.
    pub fn reset_connections(&self) -> Result<(), HttpError> {
        let fresh = transport::api(&self.inner.user_agent, &self.inner.route)?;
        *self.inner.api.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Sends a request to an API host, with cookies, and gives back whatever it answers.
    pub async fn call(&self, request: Request) -> Result<Answer, HttpError> {
        Ok(self.exchange(request).await?.0)
    }

    /// Like [`Client::call`], with the headers of the answer. They may hold tokens.
    pub async fn exchange(&self, request: Request) -> Result<(Answer, HeaderMap), HttpError> {
        let host = route::api_host(&request.url)?.to_owned();
        self.patience.ask()?;
        let wire = self.inner.route.wire(&request.url)?;
        let api = self.inner.api.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut sending = api.request(request.method.clone(), wire).headers(request.headers);
        if let Some(cookies) = self.jar.header(&request.url) {
            sending = sending.header(COOKIE, cookies);
        }
        if let Some(body) = request.body {
            sending = sending.body(body);
        }
        self.inner.calls.fetch_add(1, Ordering::Relaxed);
        let mut response = sending.send().await.map_err(|error| HttpError::of(&host, error))?;
        let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
        self.jar.take(&request.url, &headers);
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| HttpError::of(&host, error))? {
            if body.len() + chunk.len() > request.largest_answer {
                return Err(HttpError::TooLarge { host, limit: request.largest_answer });
            }
            body.extend_from_slice(&chunk);
        }
        tracing::debug!(method = %request.method, host, path = request.url.path(), status, bytes = body.len(), "answered");
        Ok((Answer::new(status, &headers, body.freeze()), headers))
    }

    /// The pieces that one request of `download` needs; it is counted.
    pub(super) fn content_way(&self) -> (&reqwest::Client, &Route) {
        self.inner.downloads.fetch_add(1, Ordering::Relaxed);
        (&self.inner.content, &self.inner.route)
    }
}
