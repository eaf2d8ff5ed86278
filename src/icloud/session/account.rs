//! Whose session it is.

use std::fmt;

use super::endpoints::Endpoints;

/// An Apple Account and where it signs in.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    apple_id: String,
    endpoints: Endpoints,
}

impl Account {
    /// `apple_id` is put into lower case: the server hashes it that way, and a proof over any other spelling is
    /// refused like a wrong password (Dadoum/Sideloader #6).
    pub fn new(apple_id: &str, endpoints: Endpoints) -> Self {
        Self { apple_id: apple_id.trim().to_lowercase(), endpoints }
    }

    /// The name, in lower case.
    pub(super) fn apple_id(&self) -> &str {
        &self.apple_id
    }

    /// Where it signs in.
    pub(super) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }
}

// The Apple ID is nobody's business.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}
