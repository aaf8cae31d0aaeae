//! A lab that somebody changed by hand is not measured as if it were the file's: it is told, refused and mended.

mod world;

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use serde_json::Value;
use world::{World, runs, text};

fn inodes(world: &World) -> BTreeMap<String, u64> {
    let inode = |n: String| (n.clone(), std::fs::metadata(format!("/run/netns/{n}")).unwrap().ino());
    world.namespaces().into_iter().map(inode).collect()
}

#[test]
fn a_shaper_that_was_removed_is_told_refused_and_mended() {
    let world = World::new(
        "name: NAME\nhosts: { here: { local: {} } }\nprobes: { a: { host: here }, b: { host: here } }\n\
         links: { wire: { between: [a, b], impair: { rate: 50M } } }\n",
    );
    world.expect(0, &["deploy"]);
    let before = inodes(&world);
    let shown = Command::new("ip").args(["-n", &world.namespace("a"), "-br", "link"]).output().unwrap();
    let shown = text(&shown.stdout);
    let device = shown.split_whitespace().find(|w| w.starts_with("l-")).unwrap().split('@').next().unwrap();
    let deleted =
        Command::new("tc").args(["-n", &world.namespace("a"), "qdisc", "del", "dev", device, "root"]).status();
    assert!(deleted.unwrap().success());

    let said = format!("it is not as it was made: the shaper of {device} is missing in a");
    assert!(world.expect(0, &["plan"]).contains(&said));
    assert!(world.expect(0, &["status"]).contains("2 steps to what the file says"));
    let status: Value = serde_json::from_str(&world.expect(0, &["status", "--output", "json"])).unwrap();
    assert_eq!(status["pending"]["actions"][0]["id"], "link/wire");
    assert_eq!(status["pending"]["actions"][0]["reason"]["drifted"], format!("the shaper of {device} is missing in a"));

    let run = ["run", "--from", "a", "--to", "b", "--test", "tcp", "--duration", "3s"];
    let refused = world.run(&run);
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("is not deployed as its file says"), "{}", text(&refused.stderr));

    world.expect(0, &["deploy"]);
    assert_eq!(inodes(&world), before, "the link alone is replaced");
    assert!(world.expect(0, &["status"]).contains("everything is as the file says"));
    for _ in 0..3 {
        world.run(&run);
        let run = runs(&world.report())[0].clone();
        if run["status"] != "invalid" {
            // 1448 of the 1514 bytes of a full frame are payload.
            let share = run["measurement"]["throughput_bits_per_second"].as_f64().unwrap() / (50e6 * 1448.0 / 1514.0);
            assert!((share - 1.0).abs() < 0.05, "{share} of what the shaper lets through");
            return;
        }
    }
    panic!("the machine is too busy to measure anything");
}
