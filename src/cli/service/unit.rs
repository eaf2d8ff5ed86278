//! What is written down for a service manager, by which larder knows its own again.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::cli::{Exit, Failure};
use crate::config::env_vars::{XDG_CONFIG_HOME, XDG_STATE_HOME};
use crate::config::paths::Places;
use crate::model::hex;

/// The units of `contrib/` are the ones that are installed.
const SYSTEMD: &str = include_str!("../../../contrib/systemd/user/larder@.service");
const LAUNCHD: &str = include_str!("../../../contrib/launchd/larder.plist");

/// Begins the line that tells larder's own from others; a hash of everything else follows.
const MARK: &str =
    "Written by `larder service install`, removed by `larder service uninstall`, as long as nobody edits it:";

/// The service of one job file.
pub(in crate::cli) struct Unit {
    /// As the manager calls it.
    pub(in crate::cli) name: String,
    /// The job file, absolute.
    pub(in crate::cli) job: PathBuf,
    /// Where it is written down.
    pub(in crate::cli) file: PathBuf,
    /// What is written there.
    pub(in crate::cli) text: String,
}

/// Whose the file of a unit is.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum Whose {
    /// There is none.
    Nobodys,
    /// larder's, as it was written.
    Larders {
        /// The text.
        text: String,
    },
    /// Somebody wrote it, or edited it since.
    Somebodys,
}

impl Unit {
    /// A unit of systemd, for the person.
    pub(super) fn systemd(job: &Path, larder: &Path, places: &Places) -> Result<Self, Failure> {
        let (job, stem) = named(job, places)?;
        let (name, plain) = (format!("larder-{stem}.service"), |text: &str| text.replace('%', "%%"));
        // As in the arguments of a command, `%` and `$` mean something else.
        let quoted = |text: &str| {
            let text = plain(text).replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{}\"", text.replace('$', "$$"))
        };
        let text = SYSTEMD
            .replace("%h/.cargo/bin/larder", &quoted(utf8(larder)?))
            .replace("%h/.config/larder/%i.toml", &quoted(utf8(&job)?))
            .replace("%i", &plain(&stem));
        let mut own = String::new();
        for (variable, dir) in moved(places) {
            let value = format!("{variable}={}", utf8(&dir)?);
            let value = plain(&value).replace('\\', "\\\\").replace('"', "\\\"");
            // Writing to a string cannot fail.
            let _ok = writeln!(own, "Environment=\"{value}\"");
        }
        let text = text.replace("[Service]\n", &format!("[Service]\n{own}"));
        // Its head says how to install it by hand.
        let body = text.find("[Unit]").map_or(text.as_str(), |at| &text[at..]);
        let file = places.config_home().join("systemd/user").join(&name);
        Ok(Self {
            name,
            job,
            file,
            text: sealed(&|hash| format!("# {MARK} {hash}"), &format!("\n\n{body}"), ""),
        })
    }

    /// An agent of launchd.
    pub(super) fn launchd(job: &Path, larder: &Path, places: &Places) -> Result<Self, Failure> {
        let (job, stem) = named(job, places)?;
        let name = format!("larder.{stem}");
        let plain = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let text = |text: &str| format!("<string>{}</string>", plain(text));
        let log = places.home().join(format!("Library/Logs/{name}.log"));
        let mut own = String::new();
        for (variable, dir) in moved(places) {
            let _ok = write!(own, "\n        <key>{variable}</key>\n        {}", text(utf8(&dir)?));
        }
        if !own.is_empty() {
            own = format!("<key>EnvironmentVariables</key>\n    <dict>{own}\n    </dict>\n    ");
        }
        let arguments =
            format!("{}\n        {}\n        {}", text("sync"), text("--config"), text(utf8(&job)?));
        let plist = LAUNCHD
            .replace("<string>larder</string>", &text(&name))
            .replace("/Users/YOU/.cargo/bin/larder", &plain(utf8(larder)?))
            .replace("<string>sync</string>", &arguments)
            .replace("/Users/YOU/Library/Logs/larder.log", &plain(utf8(&log)?))
            .replace("<key>RunAtLoad</key>", &format!("{own}<key>RunAtLoad</key>"));
        // The comment says how to install it by hand.
        let (start, end) = plist.find("<!--").zip(plist.find("-->")).unwrap_or((0, 0));
        let after = plist.get(end + 3..).unwrap_or_default();
        let sealed = sealed(&|hash| format!("<!-- {MARK} {hash} -->"), after, &plist[..start]);
        let file = places.home().join(format!("Library/LaunchAgents/{name}.plist"));
        Ok(Self { name, job, file, text: sealed })
    }

    /// Whose the file is that is there now.
    pub(in crate::cli) fn whose(&self) -> io::Result<Whose> {
        match std::fs::read_to_string(&self.file) {
            Ok(text) if is_sealed(&text) => Ok(Whose::Larders { text }),
            Ok(_) => Ok(Whose::Somebodys),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Whose::Nobodys),
            Err(error) => Err(error),
        }
    }
}

/// The job file, absolute, and what its service is called by. Files elsewhere than in the usual place, and names that units
/// cannot have, get a mark of their own, so that no two files share a service.
fn named(job: &Path, places: &Places) -> Result<(PathBuf, String), Failure> {
    let job = std::path::absolute(job)
        .map_err(|error| Failure::new(Exit::Usage, format!("`{}`: {error}", job.display())))?;
    let stem = job.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let mut name: String = stem.chars().map(allowed).collect();
    if name != stem || job.with_file_name("config.toml") != places.job_file() {
        let digest: [u8; 32] = Sha256::digest(utf8(&job)?).into();
        let _ok = write!(name, "-{}", hex(&digest[..4]));
    }
    Ok((job, name))
}

