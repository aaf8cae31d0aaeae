//! The numbers are the link's, and where they are the host's they are called invalid.

mod world;

use std::process::{Child, Command};

use serde_json::Value;
use world::{World, installed, jq, runs, text};

/// 1448 of the 1514 bytes of a full Ethernet frame are TCP payload, with TCP time stamps.
const PAYLOAD: f64 = 1448.0 / 1514.0;

fn bytes_shaped(world: &World, node: &str) -> f64 {
    let output = Command::new("tc").args(["-n", &world.namespace(node), "-s", "-j", "qdisc", "show"]).output().unwrap();
    jq("[.[] | select(.kind == \"tbf\") | .bytes] | add", &text(&output.stdout)).parse().unwrap()
}

/// One run; measured again where the machine was too busy to be believed.
fn measure(world: &World, test: &str) -> Value {
    for _ in 0..3 {
        world.run(&["run", "--from", "a", "--to", "b", "--test", test, "--duration", "4s"]);
        let run = runs(&world.report())[0].clone();
        if run["status"] != "invalid" {
            return run;
        }
        eprintln!("measured again: {}", run["reason"]);
    }
    panic!("the machine is too busy to measure anything");
}

#[test]
fn goodput_is_what_the_shaper_lets_through() {
    for rate in [10.0, 50.0, 100.0, 500.0] {
        let world = World::new(&format!(
            "name: NAME\nhosts: {{ here: {{ local: {{}} }} }}\nprobes: {{ a: {{ host: here }}, b: {{ host: here }} }}\n\
             links: {{ wire: {{ between: [a, b], impair: {{ rate: {rate}M }} }} }}\n\
             tests: {{ tcp: {{ iperf3: {{}} }} }}\n"
        ));
        world.expect(0, &["deploy"]);
        let expected = rate * 1e6 * PAYLOAD;
        let goodput = || {
            let before = bytes_shaped(&world, "a");
            let run = measure(&world, "tcp");
            let passed = bytes_shaped(&world, "a") - before;
            let raw = run["raw"].as_str().unwrap();
            let number = |filter: &str| jq(filter, raw).parse::<f64>().unwrap();
            let goodput = number(".end.sum_received.bits_per_second");
            assert_eq!(run["measurement"]["throughput_bits_per_second"].as_f64().unwrap().to_bits(), goodput.to_bits());
            assert!(passed >= number(".end.sum_received.bytes"), "more arrived than the shaper passed: {passed}");
            assert!(goodput < 1.03 * expected, "{goodput} is more than {expected}");
            goodput
        };
        // 4 s beside other work, which only ever makes less of it; the bench holds 1.5 % over 10 s.
        let most = (0..3).map(|_| goodput()).find(|goodput| *goodput > 0.97 * expected);
        assert!(most.is_some(), "three times less than {expected}");
    }
}

#[test]
fn lost_datagrams_are_the_ones_that_were_dropped() {
    let world = World::new(
        "name: NAME\nhosts: { here: { local: {} } }\nprobes: { a: { host: here }, b: { host: here } }\n\
         links: { wire: { between: [a, b], impair: { loss: 2% } } }\n\
         tests: { udp: { iperf3: { protocol: udp, rate: 20M } } }\n",
    );
    world.expect(0, &["deploy"]);
    let run = measure(&world, "udp");
    let raw = run["raw"].as_str().unwrap();
    let lost: f64 = jq(".end.sum.lost_packets", raw).parse().unwrap();
    let sent: f64 = jq(".end.sum.packets", raw).parse().unwrap();
    let ratio = run["measurement"]["loss_ratio"].as_f64().unwrap();
    assert!((ratio - lost / sent).abs() < 1e-9, "{ratio} is not {lost}/{sent}");
    // Binomial: four standard deviations around 2 %.
    let deviation = (0.02 * 0.98 / sent).sqrt();
    assert!((ratio - 0.02).abs() < 4.0 * deviation, "{ratio} of {sent}");
}

const FAST: &str = "
name: NAME
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here } }
links: { wire: { between: [a, b], contract: { rate: 500M }, impair: { rate: 500M } } }
tests: { tcp: { iperf3: {} }, udp: { iperf3: { protocol: udp, rate: contract } } }
";

