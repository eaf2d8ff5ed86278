//! Reading a password from where the person keeps it.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::private_file::read_line;

/// The environment variable that may hold the password.
pub const PASSWORD_VARIABLE: &str = "LARDER_PASSWORD";

/// How long a program may take, which may have to ask a person to unlock something.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between looks at a program that runs.
const GLANCE: Duration = Duration::from_millis(20);

/// The first line of a file that its owner alone may read. A mode that lets others in is mended.
pub(super) fn file(path: &Path) -> Result<SecretString, String> {
    let line = read_line(path).map_err(|error| error.to_string())?;
    Ok(SecretString::from(line.as_str()))
}

/// A credential that the service manager hands to its service.
pub(super) fn credential(directory: Option<PathBuf>, name: &str) -> Result<SecretString, String> {
    let directory = directory.ok_or_else(|| {
        format!("there is no credential `{name}`: the service manager gave none (CREDENTIALS_DIRECTORY is not set)")
    })?;
    let path = directory.join(name);
    // Those files belong to the service manager, whose modes are not to be mended.
    let text = std::fs::read_to_string(&path).map(Zeroizing::new);
    let text = text.map_err(|error| format!("cannot read the credential `{}`: {error}", path.display()))?;
    first_line(&text, "the credential")
}

/// The first line that a program writes. It gets nothing of larder's secrets, and its own messages go to standard error.
pub(super) fn command(command: &[String]) -> Result<SecretString, String> {
    let Some((program, arguments)) = command.split_first() else { return Err("no program is named".into()) };
    let failed = |error: std::io::Error| format!("`{program}` cannot be run: {error}");
    let mut child = Command::new(program)
        .args(arguments)
        .env_remove(PASSWORD_VARIABLE)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut output = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut text = Zeroizing::new(String::new());
        let read = output.as_mut().map_or(Ok(0), |output| output.take(64 * 1024).read_to_string(&mut text));
        read.map(|_| text)
    });
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if begun.elapsed() > PATIENCE => {
                child.kill().map_err(failed)?;
                child.wait().map_err(failed)?;
                return Err(format!("`{program}` took longer than {} s", PATIENCE.as_secs()));
            }
            None => std::thread::sleep(GLANCE),
        }
    };
    if !status.success() {
        return Err(format!("`{program}` ended with {status}"));
    }
    let text = reader.join().map_err(|_| format!("`{program}`: its output cannot be read"))?;
    first_line(&text.map_err(failed)?, &format!("`{program}`"))
}

pub(super) fn first_line(text: &str, whence: &str) -> Result<SecretString, String> {
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(SecretString::from(line)),
        _ => Err(format!("{whence} gave no password: its first line is empty")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use secrecy::ExposeSecret as _;

    use super::*;

    fn said(result: Result<SecretString, String>) -> Result<String, String> {
        result.map(|password| password.expose_secret().to_owned())
    }

    fn shell(script: &str) -> Result<String, String> {
        said(command(&["sh".to_owned(), "-c".to_owned(), script.to_owned()]))
    }

    #[test]
    fn a_program_gives_its_first_line() {
        assert_eq!(shell("printf 'one two\\nthree\\n'"), Ok("one two".into()));
        assert_eq!(shell("echo \"[$LARDER_PASSWORD]\""), Ok("[]".into()));
        assert!(shell("exit 3").unwrap_err().contains("exit status: 3"));
        assert!(shell("true").unwrap_err().contains("gave no password"));
        assert!(said(command(&["/nowhere/op".into()])).unwrap_err().contains("cannot be run"));
    }

    #[test]
    fn a_file_gives_its_first_line_and_is_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "secret\r\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(said(file(&path)), Ok("secret".into()));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(said(file(&folder.path().join("none"))).unwrap_err().contains("none"));
    }

    #[test]
    fn a_credential_lies_where_the_service_manager_says() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("larder.password"), "secret").unwrap();
        let here = Some(folder.path().to_owned());
        assert_eq!(said(credential(here.clone(), "larder.password")), Ok("secret".into()));
        assert!(said(credential(here, "other")).unwrap_err().contains("other"));
        assert!(said(credential(None, "other")).unwrap_err().contains("CREDENTIALS_DIRECTORY"));
    }
}
