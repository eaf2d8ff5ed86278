//! A directory whose files are for their owner alone.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// How the names of larder's files in it begin.
const OWN: [&str; 6] = ["session.json", "state.", "drive.", "lock", "notices.json", "daemon"];

/// Takes from others what they may do with larder's files in `dir`, and with the directory itself when nothing else is in
/// it: what a person keeps beside is theirs to share. Gives the paths whose permissions were changed. Links are left alone.
pub fn make_private(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut mended = Vec::new();
    let mut all_own = true;
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(mended),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if OWN.iter().any(|own| name.to_string_lossy().starts_with(own)) {
            if entry.file_type()?.is_file() {
                close(&entry.path(), 0o600, &mut mended)?;
            }
        } else {
            all_own = false;
        }
    }
    if all_own {
        close(dir, 0o700, &mut mended)?;
    }
    mended.sort();
    Ok(mended)
}

/// Leaves of a mode what is in `most`.
fn close(path: &Path, most: u32, mended: &mut Vec<PathBuf>) -> io::Result<()> {
    let mode = fs::symlink_metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(mode & most))?;
        mended.push(path.to_owned());
    }
    Ok(())
}
