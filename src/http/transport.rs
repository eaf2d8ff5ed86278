//! The only place that builds TLS clients.
//!
//! The HTTP library is compiled without a crypto provider and panics when a client is made before one is
//! installed (reqwest #2938), so the provider and the clients live together here.

use std::time::Duration;

use reqwest::redirect;

use super::error::{HttpError, innermost};
use super::route::Route;

/// Longest life of an API call, body included.
const API_TIMEOUT: Duration = Duration::from_secs(60);

/// Longest silence while a body arrives. There is no limit for the whole: videos are large and lines slow.
const CONTENT_SILENCE: Duration = Duration::from_secs(30);

/// Longest time to a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// A client for API hosts: compressed, with an end.
pub(super) fn api(user_agent: &str, route: &Route) -> Result<reqwest::Client, HttpError> {
    finish(common(user_agent, route).gzip(true).timeout(API_TIMEOUT))
}

/// A client for content hosts: bytes as they are, as long as some come.
pub(super) fn content(user_agent: &str, route: &Route) -> Result<reqwest::Client, HttpError> {
    finish(common(user_agent, route).no_gzip().read_timeout(CONTENT_SILENCE))
}

/// A client for servers that are not Apple's.
pub(super) fn elsewhere(timeout: Duration) -> Result<reqwest::Client, HttpError> {
    provide_crypto();
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    let builder = reqwest::Client::builder();
    finish(builder.redirect(redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT).timeout(timeout))
}

/// Makes sure that there is a TLS provider.
pub(super) fn provide_crypto() {
    if rustls::crypto::CryptoProvider::get_default().is_none()
        && rustls::crypto::ring::default_provider().install_default().is_err()
    {
        tracing::trace!("another thread installed the TLS provider first");
    }
}

fn common(user_agent: &str, route: &Route) -> reqwest::ClientBuilder {
    provide_crypto();
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    let builder = reqwest::Client::builder()
        .user_agent(user_agent)
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT);
    match route {
        Route::Direct => builder.https_only(true),
        // A proxy would be asked for its own loopback.
        Route::Through { https: true, .. } => builder.no_proxy(),
        // Nothing is encrypted, so a machine without CA certificates will do.
        Route::Through { https: false, .. } => builder.no_proxy().tls_certs_only([]),
    }
}

fn finish(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, HttpError> {
    builder.build().map_err(|error| HttpError::Setup { why: innermost(&error) })
}
