//! ntfy: a topic that phones listen to. By its JSON, which takes every script.

use serde_json::json;

use super::notice::{Kind, Notice};
use super::web::post;
use crate::config::Ntfy;
use crate::secret::read_line;

pub(super) async fn tell(ntfy: &Ntfy, notice: &Notice) -> Result<(), String> {
    let token = match &ntfy.token_file {
        Some(file) => Some(read_line(file).map_err(|error| error.to_string())?),
        None => None,
    };
    let mut body = json!({
        "topic": ntfy.topic,
        "title": notice.title,
        "message": notice.text,
        "priority": if notice.kind.is_urgent() { 4 } else { 3 },
        "tags": [match notice.kind {
            Kind::SignInNeeded | Kind::SignInSoon => "key",
            Kind::Failure => "warning",
            Kind::SignedIn | Kind::Recovered | Kind::Summary | Kind::Test => "white_check_mark",
        }],
    });
    if let Some(link) = &notice.link {
        body["click"] = json!(link);
        body["actions"] = json!([{"action": "view", "label": "Sign in", "url": link}]);
    }
    post(&ntfy.server, token.as_ref().map(|token| token.as_str()), &body).await
}
