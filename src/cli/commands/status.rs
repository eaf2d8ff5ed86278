//! `larder status`: how the mirror stands, also while a run writes.

use crate::cli::args::Global;
use crate::cli::job::load;
use crate::cli::{Console, Exit, Failure};
use crate::model::Part;
use crate::report;

pub(super) fn status(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let loaded = load(global)?;
    let trust_ends = loaded.store.remembered()?.and_then(|remembered| remembered.trust_expires);
    let status = report::status(&loaded.reader(Part::Photos)?.view()?, trust_ends)?;
    if console.json {
        console.out_json(&status)?;
    } else {
        console.out(&console.labelled(&status.text(jiff::Timestamp::now())));
    }
    Ok(Exit::Done)
}
