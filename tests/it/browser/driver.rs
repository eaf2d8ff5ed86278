//! A Chromium without a screen, told what to do by WebDriver (W3C): a person who looks, types and clicks.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Longer than the browser takes for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// The screen that it believes to have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Screen {
    Desktop,
    Phone,
}

/// Where a browser stands on Debian and Ubuntu, by either name.
fn find(names: [&str; 2]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut places = env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name)));
    places.find(|place| place.is_file())
}

/// The driver and the port that it listens at; `None` when it ends at once.
fn launch(driver: &Path, home: &Path) -> Option<(Child, u16)> {
    let mut child = Command::new(driver)
        .arg("--port=0")
        .env("HOME", home)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.find_map(|line| {
        let line = line.unwrap();
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    let Some(port) = port else {
        child.wait().unwrap();
        return None;
    };
    // Whatever else it says must not fill the pipe.
    thread::spawn(move || lines.for_each(drop));
    Some((child, port))
}

/// An element of a page.
pub(super) struct Element(String);

/// How large an element is and where it lies, CSS pixels.
#[derive(Debug)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

pub(super) struct Browser {
    runtime: Runtime,
    http: reqwest::Client,
    driver: Child,
    session: String,
    screen: Screen,
    /// Removed with the browser.
    profile: TempDir,
}

impl Browser {
    /// `None` where there is no Chromium with its driver.
    pub(super) fn start(screen: Screen) -> Option<Self> {
        let (chromium, driver) =
            (find(["chromium", "google-chrome"])?, find(["chromedriver", "chromium-driver"])?);
        let profile = tempfile::tempdir().unwrap();
        // The port that it takes for one protocol may be in use for the other.
        let (child, port) =
            (0..5).find_map(|_| launch(&driver, profile.path())).expect("no chromedriver runs");
        let mut browser = Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            http: client(),
            driver: child,
            session: format!("http://127.0.0.1:{port}/session"),
            screen,
            profile,
        };
        let opened = browser.call("POST", "", &capabilities(&chromium, browser.profile.path()));
        browser.session = format!("{}/{}", browser.session, opened["sessionId"].as_str().unwrap());
        if screen == Screen::Phone {
            // Not the driver's emulation of a phone: with that, it may wait for ever for a press that loads a page.
            let metrics = json!({ "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": false });
            let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
            browser.call("POST", "/goog/cdp/execute", &command);
        }
        Some(browser)
    }

    /// Asks the driver; `None` when the page has changed meanwhile, and the element is of the one before.
    #[track_caller]
    fn try_call(&self, method: &str, path: &str, body: &Value) -> Option<Value> {
        let address = format!("{}{path}", self.session);
        let request = match method {
            "GET" => self.http.get(&address),
            _ => self.http.post(&address).json(body),
        };
        let answer: Value =
            self.runtime.block_on(async { request.send().await.unwrap().json().await.unwrap() });
        let value = answer["value"].clone();
        let message = value["message"].as_str().unwrap_or_default();
        if value["error"] == "stale element reference" || message.contains("does not belong to the document")
        {
            return None;
        }
        assert!(value["error"].is_null(), "{method} {path}: {value}");
        Some(value)
    }

    #[track_caller]
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_call(method, path, body).unwrap_or_else(|| panic!("{method} {path}: the page has changed"))
    }

    /// Opens an address.
    #[track_caller]
    pub(super) fn open(&self, address: &str) {
        self.call("POST", "/url", &json!({ "url": address }));
    }

    /// The address that is shown.
    #[track_caller]
    pub(super) fn address(&self) -> String {
        self.call("GET", "/url", &Value::Null).as_str().unwrap().to_owned()
    }

    /// What a person reads on the page.
    #[track_caller]
    pub(super) fn reads(&self) -> String {
        loop {
            let Some(body) = self.all("body").pop() else { continue };
            if let Some(text) = self.text(&body) {
                return text;
            }
        }
    }

    fn text(&self, element: &Element) -> Option<String> {
        let text = self.try_call("GET", &format!("/element/{}/text", element.0), &Value::Null)?;
        Some(text.as_str().unwrap().to_owned())
    }

    /// The elements that a CSS selector finds.
    #[track_caller]
    pub(super) fn all(&self, selector: &str) -> Vec<Element> {
        let found = self.call("POST", "/elements", &json!({ "using": "css selector", "value": selector }));
        let id = |element: &Value| {
            element.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
        };
        found.as_array().unwrap().iter().map(|element| Element(id(element))).collect()
    }

    /// Types into the field of that name.
    #[track_caller]
    pub(super) fn types(&self, field: &str, text: &str) {
        let field = self.all(&format!("input[name={field}]")).pop().expect("no such field");
        self.call("POST", &format!("/element/{}/value", field.0), &json!({ "text": text }));
    }

    /// Presses the first button whose words begin so.
    #[track_caller]
    pub(super) fn presses(&self, words: &str) {
        // A page that loads itself again may do so between the look and the press.
        for _ in 0..5 {
            for button in self.all("button") {
                let is_it = self.text(&button).is_some_and(|text| text.starts_with(words));
                let click = || self.try_call("POST", &format!("/element/{}/click", button.0), &json!({}));
                if is_it && click().is_some() {
                    return;
                }
            }
        }
        panic!("no button {words:?} on:\n{}", self.reads());
    }

    /// `None` when the page has changed meanwhile.
    #[track_caller]
    pub(super) fn rect(&self, element: &Element) -> Option<Rect> {
        let rect = self.try_call("GET", &format!("/element/{}/rect", element.0), &Value::Null)?;
        let number = |name: &str| rect[name].as_f64().unwrap();
        Some(Rect { left: number("x"), width: number("width"), height: number("height") })
    }

    /// Keeps a picture for people, where `LARDER_SHOTS` names a directory for it.
    pub(super) fn shoot(&self, name: &str) {
        use base64::Engine as _;
        let Some(dir) = env::var_os("LARDER_SHOTS") else { return };
        let picture = self.call("GET", "/screenshot", &Value::Null);
        let bytes = base64::prelude::BASE64_STANDARD.decode(picture.as_str().unwrap()).unwrap();
        let screen = if self.screen == Screen::Phone { "phone" } else { "desktop" };
        fs::create_dir_all(&dir).unwrap();
        fs::write(Path::new(&dir).join(format!("{name}-{screen}.png")), bytes).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may be gone.
        let _closed = self.runtime.block_on(async { self.http.delete(&self.session).send().await });
        // It may have ended by itself.
        let _killed = self.driver.kill();
        let _ended = self.driver.wait();
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "talks to the driver of a browser on this machine, to nobody else"
)]
fn client() -> reqwest::Client {
    // The client wants one, although nothing here is encrypted; another test may have set it.
    let _set = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

fn capabilities(chromium: &Path, profile: &Path) -> Value {
    let options = json!({
        "binary": chromium,
        "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--proxy-server=direct://", "--hide-scrollbars",
            "--window-size=1280,800",
            format!("--user-data-dir={}", profile.display()),
        ],
        // The page must do without scripts.
        "prefs": { "profile.managed_default_content_settings.javascript": 2 },
    });
    json!({ "capabilities": { "alwaysMatch": { "browserName": "chrome", "goog:chromeOptions": options } } })
}
