//! Figures for Prometheus, in its text format. No name of a file, an account or an album is in them.

use std::fmt::Write as _;

use super::door::Door;
use crate::daemon::Standing;

/// The figures of all jobs.
pub(super) fn metrics(doors: &[Door]) -> String {
    let mut all = Metrics::default();
    for door in doors {
        let job = door.name.as_str();
        let standing = door.standing.get();
        let needs = matches!(standing, Some(Standing::NeedsPerson { .. }));
        all.add(
            "larder_needs_person",
            "Whether somebody has to sign in.",
            job,
            None,
            f64::from(u8::from(needs)),
        );
        if let Some(Standing::Waiting { next, .. }) = &standing {
            let help = "When the next run is due, seconds since 1970.";
            all.add("larder_next_run_timestamp_seconds", help, job, None, seconds(next.as_millisecond()));
        }
        at_work(&mut all, door);
        if let Some(ends) = (door.trust_ends)() {
            let help = "When Apple is expected to want a new sign-in, seconds since 1970.";
            all.add("larder_trust_ends_timestamp_seconds", help, job, None, seconds(ends.as_millisecond()));
        }
        for status in (door.status)().unwrap_or_default() {
            let part = Some(status.part.as_str());
            for (name, help, value) in [
                ("larder_items", "Photos, or files of Drive, in iCloud.", status.photos + status.documents),
                ("larder_files", "Files in the mirror.", status.files),
                ("larder_bytes", "Bytes of the files in the mirror.", status.bytes),
                ("larder_files_proven", "Files that matched Apple's checksum.", status.proven),
                ("larder_files_not_provable", "Files without a checksum to match.", status.not_provable),
                ("larder_files_disputed", "Files that came twice and did not match.", status.disputed),
                ("larder_files_wrong", "Files found wrong on this disk.", status.wrong),
                ("larder_items_missing", "Items with something still to fetch.", status.missing),
            ] {
                #[expect(clippy::cast_precision_loss, reason = "that is how Prometheus counts")]
                all.add(name, help, job, part, value as f64);
            }
            if let Some(run) = &status.last_run {
                let help = "When the last run began, seconds since 1970.";
                let began = seconds(run.started.as_millisecond());
                all.add("larder_last_run_timestamp_seconds", help, job, part, began);
                let help = "How long the last run took, seconds.";
                all.add("larder_last_run_duration_seconds", help, job, part, run.seconds);
                let (help, complete) = ("Whether the last run left nothing missing.", u8::from(run.complete));
                all.add("larder_last_run_complete", help, job, part, f64::from(complete));
            }
        }
    }
    all.text()
}

/// Whether a run is at work, and how far its part is.
fn at_work(all: &mut Metrics, door: &Door) {
    let (job, far) = (door.name.as_str(), door.standing.how_far());
    let help = "Whether a run is at work.";
    all.add("larder_running", help, job, None, f64::from(u8::from(far.is_some())));
    let Some((far, part)) = far.and_then(|far| far.part.map(|part| (far, part.as_str()))) else { return };
    for (name, help, value) in [
        ("larder_run_files", "Files that the run at work found to do.", far.files),
        ("larder_run_files_done", "Files of them that are done.", far.files_done),
        ("larder_run_bytes", "Bytes that the run at work found to do.", far.bytes),
        ("larder_run_bytes_done", "Bytes of them that are done.", far.bytes_done.min(far.bytes)),
    ] {
        #[expect(clippy::cast_precision_loss, reason = "that is how Prometheus counts")]
        all.add(name, help, job, Some(part), value as f64);
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of this age fit")]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// Samples by name, so that each name comes once with its help.
#[derive(Default)]
struct Metrics(std::collections::BTreeMap<&'static str, (&'static str, String)>);

impl Metrics {
    fn add(&mut self, name: &'static str, help: &'static str, job: &str, part: Option<&str>, value: f64) {
        let (_, samples) = self.0.entry(name).or_insert((help, String::new()));
        let job = job.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let part = part.map_or(String::new(), |part| format!(",part=\"{part}\""));
        let _ok = writeln!(samples, "{name}{{job_file=\"{job}\"{part}}} {value}");
    }

    fn text(self) -> String {
        let mut text = String::new();
        for (name, (help, samples)) in self.0 {
            let _ok = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{samples}");
        }
        text
    }
}
