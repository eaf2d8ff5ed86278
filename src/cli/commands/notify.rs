//! `larder notify --test`: tries every way of telling.

use crate::cli::args::Global;
use crate::cli::job::load;
use crate::cli::telling::{show, try_ways};
use crate::cli::{Console, Exit, Failure};

pub(super) async fn notify(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let loaded = load(global)?;
    let tried = try_ways(&loaded).await;
    if console.json {
        let ways: Vec<_> = tried
            .iter()
            .map(|tried| serde_json::json!({ "way": tried.way, "told": tried.failed.is_none(), "why": tried.failed }))
            .collect();
        console.out_json(&serde_json::json!({ "ways": ways }))?;
        let failed = tried.iter().any(|tried| tried.failed.is_some());
        return Ok(if failed { Exit::SomeFailed } else { Exit::Done });
    }
    Ok(show(console, &tried))
}
