//! The client against a scripted server on loopback.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::TryStreamExt;
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use super::retry::{Class, Classify};
use super::{Client, HttpError, Request, Settings, SignedUrl};

/// Answers one connection after the other with `script`; gives back the client and what it was sent.
async fn scripted(script: Vec<Vec<u8>>) -> (Client, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        for answer in script {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                let mut buffer = [0; 4096];
                let n = stream.read(&mut buffer).await.unwrap();
                request.extend_from_slice(&buffer[..n]);
            }
            log.lock().unwrap().push(String::from_utf8(request).unwrap());
            // A client that refuses the answer hangs up early.
            stream.write_all(&answer).await.ok();
        }
    });
    let settings =
        Settings { endpoint: Some(Url::parse(&endpoint).unwrap()), user_agent: "Browser/1".to_owned() };
    (Client::new(&settings).unwrap(), seen)
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn setup(path: &str) -> Request {
    Request::new(Method::POST, Url::parse(&format!("https://setup.icloud.com{path}")).unwrap())
}

const BODY: &str = "https://cvws.icloud-content.com/B/x?s=canary";

async fn whole(download: super::Download) -> Result<Vec<u8>, HttpError> {
    download.stream.try_fold(Vec::new(), |all, chunk| async move { Ok([all, chunk.to_vec()].concat()) }).await
}

#[tokio::test]
async fn calls_travel_below_the_endpoint_and_cookies_follow_the_logical_host() {
    let cookie = "Set-Cookie: a=\"1\"; Domain=.icloud.com; Path=/; Secure\r\nContent-Type: Application/Json; charset=x\r\n";
    let (client, seen) =
        scripted(vec![answer("200 OK", cookie, b"{}"), answer("302 Found", "Location: /x\r\n", b"")]).await;
    let first = client
        .call(setup("/ws?x=1").header("accept", "application/json").body(Bytes::from_static(b"null")))
        .await
        .unwrap();
    assert_eq!(
        (first.status, first.content_type.as_deref(), &first.body[..]),
        (200, Some("application/json"), &b"{}"[..])
    );
    let second = client.call(setup("/again")).await.unwrap();
    assert_eq!(second.status, 302, "redirects of API hosts are not followed");
    let seen = seen.lock().unwrap();
    assert!(seen[0].starts_with("POST /setup.icloud.com/ws?x=1 HTTP/1.1\r\n"), "{}", seen[0]);
    assert!(
        seen[0].contains("user-agent: Browser/1\r\n") && seen[0].contains("accept: application/json\r\n")
    );
    assert!(!seen[0].contains("cookie:"));
    assert!(seen[1].contains("cookie: a=\"1\"\r\n"), "{}", seen[1]);
}

