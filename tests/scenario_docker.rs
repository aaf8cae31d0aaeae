//! One Docker engine, from nothing to a report and back to nothing.

#[path = "support/docker_lab.rs"]
mod docker_lab;
mod engines;
mod world;

use docker_lab::Lab;

const PAIR: &str = "
name: NAME
image: { base: small }
hosts: { e: { docker: { endpoint: \"ENDPOINT\" } } }
probes: { a: { host: e }, b: { host: e } }
tests:
  rtt: { ping: { count: 3, interval: 50ms } }
  tcp: { iperf3: { duration: 1s } }
groups: { pair: { pairs: [[a, b]], one-way: true } }
campaigns: { check: { group: pair, run: [rtt, tcp] } }
";

#[test]
fn play() {
    let Some(lab) = Lab::new(PAIR) else { return };
    std::fs::write("/tmp/single-play", format!("{} {}", lab.world.folder.path().display(), lab.engine.url())).unwrap();
    while std::path::Path::new("/tmp/single-play").exists() {
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}
