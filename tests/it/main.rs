//! Integration tests: the real binary against a simulated iCloud over real HTTP, and the rules of the house.

#[cfg(test)]
mod adp;
#[cfg(test)]
mod album_oracle;
#[cfg(test)]
mod albums;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod bus;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod costs;
#[cfg(test)]
mod crash_points;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod daemon;
#[cfg(test)]
mod deletion_safety;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod disks;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod drive;
#[cfg(test)]
mod dry_run;
#[cfg(test)]
mod environment;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod first_sync;
#[cfg(test)]
mod foreign_files;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod have;
#[cfg(test)]
mod history;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod init;
#[cfg(test)]
#[cfg(all(feature = "keyring", target_os = "linux"))]
mod keyring;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod life;
#[cfg(test)]
mod listing_cost;
#[cfg(test)]
mod lost_state;
#[cfg(test)]
mod model;
#[cfg(test)]
mod modes;
#[cfg(test)]
mod names;
#[cfg(test)]
mod notify;
#[cfg(test)]
mod old_states;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod page;
#[cfg(test)]
mod papers;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod power_cut;
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod region;
#[cfg(test)]
mod removals;
#[cfg(test)]
mod restore;
#[cfg(test)]
mod service;
#[cfg(test)]
mod session;
#[cfg(test)]
mod shells;
#[cfg(test)]
mod transfers;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod trials;
#[cfg(test)]
mod units;
#[cfg(test)]
mod verify;
