//! What this machine's kernel may lack (netem, SCTP) on a kernel that has it: User-Mode Linux, started as a program on this
//! machine's own files. The whole job runs there, through the real binary.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

mod world;
use world::World;

/// The boot takes 3 s, the campaigns about 40 s.
const LIMIT: Duration = Duration::from_secs(240);

const TOPOLOGY: &str = "\
name: far
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here }, c: { host: here }, d: { host: here }, e: { host: here } }
links:
  plain: { between: [a, b] }
  sea: { between: [a, c], contract: { rtt: 21ms, loss: 0% }, impair: { delay: 10ms } }
  lake: { between: [a, e], contract: { rate: 50M }, impair: { rate: 50M } }
  air: { between: [a, d], contract: { loss: 1% }, impair: { delay: { a->d: 20ms }, jitter: { a->d: 2ms }, loss: { a->d: 4% } } }
groups:
  plain: { pairs: [[a, b]], one-way: true }
  sea: { pairs: [[a, c]], one-way: true }
  lake: { pairs: [[a, e]], one-way: true }
  air: { pairs: [[a, d]], one-way: true }
tests:
  rtt: { ping: { count: 500, interval: 10ms } }
  many: { ping: { count: 2000, interval: 5ms } }
  tcp: { iperf3: { duration: 4s, omit: 1s } }
  sctp: { iperf3: { protocol: sctp, duration: 4s, omit: 1s } }
campaigns:
  plain: { group: plain, run: [rtt] }
  sea: { group: sea, run: [rtt] }
  lake: { group: lake, run: [tcp, sctp] }
  air: { group: air, run: [many] }
";

const JOB: &str = "\
set -e
export IPERFTESTER_DATA_DIR=/run/data TMPDIR=/tmp HOME=/run
iperftester() { BINARY \"$@\"; }
iperftester deploy
for campaign in plain sea lake air; do
    iperftester run $campaign || [ $? -eq 1 ]
    iperftester report --format json --out /mnt/$campaign.json
done
# What somebody adds to a delay by hand is told, and taken away again.
device=$(ip -n iperftester.far.a -j link | jq -r '.[] | select(.ifalias // \"\" | startswith(\"iperftester link=air\")) | .ifname')
shaped() { tc -n iperftester.far.a -j qdisc show dev $device; }
plan() { iperftester plan --output json > /mnt/$1.json; }
shaped > /mnt/qdisc.json
plan as-made
tc -n iperftester.far.a qdisc change dev $device root handle 1: netem limit 100000 delay 20ms 5ms
plan jittery
tc -n iperftester.far.a qdisc change dev $device root handle 1: netem limit 100000 delay 20ms 2ms loss 4%
shaped > /mnt/lossy-qdisc.json
plan lossy
iperftester deploy
plan mended
shaped > /mnt/mended-qdisc.json
iperftester destroy
# What the device of a container is told, as the snapshot has it, holds up what goes to one address and nothing else.
for side in near far; do
    ip netns add $side
    ip -n $side link set lo up
done
ip -n near link add eth0 type veth peer name eth0 netns far
ip -n near addr add 10.204.0.2/24 dev eth0
ip -n far addr add 10.204.0.4/24 dev eth0
ip -n far addr add 10.204.0.9/24 dev eth0
ip -n near link set eth0 up
ip -n far link set eth0 up
sed -n '/^-- Tc/,/^-- Nft/p' BRANCHES | grep -v '^--' | tc -n near -batch -
for address in 10.204.0.4 10.204.0.9; do
    ip netns exec near ping -q -c 200 -i 0.01 $address > /mnt/ping-$address
    ip netns exec far iperf3 -s -1 -D
    sleep 1
    ip netns exec near iperf3 -J -c $address -t 4 -O 1 > /mnt/iperf3-$address.json
done
";

/// Where the commands are that `src/backend/docker/shape` makes for 10 ms, 1 ms of jitter and 50 Mbit/s to 10.204.0.4.
const BRANCHES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/src/backend/docker/shape/wish/snapshots/iperftester__backend__docker__shape__wish__tests__a.snap"
);

fn rtts(report: &Value) -> Vec<f64> {
    let ping = report["runs"].as_array().unwrap().iter().find(|r| r["measurement"]["kind"] == "round-trip").unwrap();
    ping["measurement"]["rtts_seconds"].as_array().unwrap().iter().map(|t| t.as_f64().unwrap()).collect()
}

fn least(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::INFINITY, f64::min)
}

fn report(folder: &Path, campaign: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(format!("{campaign}.json"))).unwrap()).unwrap()
}

fn throughput(report: &Value, test: &str) -> f64 {
    let run = report["runs"].as_array().unwrap().iter().find(|r| r["test"] == test).unwrap();
    assert_eq!(run["status"], "ok", "{test}: {}", run["error"]);
    run["measurement"]["throughput_bits_per_second"].as_f64().unwrap()
}

