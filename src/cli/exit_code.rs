//! Exit codes: a contract with scripts.

use std::process::ExitCode;

/// How a command ended, for the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Finished, but some items failed; they are retried at the next run.
    SomeFailed,
    /// The job file or the arguments are wrong.
    Usage,
    /// Sign-in is needed.
    SignIn,
    /// Another larder holds this job.
    Locked,
    /// iCloud cannot be reached or refuses service.
    Service,
    /// The local disk is the problem.
    Disk,
    /// Stopped by INT.
    Interrupted,
    /// Stopped by TERM.
    Terminated,
}

impl Exit {
    /// Whether the person, or the system, wanted it over.
    #[must_use]
    pub fn is_stop(self) -> bool {
        matches!(self, Self::Interrupted | Self::Terminated)
    }

    /// The worse of two: what a run came to that had several troubles. A stop goes before all, then what the person has to
    /// put right first.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        const ORDER: [Exit; 9] = [
            Exit::Interrupted,
            Exit::Terminated,
            Exit::Usage,
            Exit::Disk,
            Exit::SignIn,
            Exit::Service,
            Exit::Locked,
            Exit::SomeFailed,
            Exit::Done,
        ];
        let place = |exit: Self| ORDER.iter().position(|other| *other == exit);
        if place(other) < place(self) { other } else { self }
    }

    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::SomeFailed => 1,
            Self::Usage => 2,
            Self::SignIn => 3,
            Self::Locked => 4,
            Self::Service => 5,
            Self::Disk => 6,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_troubles_the_one_to_put_right_first_is_told() {
        let order =
            [Exit::Interrupted, Exit::Usage, Exit::Disk, Exit::SignIn, Exit::Service, Exit::SomeFailed];
        for (at, worse) in order.into_iter().enumerate() {
            for other in order.into_iter().skip(at).chain([Exit::Done]) {
                assert_eq!((worse.worse(other), other.worse(worse)), (worse, worse));
            }
        }
    }
}
