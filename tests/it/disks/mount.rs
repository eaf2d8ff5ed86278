//! File systems that are mounted for one test, where the machine lets this user do so.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system, unmounted when dropped.
pub(super) struct Mounted(PathBuf);

fn done(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

impl Mounted {
    /// A file system in memory. None, with a message, where nothing can be mounted.
    pub(super) fn memory(at: PathBuf, kib: u64) -> Option<Self> {
        let options = format!("size={kib}k");
        let mounted =
            done(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "larder-test"]).arg(&at));
        if !mounted {
            println!("skipped: no file system can be mounted here");
        }
        mounted.then_some(Self(at))
    }

    /// A file system in an image of so many MiB, made by `make` and its arguments.
    pub(super) fn image(at: PathBuf, image: &Path, mib: u64, make: &[&str], options: &str) -> Option<Self> {
        fs::File::create(image).unwrap().set_len(mib << 20).unwrap();
        let made = done(Command::new(make[0]).args(&make[1..]).arg(image));
        let options =
            ["loop", options].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(",");
        let mounted = made && done(Command::new("mount").args(["-o", &options]).arg(image).arg(&at));
        if !mounted {
            println!("skipped: this machine makes or mounts no `{}`", make.join(" "));
        }
        mounted.then_some(Self(at))
    }

    /// Gives it another size, or makes it read-only or writable.
    pub(super) fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }

    /// Takes all the room that is left; the file can be removed again.
    pub(super) fn fill(&self) -> PathBuf {
        let filler = self.0.join("filler");
        let mut file = fs::File::create(&filler).unwrap();
        while file.write_all(&[7; 512]).is_ok() {}
        filler
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a failing test may still have something open.
        done(Command::new("umount").arg("-l").arg(&self.0));
    }
}
