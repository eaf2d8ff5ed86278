//! The simulator from outside, over real HTTP.

mod browser;
mod consent;
mod content;
mod drive;
mod drive_shapes;
mod faults;
mod services;
mod shapes;
mod signin;
mod wire;
