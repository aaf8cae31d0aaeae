//! What this probe is, gathered once at hello.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::domain::facts::{InterfaceFacts, ProbeFacts};
use crate::domain::test::ToolKind;
use crate::process;

/// No tool takes longer to tell its version.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// Asks the kernel and the tools.
pub(super) async fn gather() -> ProbeFacts {
    let (tools, interfaces) = tokio::join!(tools(), interfaces());
    let sysctl = |name: &str| text(format!("/proc/sys/net/ipv4/{name}"));
    ProbeFacts {
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        kernel: text("/proc/sys/kernel/osrelease").unwrap_or_default(),
        system: text("/etc/os-release").map(|t| system(&t)).unwrap_or_default(),
        cpus: std::thread::available_parallelism().ok().and_then(|n| u32::try_from(n.get()).ok()).unwrap_or(1),
        tools,
        congestion_control: sysctl("tcp_congestion_control"),
        congestion_controls: sysctl("tcp_available_congestion_control")
            .map(|t| t.split_ascii_whitespace().map(str::to_owned).collect())
            .unwrap_or_default(),
        interfaces,
        // systemd-timesyncd's own mark; other keepers of the clock leave none that can be read without asking them.
        clock_synchronised: Path::new("/run/systemd/timesync/synchronized").exists().then_some(true),
    }
}

fn text(path: impl AsRef<Path>) -> Option<String> {
    fs_err::read_to_string(path.as_ref()).ok().map(|t| t.trim().to_owned())
}

/// `PRETTY_NAME` of os-release(5).
fn system(os_release: &str) -> String {
    let name = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map(|n| n.trim_matches('"').to_owned()).unwrap_or_default()
}

/// The version of each tool that is here.
async fn tools() -> BTreeMap<ToolKind, String> {
    let (iperf3, ping, traceroute, iperf2, mtr, tracepath) = tokio::join!(
        version(&["iperf3", "--version"]),
        version(&["ping", "-V"]),
        version(&["traceroute", "--version"]),
        version(&["iperf", "-v"]),
        version(&["mtr", "--version"]),
        version(&["tracepath", "-V"]),
    );
    let tools = [
        (ToolKind::Iperf3, iperf3),
        (ToolKind::Ping, ping),
        (ToolKind::Traceroute, traceroute),
        (ToolKind::Iperf2, iperf2),
        (ToolKind::Mtr, mtr),
        (ToolKind::Tracepath, tracepath),
    ];
    tools.into_iter().filter_map(|(kind, version)| Some((kind, version?))).collect()
}

async fn version(command: &[&str]) -> Option<String> {
    let argv: Vec<String> = command.iter().map(|w| (*w).to_owned()).collect();
    let finished = process::run(&argv, b"", ANSWER_WITHIN).await.ok()?;
    let said = if finished.stdout.is_empty() { finished.stderr } else { finished.stdout };
    version_in(&String::from_utf8_lossy(&said))
}

/// The first word that holds a digit behind the program's name: `iperf 3.12 (…)`, `ping from iputils 20221126`,
/// `Modern traceroute for Linux, version 2.1.2`.
fn version_in(text: &str) -> Option<String> {
    let words = text.lines().next()?.split_ascii_whitespace().skip(1);
    words.map(|w| w.trim_end_matches(',')).find(|w| w.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned)
}

#[derive(Deserialize)]
struct IpLink {
    ifname: String,
    mtu: Option<u32>,
    #[serde(default)]
    addr_info: Vec<IpAddress>,
    linkinfo: Option<LinkInfo>,
}

#[derive(Deserialize)]
struct IpAddress {
    local: String,
    prefixlen: u8,
}

#[derive(Deserialize)]
struct LinkInfo {
    info_kind: Option<String>,
}

async fn interfaces() -> Vec<InterfaceFacts> {
    let argv = ["ip", "-d", "-j", "address", "show"].map(str::to_owned);
    let Ok(finished) = process::run(&argv, b"", ANSWER_WITHIN).await else { return vec![] };
    let links: Vec<IpLink> = serde_json::from_slice(&finished.stdout).unwrap_or_default();
    links.into_iter().filter(|link| link.ifname != "lo").map(interface).collect()
}

fn interface(link: IpLink) -> InterfaceFacts {
    let base = Path::new("/sys/class/net").join(&link.ifname);
    let read = |name: &str| text(base.join(name));
    let device = |name: &str| {
        let target = fs_err::read_link(base.join("device").join(name)).ok()?;
        target.file_name().map(|n| n.to_string_lossy().into_owned())
    };
    let id = |name: &str| read(&format!("device/{name}")).map(|t| t.trim_start_matches("0x").to_owned());
    InterfaceFacts {
        addresses: link.addr_info.iter().map(|a| format!("{}/{}", a.local, a.prefixlen)).collect(),
        mtu_bytes: link.mtu,
        // Mbit/s; -1 where the driver does not know.
        speed_bits_per_second: read("speed").and_then(|t| t.parse::<u64>().ok()).map(|mega| mega * 1_000_000),
        duplex: read("duplex").filter(|d| d != "unknown"),
        driver: device("driver").or_else(|| link.linkinfo.and_then(|i| i.info_kind)),
        product: id("vendor").zip(id("device")).map(|(vendor, device)| format!("{vendor}:{device}")),
        name: link.ifname,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_first_number_behind_the_name() {
        assert_eq!(version_in("iperf 3.12 (cJSON 1.7.15)\nLinux x").as_deref(), Some("3.12"));
        assert_eq!(version_in("ping from iputils 20221126").as_deref(), Some("20221126"));
        assert_eq!(version_in("Modern traceroute for Linux, version 2.1.2\n").as_deref(), Some("2.1.2"));
        assert_eq!(version_in("iperf version 2.1.8 (12 August 2022) pthreads\n").as_deref(), Some("2.1.8"));
        assert_eq!(version_in("mtr 0.95\n").as_deref(), Some("0.95"));
        assert_eq!(version_in("tracepath from iputils 20221126\nlibcap: yes").as_deref(), Some("20221126"));
        assert_eq!(version_in("sh: not found"), None);
    }

    #[test]
    fn the_system_is_named_as_it_calls_itself() {
        assert_eq!(
            system("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"),
            "Debian GNU/Linux 12 (bookworm)"
        );
    }
}
