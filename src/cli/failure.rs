//! Any error, as a message, a hint and an exit code.

use super::Exit;
use crate::config::ConfigError;
use crate::http::HttpError;
use crate::icloud::cloudkit::CloudKitError;
use crate::icloud::drive::DriveError;
use crate::icloud::session::{SessionError, Trouble};
use crate::model::Part;
use crate::report::title;
use crate::state::StateError;
use crate::sync::RunError;
use crate::tree::TreeError;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// For the shell.
    pub exit: Exit,
    /// What happened.
    pub message: String,
    /// What can be done about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None }
    }

    /// The same, as the trouble of one part of a job that has several.
    #[must_use]
    pub(super) fn of(self, part: Part) -> Self {
        Self { message: format!("{}: {}", title(part), self.message), ..self }
    }

    fn hinted(exit: Exit, message: String, hint: &str) -> Self {
        Self { exit, message, hint: Some(hint.to_owned()) }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Usage, error.to_string())
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        let exit = match error {
            HttpError::Endpoint { .. } => Exit::Usage,
            _ => Exit::Service,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::from(&error)
    }
}

impl From<&SessionError> for Failure {
    fn from(error: &SessionError) -> Self {
        let exit = session_exit(error);
        let message = error.to_string();
        if exit == Exit::SignIn && !message.contains("larder login") {
            return Self::hinted(exit, message, "when that is settled, run `larder login`");
        }
        Self::new(exit, message)
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        (&error).into()
    }
}

impl From<&StateError> for Failure {
    fn from(error: &StateError) -> Self {
        let (exit, message) = (state_exit(error), error.to_string());
        if error.is_damage() && !message.contains("larder sync") {
            return Self::hinted(exit, message, DAMAGED);
        }
        Self::new(exit, message)
    }
}

/// What can be done about a state whose damage shows while it is read.
pub(super) const DAMAGED: &str = "run `larder sync --once`, which puts a damaged state aside and rebuilds it without fetching the files again";

impl From<&RunError> for Failure {
    fn from(error: &RunError) -> Self {
        match error {
            RunError::Session(error)
            | RunError::Service(CloudKitError::Session(error))
            | RunError::Drive(DriveError::Session(error)) => error.into(),
            RunError::State(error) => error.into(),
            RunError::Interrupted => Self::hinted(
                Exit::Interrupted,
                error.to_string(),
                "what was done is kept; the next run goes on from here",
            ),
            _ => Self::new(run_exit(error), error.to_string()),
        }
    }
}

impl From<TreeError> for Failure {
    fn from(error: TreeError) -> Self {
        Self::new(Exit::Disk, error.to_string())
    }
}

/// Exit code of an error that ended a run.
#[must_use]
pub(super) fn run_exit(error: &RunError) -> Exit {
    match error {
        RunError::Session(error)
        | RunError::Service(CloudKitError::Session(error))
        | RunError::Drive(DriveError::Session(error)) => session_exit(error),
        RunError::Service(CloudKitError::SignInNeeded { .. }) => Exit::SignIn,
        RunError::Service(_) | RunError::Drive(_) | RunError::LeftAlone(_) | RunError::Failing { .. } => {
            Exit::Service
        }
        RunError::Tree(_) | RunError::NoRoom { .. } => Exit::Disk,
        RunError::State(error) => state_exit(error),
        RunError::OtherAccount { .. } => Exit::Usage,
        RunError::Interrupted => Exit::Interrupted,
    }
}

fn session_exit(error: &SessionError) -> Exit {
    match error.trouble() {
        Trouble::SignIn => Exit::SignIn,
        Trouble::Configuration => Exit::Usage,
        Trouble::Service => Exit::Service,
        Trouble::Local => Exit::Disk,
    }
}

fn state_exit(error: &StateError) -> Exit {
    match error {
        StateError::Busy { .. } => Exit::Locked,
        StateError::Newer { .. }
        | StateError::Older { .. }
        | StateError::Unclean { .. }
        | StateError::Absent { .. } => Exit::Usage,
        _ => Exit::Disk,
    }
}
