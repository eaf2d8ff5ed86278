//! The names of all keys, and the nearest of them to one that is not known.

/// Sections and their keys; the first section is the top of the file.
pub(super) const KEYS: [(&str, &[&str]); 12] = [
    ("", &["state_dir"]),
    (
        "account",
        &[
            "apple_id",
            "region",
            "password_file",
            "password_command",
            "password_credential",
            "password_keyring",
        ],
    ),
    ("schedule", &["at", "days", "every", "cron", "jitter", "time_zone"]),
    (
        "photos",
        &[
            "destination",
            "libraries",
            "layout",
            "time_zone",
            "names",
            "live_photos",
            "edited",
            "originals",
            "raw",
            "bursts",
            "hidden",
            "stills",
            "videos",
            "screenshots",
            "from",
            "until",
            "file_mode",
            "dir_mode",
            "keep_free",
        ],
    ),
    ("photos.albums", &["view", "path", "include", "exclude", "smart"]),
    (
        "drive",
        &[
            "destination",
            "libraries",
            "include",
            "exclude",
            "max_size",
            "names",
            "file_mode",
            "dir_mode",
            "keep_free",
            "full_listing",
        ],
    ),
    ("removed", &["policy", "keep_for", "stop_above"]),
    ("verify", &["nightly"]),
    ("network", &["connections"]),
    ("notify", &["on", "desktop", "command", "webhook", "webhook_template", "ntfy", "ntfy_token_file"]),
    ("page", &["listen", "address"]),
    ("notify.email", &["server", "port", "security", "from", "to", "user", "password_file"]),
];

/// A key with its section, as messages show it.
pub(super) fn dotted(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

/// The known key that was probably meant by `key` in `section`: a similar one of that section, or one of that
/// very name in another.
pub(super) fn nearest_key(section: &str, key: &str) -> Option<String> {
    let of_section = KEYS.iter().filter(|(name, _)| *name == section).flat_map(|(_, keys)| keys.iter());
    let below = dotted(section, "");
    let sections =
        KEYS.iter().filter_map(|(name, _)| name.strip_prefix(&below)).filter(|name| !name.is_empty());
    let sections = sections.filter(|name| !name.contains('.'));
    nearest(key, of_section.copied().chain(sections)).map(|near| dotted(section, near)).or_else(|| {
        let (elsewhere, _) = KEYS.iter().find(|(_, keys)| keys.contains(&key))?;
        Some(dotted(elsewhere, key))
    })
}

/// The candidate that `text` was probably meant to be: at most a third of its characters differ.
pub(super) fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&text, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        assert_eq!(nearest_key("photos", "layuot").as_deref(), Some("photos.layout"));
        assert_eq!(nearest_key("photos", "live-photos").as_deref(), Some("photos.live_photos"));
        assert_eq!(nearest_key("", "photo").as_deref(), Some("photos"));
        assert_eq!(nearest_key("photos", "album").as_deref(), Some("photos.albums"));
        assert_eq!(nearest_key("photos", "smart").as_deref(), Some("photos.albums.smart"));
        assert_eq!(nearest_key("", "destination").as_deref(), Some("photos.destination"));
        assert_eq!(nearest_key("network", "zebra"), None);
    }
}
