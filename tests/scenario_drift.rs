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
    let status = world.expect(3, &["status"]);
    let told = status.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(&format!("link/wire: {said}")) && told.contains("2 steps to what the file says"), "{status}");
    assert!(status.lines().any(|line| line.contains("a ") && line.contains("ready")), "its probes answer: {status}");
    let status: Value = serde_json::from_str(&world.expect(3, &["status", "--output", "json"])).unwrap();
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

/// Everything that a person may have turned by hand on a probe's way, through the real binary.
#[test]
fn an_mtu_a_setting_and_a_route_that_were_changed_are_told_with_both_values_and_mended_once() {
    let world = World::new(
        "name: NAME\nhosts: { here: { local: {} } }\nsites: { east: {}, west: {} }\n\
         probes: { a: { host: here, site: east }, b: { host: here, site: west } }\n\
         links: { wire: { between: [east, west], impair: { rate: 50M } } }\n",
    );
    world.expect(0, &["deploy"]);
    let planned = || -> Value { serde_json::from_str(&world.expect(0, &["plan", "--output", "json"])).unwrap() };
    assert_eq!(planned()["actions"], Value::Array(vec![]), "nothing that a deploy makes is taken for somebody's");
    let by_hand: [(&str, &[&str], &str, &str); 4] = [
        (
            "a",
            &["ip", "link", "set", "eth0", "mtu", "1280"],
            "probe/a",
            "the MTU of eth0 is 1280 B instead of 1500 B in a",
        ),
        (
            "east",
            &["sysctl", "-qw", "net.ipv4.ip_forward=0"],
            "site/east",
            "the setting net.ipv4.ip_forward is 0 instead of 1 in east",
        ),
        (
            "b",
            &["ip", "route", "add", "blackhole", "10.77.0.0/16"],
            "probe/b",
            "the route to 10.77.0.0/16 by blackhole was added in b",
        ),
        ("west", &["ip", "route", "del", "default"], "site/west", "the route to default by"),
    ];
    for (place, command, whom, said) in by_hand {
        let done = Command::new("ip").args(["netns", "exec", &world.namespace(place)]).args(command).status().unwrap();
        assert!(done.success(), "{command:?}");
        let plan = planned();
        let drifted = |action: &&Value| action["reason"]["drifted"].is_string();
        let told: Vec<_> = plan["actions"].as_array().unwrap().iter().filter(drifted).collect();
        assert_eq!(told.len(), 2, "removed and made: {plan}");
        assert_eq!(told[0]["id"], whom);
        let reason = told[0]["reason"]["drifted"].as_str().unwrap();
        assert!(reason.starts_with(said), "{reason}");
        assert!(world.expect(0, &["plan"]).contains(said));
        assert!(world.expect(3, &["status"]).contains("steps to what the file says"));
        let refused = world.run(&["run", "--from", "a", "--to", "b", "--test", "ping"]);
        assert_eq!(refused.status.code(), Some(3), "{}", text(&refused.stderr));

        world.expect(0, &["deploy"]);
        assert_eq!(planned()["actions"], Value::Array(vec![]), "{command:?} is mended");
        let before = inodes(&world);
        world.expect(0, &["deploy"]);
        assert_eq!(inodes(&world), before, "a second deploy does nothing");
    }
}