/// Boots, runs the job and powers off.
fn boot(world: &World) {
    let folder = world.folder.path();
    let init = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/uml/init.sh");
    let mut kernel = Command::new("linux.uml")
        .args(["mem=512M", "rootfstype=hostfs", "rootflags=/", "ro", "con=null", "con0=fd:0,fd:1"])
        .arg(format!("init={}", init.display()))
        .arg(format!("SHARED={}", folder.display()))
        .env("HOME", folder)
        .env("TMPDIR", "/dev/shm")
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(folder.join("console")).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .expect("linux.uml starts; `apt install user-mode-linux busybox-static` where it is missing");
    let started = Instant::now();
    while kernel.try_wait().unwrap().is_none() {
        if started.elapsed() > LIMIT {
            kernel.kill().unwrap();
            kernel.wait().unwrap();
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    assert_eq!(read("status").trim(), "0", "--- log\n{}\n--- console\n{}", read("log"), read("console"));
}

#[test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "Debian has User-Mode Linux for x86 only")]
fn delay_jitter_loss_and_sctp_are_measured_as_the_kernel_makes_them() {
    let world = World::new(TOPOLOGY);
    let folder = world.folder.path();
    std::fs::write(folder.join("topology.yaml"), TOPOLOGY).unwrap();
    std::fs::write(
        folder.join("job.sh"),
        JOB.replace("BINARY", env!("CARGO_BIN_EXE_iperftester")).replace("BRANCHES", BRANCHES),
    )
    .unwrap();
    boot(&world);

    // What the emulated kernel itself takes for a round trip, and how exact it is, shows on the link without delay.
    let idle = least(&rtts(&report(folder, "plain")));
    assert!(idle < 0.001, "{idle} s without any delay");
    let sea = report(folder, "sea");
    let delayed = least(&rtts(&sea)) - idle;
    assert!((delayed - 0.020).abs() < 0.000_1, "10 ms each way give {delayed} s");

    // 50 Mbit/s in frames: 1448 of 1514 bytes are TCP's payload. SCTP's chunks hold about as much.
    let lake = report(folder, "lake");
    let tcp = throughput(&lake, "tcp");
    assert!((tcp / 47.8e6 - 1.0).abs() < 0.02, "TCP {tcp} bit/s");
    let sctp = throughput(&lake, "sctp");
    assert!((0.9..=1.0).contains(&(sctp / 50e6)), "SCTP {sctp} bit/s");

    let air = report(folder, "air");
    let ping = &air["runs"][0]["measurement"];
    let (sent, received) = (ping["packets"].as_f64().unwrap(), ping["received_packets"].as_f64().unwrap());
    // 4 % one way: the binomial's 99.99 % interval (3.9 standard deviations; normal approximation, 80 expected losses).
    let (expected, deviation) = (0.04, (0.04_f64 * 0.96 / sent).sqrt());
    let loss = 1.0 - received / sent;
    assert!((loss - expected).abs() < 3.9 * deviation, "loss {loss}");
    assert_eq!(air["runs"][0]["verdict"], "fail", "1 % was agreed");

    // netem's jitter without a distribution is uniform within 2 ms (tc-netem(8)): a deviation of 2 / √3 ms.
    let times = rtts(&air);
    let middle = times.iter().sum::<f64>() / times.len() as f64;
    let spread = (times.iter().map(|t| (t - middle).powi(2)).sum::<f64>() / times.len() as f64).sqrt();
    assert!((middle - idle - 0.020).abs() < 0.000_5, "mean {middle}");
    assert!((0.001_0..0.001_4).contains(&spread), "deviation {spread}");

    let reasons = |plan: &str| {
        let plan = report(folder, plan);
        let actions = plan["actions"].as_array().unwrap().clone();
        actions.into_iter().map(|a| a["reason"]["drifted"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(reasons("as-made"), [""; 0]);
    for changed in ["jittery", "lossy"] {
        let told = reasons(changed);
        assert_eq!(told.len(), 2, "{changed}");
        assert!(told[0].starts_with("the shaper of l-") && told[0].ends_with(" is another in a"), "{told:?}");
    }
    assert_eq!(reasons("mended"), [""; 0]);
    assert_eq!(report(folder, "mended-qdisc"), report(folder, "qdisc"));
    branches(folder);
}

/// One of the addresses at the other end is a link's, the other is nobody's.
fn branches(folder: &Path) {
    // rtt min/avg/max/mdev = 9.012/10.480/11.020/0.300 ms
    let least = |address: &str| {
        let said = std::fs::read_to_string(folder.join(format!("ping-{address}"))).unwrap();
        let times = said.lines().last().unwrap().split_once(" = ").unwrap().1.split('/').next().unwrap();
        times.parse::<f64>().unwrap()
    };
    let (link, free) = (least("10.204.0.4"), least("10.204.0.9"));
    assert!(free < 1.0, "{free} ms to nobody's");
    // 10 ms, uniform within 1 ms: the least of 200 is at 9 ms, and the emulated kernel's clock adds a little.
    assert!((8.9..9.5).contains(&(link - free)), "{link} ms");
    let rate = |address: &str| {
        let said = std::fs::read(folder.join(format!("iperf3-{address}.json"))).unwrap();
        let said: Value = serde_json::from_slice(&said).unwrap();
        said["end"]["sum_received"]["bits_per_second"].as_f64().unwrap()
    };
    let (link, free) = (rate("10.204.0.4"), rate("10.204.0.9"));
    assert!((0.8..=1.0).contains(&(link / 50e6)), "{link} bit/s");
    assert!(free > 3.0 * link, "{free} bit/s to nobody's");
}
