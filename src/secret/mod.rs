//! Secrets: where a password comes from, and files that only their owner can read.
//!
//! Nothing here keeps a password; [`Passwords`] only knows where to ask.

mod keyring;
mod password;
mod private_dir;
mod private_file;
mod source;
#[cfg(test)]
mod tests;

pub use password::Passwords;
pub use private_dir::make_private;
pub use private_file::{
    Private, SecretFileError, peek_private, read_line, read_private, remove_private, write_private,
};
pub use source::PASSWORD_VARIABLE;
