//! `larder logout`: end the session and forget what was stored.

use crate::cli::args::Global;
use crate::cli::job::load;
use crate::cli::{Console, Exit, Failure};
use crate::icloud::session;

pub(super) async fn logout(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let loaded = load(global)?;
    let _lock = loaded.lock(console)?;
    let done = session::logout(&loaded.http, &loaded.store, &loaded.account).await?;
    if console.json {
        console.out_json(&serde_json::json!({ "signed_out": true, "confirmed": done.confirmed }))?;
    } else if done.confirmed {
        console.tell("Signed out. The mirror stays as it is.");
    } else {
        console.tell(
            "Everything stored about the session is gone. Apple did not confirm; the session ends by itself.",
        );
    }
    Ok(Exit::Done)
}
