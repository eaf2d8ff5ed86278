//! The job file.

/// tmp
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRules {
    /// a
    Posix,
    /// b
    Windows,
}