/// Busy loops that take the CPUs away, ended by their pid.
struct Hogs(Vec<Child>);

impl Hogs {
    fn new(number: usize) -> Self {
        Self((0..number).map(|_| Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap()).collect())
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        for hog in &mut self.0 {
            let _ = hog.kill();
            let _ = hog.wait();
        }
    }
}

#[test]
fn a_starved_run_is_invalid_and_a_clean_one_is_not() {
    let world = World::new(FAST);
    world.expect(0, &["deploy"]);
    let cores = std::thread::available_parallelism().unwrap().get();
    let threshold = iperftester::verdict::CPU_STARVED_RATIO;
    let waited = |run: &Value| {
        let ends = ["source_counters", "destination_counters"];
        ends.map(|end| run[end]["run_queue_wait_ratio"].as_f64().unwrap_or(0.0)).into_iter().fold(0.0, f64::max)
    };
    // Other work on this machine may have starved it too; then it is no clean one.
    let clean = (0..3).map(|_| measure(&world, "udp")).find(|run| waited(run) < threshold).expect("a machine at rest");
    assert_eq!(clean["status"], "ok", "{}", clean["reason"]);
    {
        let _hogs = Hogs::new(4 * cores);
        let output = world.run(&["run", "--from", "a", "--to", "b", "--test", "udp", "--duration", "3s"]);
        assert_eq!(output.status.code(), Some(4), "an invalid run is no failed link: {}", text(&output.stdout));
    }
    let starved = runs(&world.report())[0].clone();
    assert_eq!(starved["status"], "invalid", "{starved}");
    assert_eq!(starved["verdict"], "invalid");
    // A starved receiver also overflows its buffer, which may be told first.
    let causes: Vec<&str> = starved["causes"].as_array().unwrap().iter().map(|c| c["kind"].as_str().unwrap()).collect();
    let known = ["cpu-starved", "receive-buffer", "pacing"];
    assert!(!causes.is_empty() && causes.iter().all(|cause| known.contains(cause)), "{causes:?}");
    assert!(waited(&clean) < threshold && threshold < waited(&starved), "{} {}", waited(&clean), waited(&starved));
}

#[test]
fn a_slow_link_is_a_failed_link_and_not_an_invalid_run() {
    let world = World::new(&FAST.replace("impair: { rate: 500M }", "impair: { rate: 50M }"));
    world.expect(0, &["deploy"]);
    let run = measure(&world, "tcp");
    assert_eq!(run["verdict"], "fail", "{}", run["reason"]);
    assert!(run["reason"].as_str().unwrap().contains("of the contracted 500 Mbit/s"), "{}", run["reason"]);
}

/// Nothing shapes it but what a test does to its hosts.
const PLAIN: &str = "
name: NAME
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here } }
links: { wire: { between: [a, b], contract: { rate: 20M, loss: 1% } } }
tests: { udp: { iperf3: { protocol: udp, rate: contract } } }
";

/// A server that stands still for most of the time.
const STALLED: &str = "case \"$1\" in -s)
(sleep 0.5; while kill -STOP $$; do sleep 0.7; kill -CONT $$; sleep 0.3; done) < /dev/null > /dev/null 2>&1 & ;;
esac";

/// The device of the only link, the same at both ends.
fn device(world: &World) -> String {
    let output = Command::new("ip").args(["-n", &world.namespace("a"), "-j", "link", "show"]).output().unwrap();
    jq(".[] | .ifname | select(startswith(\"l-\"))", &text(&output.stdout))
}

/// A client that finds `rules` on its interface.
fn held_to(world: &World, rules: &str) -> String {
    format!("case \"$1\" in -c) tc qdisc replace dev {} root {rules} ;; esac", device(world))
}

