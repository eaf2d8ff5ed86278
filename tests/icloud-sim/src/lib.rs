//! A simulated iCloud on loopback.
