//! The demonstration: what a person without an account sees first.

use std::time::{Duration, Instant};

use icloud_sim::Config;

use crate::environment::{TestEnvironment, bytes_below};

#[test]
fn a_demonstration_mirrors_a_simulated_icloud_three_times() {
    let here = TestEnvironment::new(Config::default());
    let dir = here.path("demo");
    let ran = here.larder(&["demo", dir.to_str().unwrap(), "--assets", "20"]).run().expect(0);
    for part in ["Proven", "byte for byte", "Up to date", "nothing changed in iCloud"] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    assert!(bytes_below(&dir.join("Photos")).len() > 20);
    let job = dir.join("larder.toml");
    here.larder(&["--config", job.to_str().unwrap(), "status"]).run().expect(0);
}

#[test]
fn a_demonstration_that_is_interrupted_ends() {
    let here = TestEnvironment::new(Config::default());
    let dir = here.path("demo");
    let mut run = here.larder(&["demo", dir.to_str().unwrap(), "--assets", "3000"]).start();
    let begun = Instant::now();
    // The marker is written when the first run has begun.
    while !dir.join("Photos/.larder/mirror.toml").exists() {
        assert!(!run.has_ended() && begun.elapsed() < Duration::from_secs(60), "no run began");
        std::thread::sleep(Duration::from_millis(5));
    }
    run.interrupt();
    let ran = run.wait().expect(130);
    assert!(!ran.stderr.contains("Second run"), "{}", ran.stderr);
}
