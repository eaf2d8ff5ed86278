//! One thing that is told.

use serde::Serialize;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A person is needed: nothing is mirrored until then.
    SignInNeeded,
    /// A person will be needed.
    SignInSoon,
    /// A person was needed, and is not any more.
    SignedIn,
    /// Runs fail.
    Failure,
    /// Runs failed, and do not any more.
    Recovered,
    /// What a run did.
    Summary,
    /// Somebody tries whether notices arrive.
    Test,
}

impl Kind {
    /// A word for machines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignInNeeded => "sign-in-needed",
            Self::SignInSoon => "sign-in-soon",
            Self::SignedIn => "signed-in",
            Self::Failure => "failure",
            Self::Recovered => "recovered",
            Self::Summary => "summary",
            Self::Test => "test",
        }
    }

    /// Whether it is worth disturbing somebody.
    #[must_use]
    pub fn is_urgent(self) -> bool {
        matches!(self, Self::SignInNeeded | Self::Failure)
    }

    /// Whether it is one of the series about signing in, of which the desktop shows one at a time.
    #[must_use]
    pub fn is_of_the_series(self) -> bool {
        matches!(self, Self::SignInNeeded | Self::SignInSoon | Self::SignedIn)
    }
}

/// A notice. It holds no secret and no Apple ID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// What it is about.
    pub kind: Kind,
    /// Name of the job.
    pub job: String,
    /// A line.
    pub title: String,
    /// What happened, what larder did, and what the person can do.
    pub text: String,
    /// Where the person can do it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}
