//! A notice on a screen, shown by a program that people have for it (dunst), and clicked with a mouse.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use icloud_sim::LibrarySpec;
use serde_json::Value;
use tempfile::TempDir;

use super::desktop::{Needy, ends_after_the_missed_run, needy, sign_in, until};
use crate::bus::Bus;
use crate::environment::TestEnvironment;

/// A screen that nobody sees, with a session bus and somebody who shows notices in its corner.
struct Desktop {
    bus: Bus,
    screen: Child,
    display: String,
    notices: Child,
    home: TempDir,
}

const PROGRAMS: [&str; 4] = ["Xvfb", "dunst", "dunstctl", "xdotool"];

impl Desktop {
    /// `None` where something of it is missing.
    fn start() -> Option<Self> {
        let path = env::var_os("PATH")?;
        let is_there = |program: &&str| env::split_paths(&path).any(|dir| dir.join(program).is_file());
        if !PROGRAMS.iter().all(is_there) {
            return None;
        }
        let (bus, home) = (Bus::start()?, tempfile::tempdir().unwrap());
        let mut screen = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(screen.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let display = format!(":{}", number.trim());
        let settings = home.path().join("dunstrc");
        fs::write(
            &settings,
            "[global]\norigin = top-left\noffset = 0x0\nwidth = 500\nheight = 300\nfont = Monospace 12\n\
             mouse_left_click = do_action\n",
        )
        .unwrap();
        let notices = Command::new("dunst")
            .arg("-conf")
            .arg(&settings)
            .env("DISPLAY", &display)
            .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
            .env("HOME", home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let desktop = Self { bus, screen, display, notices, home };
        until(|| desktop.tell("dunstctl", &["count", "displayed"]).is_some());
        Some(desktop)
    }

    /// What a program on that desktop says; `None` when it fails.
    fn tell(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let output = Command::new(program)
            .args(arguments)
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus.address)
            .env("HOME", self.home.path())
            .output()
            .unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    /// How many notices are on the screen.
    fn shows(&self) -> u32 {
        self.tell("dunstctl", &["count", "displayed"]).unwrap().trim().parse().unwrap()
    }

    /// Titles of the notices that went from the screen, the newest first.
    fn gone(&self) -> Vec<String> {
        let history: Value = serde_json::from_str(&self.tell("dunstctl", &["history"]).unwrap()).unwrap();
        let notices = history["data"][0].as_array().unwrap();
        notices.iter().map(|notice| notice["summary"]["data"].as_str().unwrap().to_owned()).collect()
    }

    /// Keeps a picture for people, where `LARDER_SHOTS` names a directory for it and ImageMagick is there.
    fn shoot(&self, name: &str) {
        let Some(dir) = env::var_os("LARDER_SHOTS") else { return };
        fs::create_dir_all(&dir).unwrap();
        let file = std::path::Path::new(&dir).join(format!("{name}.png"));
        let _taken = self.tell("import", &["-window", "root", file.to_str().unwrap()]);
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for program in [&mut self.notices, &mut self.screen] {
            program.kill().unwrap();
            program.wait().unwrap();
        }
    }
}

#[test]
fn a_notice_on_a_screen_is_clicked_and_goes_when_all_is_well() {
    let Some(desktop) = Desktop::start() else {
        println!("skipped: {} and dbus-daemon are needed", PROGRAMS.join(", "));
        return;
    };
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 2, ..LibrarySpec::default() });
    let Needy { daemon, opened, page } = needy(&here, &desktop.bus);
    until(|| desktop.shows() == 1);
    desktop.shoot("notice-needed");
    // larder begins to listen for clicks when it was shown.
    until(|| {
        desktop.tell("xdotool", &["mousemove", "100", "30", "click", "1"]).unwrap();
        opened.exists()
    });
    let link = fs::read_to_string(&opened).unwrap();
    assert!(link.starts_with(&page), "{link}");
    sign_in(&here, &desktop.bus);
    // The good news is in the place of the bad, and goes by itself.
    assert_eq!(desktop.shows(), 1);
    desktop.shoot("notice-done");
    until(|| desktop.shows() == 0);
    assert_eq!(desktop.gone().first().map(String::as_str), Some("Signed in to iCloud"));
    ends_after_the_missed_run(&here, daemon);
}
