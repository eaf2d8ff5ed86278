//! What is logged.

use std::sync::Mutex;

use super::*;

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || sink.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let world = World::new(AccountKind::TwoFactor).await;
    world.control().account(|account| account.device_code = Some("918273".to_owned()));
    world.login(&mut world.person([Say::DeviceCode]), LoginOptions::default()).await.unwrap();
    let session = world.resume(known()).await.unwrap();
    world.control().expire_sessions(Loss::Cookies);
    call(&session).await;
    let shown = format!("{session:?} {:?} {:?}", world.store(), account());
    drop(guard);

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap() + &shown;
    assert!(logged.contains("larder::"), "something of ours is logged");
    let file: serde_json::Value = serde_json::from_slice(&std::fs::read(world.file()).unwrap()).unwrap();
    let mut secrets = vec![PASSWORD.to_owned(), "918273".to_owned(), "you@example.com".to_owned()];
    for member in ["session_token", "trust_token"] {
        secrets.push(file["session"][member].as_str().unwrap().to_owned());
    }
    for cookie in file["cookies"].as_array().unwrap() {
        let value =
            cookie["raw_cookie"].as_str().unwrap().split(';').next().unwrap().split_once('=').unwrap().1;
        // Short values such as a country are no secrets.
        secrets.extend((value.len() > 12).then(|| value.trim_matches('"').to_owned()));
    }
    assert!(secrets.len() > 8, "{}", secrets.len());
    for line in logged.lines().filter(|line| !line.contains("icloud_sim")) {
        for secret in &secrets {
            assert!(!line.contains(secret.as_str()), "{line}");
        }
    }
}
