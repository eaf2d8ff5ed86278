//! What a person reads when a command panics.
//!
//! The state's library may panic over a page that the disk changed under it. For commands that only read, no check of
//! the whole file comes first, so this is where such damage shows: it is told as what it is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use super::failure::DAMAGED;
use super::{Exit, Failure};

/// Whether the last panic came from the library that reads the state.
static OF_STATE: AtomicBool = AtomicBool::new(false);

/// Runs `command`, with panics turned into failures.
pub(super) fn caught(command: impl FnOnce() -> Result<Exit, Failure>) -> Result<Exit, Failure> {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let of_state = info.location().is_some_and(|place| is_of_state(place.file()));
        OF_STATE.store(of_state, Ordering::SeqCst);
        if !of_state {
            usual(info);
        }
    }));
    match catch_unwind(AssertUnwindSafe(command)) {
        Ok(result) => result,
        Err(_) if OF_STATE.load(Ordering::SeqCst) => Err(Failure {
            exit: Exit::Disk,
            message: "A page of the state is damaged, so the answer is not known".to_owned(),
            hint: Some(DAMAGED.to_owned()),
        }),
        // What it says, and where, is printed already.
        Err(_) => Err(Failure {
            exit: Exit::Disk,
            message: "larder met a mistake of its own and stopped; what was done is kept".to_owned(),
            hint: Some("please report the lines above".to_owned()),
        }),
    }
}

/// Whether a source file is one of redb's, by the name of its directory.
fn is_of_state(file: &str) -> bool {
    let mut parts = file.split(['/', '\\']);
    parts.any(|part| part == "redb" || part.starts_with("redb-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_failure_that_says_what_it_is() {
        assert!(is_of_state("/x/registry/src/index/redb-4.6.0/src/tree_store/btree.rs"));
        assert!(!is_of_state("src/state/open.rs") && !is_of_state("/x/redbird/src/lib.rs"));
        let failure = caught(|| Err(Failure::new(Exit::Usage, "no"))).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        let failure = caught(|| panic!("test of what a panic becomes")).unwrap_err();
        assert_eq!(failure.exit, Exit::Disk);
        assert!(failure.message.contains("mistake"), "{}", failure.message);
    }
}
