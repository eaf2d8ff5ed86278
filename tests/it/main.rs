//! Integration tests: the real binary against a simulated iCloud over real HTTP.

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod session;