/// A run whose host does what `script` says before it is iperf3: invalid, for `cause` at `probe`.
fn spoiled(world: &World, test: &str, script: &str, cause: &str, probe: &str) -> Value {
    let path = world.instead_of("iperf3", &format!("{script}\nexec {} \"$@\"", installed("iperf3").display()));
    let mut command = world.command(&["run", "--from", "a", "--to", "b", "--test", test, "--duration", "2s"]);
    let output = command.env("PATH", path).output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{cause}: {said}");
    let run = runs(&world.report())[0].clone();
    assert_eq!(run["status"], "invalid", "{cause}: {}", run["reason"]);
    let causes = run["causes"].as_array().unwrap();
    assert!(causes.iter().any(|c| c["kind"] == cause && c["probe"] == probe), "{cause} at {probe}: {causes:?}");
    run
}

/// What the queues of the client's probe dropped during `run`.
fn queue_dropped(run: &Value) -> u64 {
    jq(".interfaces | map(.queue_dropped) | add", &run["source_counters"].to_string()).parse().unwrap()
}

#[test]
fn what_a_host_does_to_datagrams_is_not_held_against_the_link() {
    let world = World::new(PLAIN);
    world.expect(0, &["deploy"]);
    let lift = || {
        let (node, device) = (world.namespace("a"), device(&world));
        let lifted = Command::new("tc").args(["-n", &node, "qdisc", "del", "dev", &device, "root"]).status();
        assert!(lifted.unwrap().success());
    };
    let short = held_to(&world, "tbf rate 5mbit burst 20kb limit 30kb");
    let dropped = spoiled(&world, "udp", &short, "send-queue", "a");
    let lost = dropped["measurement"]["lost_packets"].as_u64().unwrap();
    let unread = dropped["destination_counters"]["udp"]["receive_buffer_errors"].as_u64().unwrap();
    let unsent = queue_dropped(&dropped);
    assert!(lost > 0 && unsent + unread >= lost, "{lost} were lost, {unsent} on the sender, {unread} on the receiver");
    lift();
    let long = held_to(&world, "tbf rate 5mbit burst 20kb limit 10mb");
    spoiled(&world, "udp", &long, "pacing", "a");
    lift();
    spoiled(&world, "udp", STALLED, "receive-buffer", "b");
    let healthy = measure(&world, "udp");
    assert_eq!(healthy["verdict"], "pass", "{}", healthy["reason"]);
    assert_eq!(queue_dropped(&healthy), 0, "{}", healthy["source_counters"]);
}

#[test]
fn the_shaper_of_a_link_is_not_its_senders_queue() {
    let world = World::new(&PLAIN.replace("loss: 1% }", "loss: 1% }, impair: { rate: 5M }"));
    world.expect(0, &["deploy"]);
    world.run(&["run", "--from", "a", "--to", "b", "--test", "udp", "--duration", "2s"]);
    let run = runs(&world.report())[0].clone();
    assert!(queue_dropped(&run) > 0, "the shaper is at the sender, and dropped: {}", run["source_counters"]);
    let judged = jq("map(select(.metric == \"loss\") | .verdict) | join(\" \")", &run["judgements"].to_string());
    assert_eq!(judged, "fail", "{}", run["reason"]);
    // A busy machine may be one for another cause.
    let causes = jq("map(.kind) | join(\" \")", &run["causes"].to_string());
    assert!(!causes.contains("send-queue"), "{}", run["reason"]);
}

#[test]
fn a_receiver_with_a_small_window_that_stands_still_makes_no_slow_link() {
    // So much more than was bought that a busy machine keeps the contract too.
    let world = World::new(&FAST.replace("500M", "50M").replace("contract: { rate: 50M }", "contract: { rate: 25M }"));
    world.expect(0, &["deploy"]);
    let window = |sizes: &str| {
        let set = format!("net.ipv4.tcp_rmem={sizes}");
        let output = Command::new("ip").args(["netns", "exec", &world.namespace("b"), "sysctl", "-w", &set]).output();
        assert!(output.unwrap().status.success());
    };
    window("4096 16384 32768");
    spoiled(&world, "tcp", STALLED, "receive-window", "b");
    window("4096 131072 6291456");
    let healthy = measure(&world, "tcp");
    assert_eq!(healthy["verdict"], "pass", "{}", healthy["reason"]);
}
