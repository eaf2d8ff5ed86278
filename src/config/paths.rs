//! Where the job file and the state are when nobody says so, and what a path in the job file means.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{ConfigError, env_vars};

/// The directories of the person that runs larder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    home: PathBuf,
    config_home: PathBuf,
    state_home: PathBuf,
}

impl Places {
    /// Asks the environment. [`ConfigError::NoHome`] when it names no home directory and the system knows none.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var_os(name))
    }

    /// As [`Places::from_env`], with the environment as a function.
    pub fn from_lookup(get: impl Fn(&str) -> Option<OsString>) -> Result<Self, ConfigError> {
        // The XDG specification has relative paths ignored; an empty variable counts as unset everywhere.
        let absolute = |name| get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = match absolute(env_vars::HOME) {
            Some(home) => home,
            None => etcetera::home_dir().map_err(|_| ConfigError::NoHome)?,
        };
        let config_home = absolute(env_vars::XDG_CONFIG_HOME).unwrap_or_else(|| home.join(".config"));
        let state_home = absolute(env_vars::XDG_STATE_HOME).unwrap_or_else(|| {
            let usual =
                if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/state" };
            home.join(usual)
        });
        Ok(Self { home, config_home, state_home })
    }

    /// The job file that is read when none is named.
    #[must_use]
    pub fn job_file(&self) -> PathBuf {
        self.config_home.join("larder/config.toml")
    }

    /// The home directory.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Where programs of this person keep what they are told.
    #[must_use]
    pub fn config_home(&self) -> &Path {
        &self.config_home
    }

    /// Where programs of this person keep their state.
    #[must_use]
    pub fn state_home(&self) -> &Path {
        &self.state_home
    }

    /// The state directory of the job called `name`.
    #[must_use]
    pub fn state_dir(&self, name: &str) -> PathBuf {
        self.state_home.join("larder").join(name)
    }

    /// A path as the job file has it: `~` is the home directory, and a relative path starts at the directory
    /// of the job file, `base`. The error says what is wrong.
    pub(super) fn resolve(&self, text: &str, base: &Path) -> Result<PathBuf, String> {
        match text.strip_prefix('~') {
            _ if text.is_empty() => Err("must be a path, not empty".to_owned()),
            _ if text.contains('\0') => Err("must be a path, without a zero byte".to_owned()),
            Some("") => Ok(self.home.clone()),
            Some(rest) => {
                match rest.strip_prefix('/') {
                    Some(rest) => Ok(self.home.join(rest.trim_start_matches('/'))),
                    None => Err("must have `/` after `~`; other people's home directories are not looked up"
                        .to_owned()),
                }
            }
            None => Ok(base.join(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(vars: &[(&str, &str)]) -> Places {
        Places::from_lookup(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into())).unwrap()
    }

    #[test]
    fn the_usual_places_are_below_the_home_directory() {
        let places = places(&[("HOME", "/home/you")]);
        assert_eq!(places.job_file(), Path::new("/home/you/.config/larder/config.toml"));
        let state = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/state" };
        assert_eq!(places.state_dir("nas"), Path::new("/home/you").join(state).join("larder/nas"));
    }

    #[test]
    fn xdg_variables_move_them_when_they_are_absolute() {
        let vars = [("HOME", "/home/you"), ("XDG_CONFIG_HOME", "/etc/xdg"), ("XDG_STATE_HOME", "/var/lib")];
        assert_eq!(places(&vars).job_file(), Path::new("/etc/xdg/larder/config.toml"));
        assert_eq!(places(&vars).state_dir("nas"), Path::new("/var/lib/larder/nas"));
        let vars = [("HOME", "/home/you"), ("XDG_CONFIG_HOME", "relative"), ("XDG_STATE_HOME", "")];
        assert_eq!(places(&vars), places(&[("HOME", "/home/you")]));
    }

    #[test]
    fn a_path_is_resolved_against_home_or_the_job_file() {
        let places = places(&[("HOME", "/home/you")]);
        let resolve = |text| places.resolve(text, Path::new("/etc/larder"));
        assert_eq!(resolve("~/Photos").unwrap(), Path::new("/home/you/Photos"));
        assert_eq!(resolve("~//Photos").unwrap(), Path::new("/home/you/Photos"));
        assert_eq!(resolve("~").unwrap(), Path::new("/home/you"));
        assert_eq!(resolve("/mnt/photos").unwrap(), Path::new("/mnt/photos"));
        assert_eq!(resolve("photos").unwrap(), Path::new("/etc/larder/photos"));
        assert!(resolve("~other/Photos").is_err() && resolve("").is_err() && resolve("a\0b").is_err());
    }
}
