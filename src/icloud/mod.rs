//! Everything that knows Apple: sign-in, CloudKit, Photos, Drive. Knows nothing of larder's state, tree or sync, and
//! reads as a client library of its own.

pub mod cloudkit;
pub mod drive;
#[cfg(test)]
mod fixture;
pub mod photos;
pub mod session;
