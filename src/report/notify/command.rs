//! Any program: it gets the notice as JSON on standard input, and in the variables `LARDER_NOTICE_...`.

use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::notice::Notice;
use crate::secret::PASSWORD_VARIABLE;

pub(super) async fn tell(command: &[String], notice: &Notice) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let json = serde_json::to_vec(notice).map_err(|error| error.to_string())?;
    let mut child = Command::new(program)
        .args(arguments)
        .env_remove(PASSWORD_VARIABLE)
        .env("LARDER_NOTICE_KIND", notice.kind.as_str())
        .env("LARDER_NOTICE_JOB", &notice.job)
        .env("LARDER_NOTICE_TITLE", &notice.title)
        .env("LARDER_NOTICE_TEXT", &notice.text)
        .env("LARDER_NOTICE_LINK", notice.link.as_deref().unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("`{program}` cannot be started: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        // A program that reads nothing may be gone already.
        let _closed = input.write_all(&json).await;
    }
    let ended = child.wait_with_output().await.map_err(|error| format!("`{program}`: {error}"))?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let said = said.lines().last().unwrap_or("it said nothing").to_owned();
    Err(format!("`{program}` ended with {}: {said}", ended.status))
}
