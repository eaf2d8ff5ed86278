//! E-mail.

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::notice::Notice;
use crate::config::{Email, Security};
use crate::http::elsewhere::provide_crypto;
use crate::secret::read_line;

pub(super) async fn tell(email: &Email, notice: &Notice) -> Result<(), String> {
    let text = match &notice.link {
        Some(link) => format!("{}\n\n{link}\n", notice.text),
        None => format!("{}\n", notice.text),
    };
    let message = Message::builder()
        .from(mailbox(&email.from, "from")?)
        .to(mailbox(&email.to, "to")?)
        .subject(format!("larder: {}", notice.title))
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|error| error.to_string())?;
    provide_crypto();
    let server = email.server.as_str();
    let builder = match email.security {
        Security::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(server),
        Security::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(server),
        Security::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server)),
    };
    let mut builder = builder.map_err(|error| error.to_string())?;
    if email.port > 0 {
        builder = builder.port(email.port);
    }
    if let Some(file) = &email.password_file {
        let password = read_line(file).map_err(|error| error.to_string())?;
        builder = builder.credentials(Credentials::new(email.user.clone(), password.to_string()));
    }
    let sent = builder.build().send(message).await.map_err(|error| error.to_string())?;
    if sent.is_positive() { Ok(()) } else { Err(format!("the mail server answered {}", sent.code())) }
}

fn mailbox(address: &str, key: &str) -> Result<Mailbox, String> {
    address.parse().map_err(|error| format!("`notify.email.{key}` is no address: {error}"))
}