#[tokio::test]
async fn foreign_hosts_are_refused_before_anything_is_sent() {
    let (client, seen) = scripted(vec![]).await;
    let request = Request::new(Method::GET, Url::parse("https://evil.example/?s=canary").unwrap());
    let refused = client.call(request).await.unwrap_err();
    assert!(matches!(&refused, HttpError::Refused { host } if host == "evil.example"));
    let refused =
        client.open(&SignedUrl::parse("https://www.icloud.com/?s=canary").unwrap(), 0).await.unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("canary"));
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_broken_connection_is_worth_a_retry() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".to_vec();
    let (client, _) = scripted(vec![vec![], cut.clone(), cut]).await;
    let error = client.call(setup("/")).await.unwrap_err();
    assert_eq!(error.class(), Class::Transient, "{error}");
    let error = client.call(setup("/")).await.unwrap_err();
    assert!(matches!(error, HttpError::Cut { .. }), "{error:?}");
    let download = client.open(&SignedUrl::parse(BODY).unwrap(), 0).await.unwrap();
    assert_eq!(download.total_len, Some(10));
    let error = whole(download).await.unwrap_err();
    assert!(matches!(error, HttpError::Cut { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error() {
    let settings =
        Settings { endpoint: Some(Url::parse("http://127.0.0.1:1").unwrap()), user_agent: "x".to_owned() };
    let error = Client::new(&settings).unwrap().call(setup("/?s=canary")).await.unwrap_err();
    assert!(matches!(&error, HttpError::Connect { host, .. } if host == "setup.icloud.com"), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[tokio::test]
async fn an_endless_answer_is_refused() {
    let (client, _) = scripted(vec![answer("200 OK", "", &vec![b' '; (8 << 20) + 1])]).await;
    assert!(matches!(client.call(setup("/")).await, Err(HttpError::TooLarge { .. })));
}

#[tokio::test]
async fn a_body_is_asked_for_from_an_offset_without_cookies_or_compression() {
    let cookie = "Set-Cookie: a=1; Domain=.icloud.com; Path=/; Secure\r\n";
    let partial = answer(
        "206 Partial Content",
        "Content-Range: bytes 4-6/7\r\nContent-Type: application/octet-stream\r\n",
        b"efg",
    );
    let (client, seen) = scripted(vec![answer("200 OK", cookie, b""), partial]).await;
    client.call(setup("/")).await.unwrap();
    let download = client.open(&SignedUrl::parse(BODY).unwrap(), 4).await.unwrap();
    assert_eq!((download.status, download.start, download.total_len), (206, 4, Some(7)));
    assert_eq!(whole(download).await.unwrap(), b"efg");
    let sent = seen.lock().unwrap()[1].clone();
    assert!(sent.starts_with("GET /cvws.icloud-content.com/B/x?s=canary HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("range: bytes=4-\r\n") && sent.contains("accept-encoding: identity\r\n"), "{sent}");
    assert!(!sent.contains("cookie"), "{sent}");
}

#[tokio::test]
async fn redirects_are_followed_to_content_hosts_only_and_not_for_ever() {
    let to = |target: &str| answer("302 Found", &format!("Location: {target}\r\n"), b"");
    let (client, seen) = scripted(vec![
        to("https://cvws-h2.icloud-content.com/y?s=2"),
        answer("330 ", "Location: /z\r\n", b""),
        answer("200 OK", "", b"file"),
    ])
    .await;
    let download = client.open(&SignedUrl::parse(BODY).unwrap(), 0).await.unwrap();
    assert_eq!(whole(download).await.unwrap(), b"file");
    let lines: Vec<String> =
        seen.lock().unwrap().iter().map(|s| s.lines().next().unwrap().to_owned()).collect();
    assert_eq!(lines[1], "GET /cvws-h2.icloud-content.com/y?s=2 HTTP/1.1");
    assert_eq!(lines[2], "GET /cvws-h2.icloud-content.com/z HTTP/1.1");

    for target in ["https://evil.example/x", "http://cvws.icloud-content.com/x"] {
        let (client, seen) = scripted(vec![to(target)]).await;
        let refused = client.open(&SignedUrl::parse(BODY).unwrap(), 0).await;
        assert!(matches!(refused, Err(HttpError::Refused { .. })), "{refused:?}");
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
    let (client, _) = scripted(["/a", "/b", "/c", "/d", "/e", "/f"].map(to).into()).await;
    let refused = client.open(&SignedUrl::parse(BODY).unwrap(), 0).await;
    assert!(matches!(refused, Err(HttpError::Redirects { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_compressed_file_is_refused() {
    let (client, _) = scripted(vec![answer("200 OK", "Content-Encoding: gzip\r\n", b"x")]).await;
    let refused = client.open(&SignedUrl::parse(BODY).unwrap(), 0).await;
    assert!(matches!(refused, Err(HttpError::Encoded { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_fresh_set_of_connections_keeps_the_cookies() {
    let cookie = "Set-Cookie: a=1; Domain=.icloud.com; Path=/; Secure\r\n";
    let (client, seen) = scripted(vec![answer("200 OK", cookie, b""), answer("200 OK", "", b"")]).await;
    client.call(setup("/")).await.unwrap();
    client.reset_connections().unwrap();
    client.call(setup("/")).await.unwrap();
    assert!(seen.lock().unwrap()[1].contains("cookie: a=1"));
}

#[test]
fn requests_and_downloads_show_no_secrets() {
    let request = setup("/p?token=canary").header("accept", "canary").body(Bytes::from_static(b"canary"));
    assert_eq!(format!("{request:?}"), "Request(POST https://setup.icloud.com/p)");
}

#[test]
fn a_client_never_lacks_a_crypto_provider() {
    let made = Client::new(&Settings { endpoint: None, user_agent: "x".to_owned() });
    // The library panics without one; a machine without CA certificates is told so.
    assert!(matches!(made, Ok(_) | Err(HttpError::Setup { .. })), "{made:?}");
}
