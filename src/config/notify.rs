//! How larder tells that a person is needed, and what else it tells.

use std::path::{Path, PathBuf};

use super::ConfigError;
use super::paths::Places;
use super::reader::Section;

/// `[notify]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// What is told.
    pub on: Vec<Told>,
    /// By a notification of the desktop, where there is one.
    pub desktop: bool,
    /// A program and its arguments; empty for none.
    pub command: Vec<String>,
    /// By a request to an address.
    pub webhook: Option<Webhook>,
    /// By ntfy.
    pub ntfy: Option<Ntfy>,
    /// By e-mail.
    pub email: Option<Email>,
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// That Apple wants a new sign-in, or soon will, and that it is done.
    SignIn,
    /// That runs fail, and that they do not any more.
    Failure,
    /// What every run did that did something.
    Summary,
}

/// `notify.webhook`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where the request goes.
    pub url: String,
    /// The JSON that is sent, with `{title}`, `{text}`, `{kind}`, `{job}` and `{link}` in its strings; empty for all of it.
    pub template: String,
}

/// `notify.ntfy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ntfy {
    /// The server.
    pub server: String,
    /// The topic.
    pub topic: String,
    /// Where the access token is.
    pub token_file: Option<PathBuf>,
}

/// `[notify.email]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// The mail server.
    pub server: String,
    /// Its port; 0 for the usual one.
    pub port: u16,
    /// Whether and when the connection is encrypted.
    pub security: Security,
    /// Who writes.
    pub from: String,
    /// Who is written to.
    pub to: String,
    /// Who signs in there; empty for nobody.
    pub user: String,
    /// Where the password is.
    pub password_file: Option<PathBuf>,
}

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// From the first byte.
    Tls,
    /// After it was asked for.
    StartTls,
    /// Not at all: for a server on this machine.
    None,
}

impl Default for Notify {
    fn default() -> Self {
        let on = vec![Told::SignIn, Told::Failure];
        Self { on, desktop: true, command: vec![], webhook: None, ntfy: None, email: None }
    }
}

impl Notify {
    /// Whether anything of that kind is told.
    #[must_use]
    pub fn tells(&self, what: Told) -> bool {
        self.on.contains(&what)
    }

    pub(super) fn read(
        notify: &Section<'_>,
        email: &Section<'_>,
        places: &Places,
        base: &Path,
    ) -> Result<Self, ConfigError> {
        let usual = Self::default();
        let words = [("sign-in", Told::SignIn), ("failure", Told::Failure), ("summary", Told::Summary)];
        let file = |section: &Section<'_>, key: &str| {
            section.parsed(key, None, |text| match text {
                "" => Ok(None),
                text => places.resolve(text, base).map(Some),
            })
        };
        let texts = notify.texts("command")?.unwrap_or_default();
        let template = notify.parsed("webhook_template", String::new(), |text| {
            let holds_json = text.is_empty() || serde_json::from_str::<serde_json::Value>(text).is_ok();
            if holds_json { Ok(text.to_owned()) } else { Err("must be JSON".to_owned()) }
        })?;
        let webhook = notify.parsed("webhook", None, address)?;
        let token_file = file(notify, "ntfy_token_file")?;
        let ntfy = notify.parsed("ntfy", None, address)?;
        let ntfy = match ntfy.as_deref().map(|url| url.trim_end_matches('/').rsplit_once('/')) {
            None => None,
            Some(Some((server, topic)))
                if server.contains("://") && !server.ends_with('/') && !topic.is_empty() =>
            {
                Some(Ntfy { server: server.to_owned(), topic: topic.to_owned(), token_file })
            }
            Some(_) => {
                let why = "must be the address of a topic, such as \"https://ntfy.example/larder\"";
                return Err(notify.refuse("ntfy", why.to_owned()));
            }
        };
        Ok(Self {
            on: notify.choices("on", &words)?.unwrap_or(usual.on),
            desktop: notify.flag("desktop", usual.desktop)?,
            command: texts.into_iter().map(str::to_owned).collect(),
            webhook: webhook.map(|url| Webhook { url, template }),
            ntfy,
            email: Email::read(email, file(email, "password_file")?)?,
        })
    }
}

impl Email {
    fn read(email: &Section<'_>, password_file: Option<PathBuf>) -> Result<Option<Self>, ConfigError> {
        let text = |key: &str| Ok::<_, ConfigError>(email.text(key)?.unwrap_or_default().to_owned());
        let (server, from, to) = (text("server")?, text("from")?, text("to")?);
        let words = [("tls", Security::Tls), ("starttls", Security::StartTls), ("none", Security::None)];
        let security = email.choice("security", Security::Tls, &words)?;
        let port = u16::try_from(email.number("port", 0, 0..65_536)?).unwrap_or(0);
        let user = text("user")?;
        if server.is_empty() {
            return Ok(None);
        }
        for (key, value) in [("from", &from), ("to", &to)] {
            if !value.contains('@') {
                return Err(email.refuse(key, "must be an e-mail address such as \"you@example.com\"".into()));
            }
        }
        if user.is_empty() == password_file.is_some() {
            return Err(email.refuse("user", "goes together with `notify.email.password_file`".into()));
        }
        if security == Security::None && !user.is_empty() {
            let why = "must be \"tls\" or \"starttls\" where a password is sent";
            return Err(email.refuse("security", why.into()));
        }
        Ok(Some(Self { server, port, security, from, to, user, password_file }))
    }
}

/// An address, or nothing when the text is empty. The error completes "`key` ...".
fn address(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    match url::Url::parse(text) {
        Ok(url) if ["https", "http"].contains(&url.scheme()) && url.has_host() => Ok(Some(text.to_owned())),
        _ => Err("must be an address such as \"https://example.com/hook\"".to_owned()),
    }
}
