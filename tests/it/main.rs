//! Integration tests: the real binary against a simulated iCloud over real HTTP, and the rules of the house.

#[cfg(test)]
mod layers;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod session;
