//! Applications that have keys of their own where the account has Advanced Data Protection.

/// Who keys are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum App {
    Photos,
    Drive,
}

impl App {
    /// Apple's name for it in this flow (rclone).
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Photos => "photos",
            Self::Drive => "iclouddrive",
        }
    }

    /// The cookies that its services want.
    pub(super) fn cookies(self) -> &'static [&'static str] {
        match self {
            Self::Photos => &["X-APPLE-WEBAUTH-PCS-Photos", "X-APPLE-WEBAUTH-PCS-Sharing"],
            Self::Drive => &["X-APPLE-WEBAUTH-PCS-Documents"],
        }
    }
}