/// The directories that this person has elsewhere than usual: a service does not hear of variables of a shell.
fn moved(places: &Places) -> Vec<(&'static str, PathBuf)> {
    let usual =
        Places::from_lookup(|name| (name == crate::config::env_vars::HOME).then(|| places.home().into()));
    let Ok(usual) = usual else { return vec![] };
    let both = [
        (XDG_CONFIG_HOME, places.config_home(), usual.config_home()),
        (XDG_STATE_HOME, places.state_home(), usual.state_home()),
    ];
    let differ = both.into_iter().filter(|(_, now, usual)| now != usual);
    differ.map(|(variable, now, _)| (variable, now.to_owned())).collect()
}

fn utf8(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| {
        Failure::new(Exit::Usage, format!("`{}` is no name that a service can have", path.display()))
    })
}

/// A text with its mark between `before` and `after`.
fn sealed(mark: &dyn Fn(&str) -> String, after: &str, before: &str) -> String {
    let hash = hash(&format!("{before}{}{after}", mark("")));
    format!("{before}{}{after}", mark(&hash))
}

/// Whether a text is as [`sealed`] gave it.
fn is_sealed(text: &str) -> bool {
    let Some((before, rest)) = text.split_once(MARK) else { return false };
    let Some(told) = rest.get(1..17).filter(|_| rest.starts_with(' ')) else { return false };
    hash(&format!("{before}{MARK} {}", &rest[17..])) == told
}

/// The first half of what SHA-256 makes of it is enough against accidents.
fn hash(text: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(text).into();
    hex(&digest[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(vars: &'static [(&str, &str)]) -> Places {
        Places::from_lookup(|name| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        })
        .unwrap()
    }

    #[test]
    fn paths_are_quoted_as_each_manager_reads_them() {
        let you = places(&[("HOME", "/home/you")]);
        let (job, larder) = (Path::new("/home/you/a \"b\" $c.toml"), Path::new("/opt/50% off/larder"));
        let unit = Unit::systemd(job, larder, &you).unwrap();
        assert!(
            unit.text
                .contains(r#"ExecStart="/opt/50%% off/larder" sync --config "/home/you/a \"b\" $$c.toml""#),
            "{}",
            unit.text
        );
        assert!(!unit.text.contains("%h") && !unit.text.contains("%i") && !unit.text.contains("Environment"));
        let agent = Unit::launchd(Path::new("/home/you/R&D.toml"), larder, &you).unwrap();
        assert!(agent.text.contains("<string>/home/you/R&amp;D.toml</string>"), "{}", agent.text);
        assert!(!agent.text.contains("YOU"), "{}", agent.text);
        assert_eq!(agent.text.matches("<string>").count(), agent.text.matches("</string>").count());
    }

    #[test]
    fn no_two_job_files_share_a_service() {
        let you = places(&[("HOME", "/home/you")]);
        let name = |job: &str| Unit::systemd(Path::new(job), Path::new("/l"), &you).unwrap().name;
        assert_eq!(name("/home/you/.config/larder/config.toml"), "larder-config.service");
        assert_eq!(name("/home/you/.config/larder/work.toml"), "larder-work.service");
        let jobs = [
            "/a/config.toml",
            "/b/config.toml",
            "/home/you/.config/larder/R&D.toml",
            "/home/you/.config/larder/R_D.toml",
        ];
        let names: std::collections::BTreeSet<String> = jobs.into_iter().map(name).collect();
        assert_eq!(names.len(), jobs.len(), "{names:?}");
        assert!(!names.contains("larder-config.service"));
    }

    #[test]
    fn directories_that_only_a_shell_knows_are_told_to_the_service() {
        let you = places(&[("HOME", "/home/you"), ("XDG_STATE_HOME", "/big 100%/state")]);
        let job = Path::new("/home/you/.config/larder/config.toml");
        let unit = Unit::systemd(job, Path::new("/l"), &you).unwrap().text;
        assert!(unit.contains("[Service]\nEnvironment=\"XDG_STATE_HOME=/big 100%%/state\"\n"), "{unit}");
        assert!(!unit.contains("XDG_CONFIG_HOME"));
        let agent = Unit::launchd(job, Path::new("/l"), &you).unwrap().text;
        assert!(
            agent.contains("<key>XDG_STATE_HOME</key>\n        <string>/big 100%/state</string>"),
            "{agent}"
        );
    }

    #[test]
    fn larder_knows_its_own_text_and_no_other() {
        let you = places(&[("HOME", "/home/you")]);
        let job = Path::new("/home/you/.config/larder/config.toml");
        for unit in [Unit::systemd(job, Path::new("/l"), &you), Unit::launchd(job, Path::new("/l"), &you)] {
            let text = unit.unwrap().text;
            assert!(is_sealed(&text), "{text}");
            assert!(!is_sealed(&format!("{text}\n")) && !is_sealed(&text.replacen("sync", "sinc", 1)));
            let hash = text.split_once(MARK).unwrap().1.get(1..17).unwrap();
            assert!(!is_sealed(&text.replacen(hash, "0000000000000000", 1)));
        }
        for other in ["", "[Unit]\n", MARK, &format!("{MARK} 0123"), &format!("{MARK} é0123456789abcdef")] {
            assert!(!is_sealed(other), "{other}");
        }
    }
}
