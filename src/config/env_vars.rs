//! Every environment variable that larder knows. Nothing else in the crate names one.

/// The job file, when `--config` does not name it.
pub const LARDER_CONFIG: &str = "LARDER_CONFIG";

/// The password of the Apple account, for a sign-in without a person. Everything that runs as the same user can
/// read it: a file that only that user may read is the better place.
pub const LARDER_PASSWORD: &str = "LARDER_PASSWORD";

/// What is logged, in the syntax of `tracing` filters, for example `larder=debug`; goes before `-v`.
pub const LARDER_LOG: &str = "LARDER_LOG";

/// Address of a simulated iCloud on this machine, for example `http://127.0.0.1:8000`. Loopback only.
pub const LARDER_ENDPOINT: &str = "LARDER_ENDPOINT";

/// The proxy for https; read by the HTTP client.
pub const HTTPS_PROXY: &str = "HTTPS_PROXY";

/// Hosts that are reached without the proxy; read by the HTTP client.
pub const NO_PROXY: &str = "NO_PROXY";

/// A file of certificate authorities to trust instead of the system's; read by the TLS library.
pub const SSL_CERT_FILE: &str = "SSL_CERT_FILE";

/// Where systemd puts the credentials of a service.
pub const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// The person's home directory, for `~` and where no `XDG_` variable is set.
pub const HOME: &str = "HOME";

/// Where job files are looked for; `~/.config` when unset.
pub const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";

/// Where state is kept; `~/.local/state` when unset.
pub const XDG_STATE_HOME: &str = "XDG_STATE_HOME";
