//! What `impair: loss` becomes: a packet filter at the receiving end.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::batch::Program;
use crate::domain::unit::Ratio;

/// Commands that drop a share of what enters by `device`: for nftables, and for iptables and ip6tables where that is not
/// there. `None` where nothing is to be dropped. ARP and what IPv6 has in its place (RFC 4861) are spared: a real link that
/// loses them only delays the first packet, which would be measured as the link's.
pub(super) fn ingress(device: &str, loss: Option<Ratio>) -> Option<[String; 3]> {
    dropping(device, &[(None, loss?)])
}

/// The same for the packets of each of these senders by itself; `None` is whoever sends.
pub(in crate::backend) fn dropping(device: &str, losses: &[(Option<IpAddr>, Ratio)]) -> Option<[String; 3]> {
    const STEPS: f64 = 1e9;
    let [mut by_nft, mut by_iptables, mut by_ip6tables] = <[String; 3]>::default();
    for (from, loss) in losses {
        let below = (loss.share() * STEPS).round();
        if below <= 0.0 {
            continue;
        }
        let share = below / STEPS;
        // Neither program has a word for "all of them by chance": nftables refuses a limit that is its modulus.
        let [nft_chance, iptables_chance] = if below < STEPS {
            [
                format!("numgen random mod {STEPS} < {below} "),
                format!("-m statistic --mode random --probability {share} "),
            ]
        } else {
            Default::default()
        };
        let whose = match from {
            None => "meta protocol != arp".to_owned(),
            Some(IpAddr::V4(from)) => format!("ip saddr {from}"),
            Some(IpAddr::V6(from)) => format!("ip6 saddr {from}"),
        };
        let _ = writeln!(by_nft, "  {whose} {nft_chance}counter drop");
        let rule = |from: &str| format!("-A {device} {from}{iptables_chance}-j DROP\n");
        match from {
            None => {
                by_iptables += &rule("");
                by_ip6tables += &rule("");
            }
            Some(IpAddr::V4(from)) => by_iptables += &rule(&format!("-s {from}/32 ")),
            Some(IpAddr::V6(from)) => by_ip6tables += &rule(&format!("-s {from}/128 ")),
        }
    }
    (!by_nft.is_empty()).then(|| {
        let nft = format!(
            "table netdev {device}\ndelete table netdev {device}\ntable netdev {device} {{\n chain loss {{\n  \
             type filter hook ingress device \"{device}\" priority 0\n  \
             icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept\n{by_nft} }}\n}}\n"
        );
        let chain = |spared: &str, rules: &str| {
            format!("*raw\n:{device} - [0:0]\n{spared}{rules}-A PREROUTING -i {device} -j {device}\nCOMMIT\n")
        };
        let spared =
            [135, 136].map(|kind| format!("-A {device} -p ipv6-icmp -m icmp6 --icmpv6-type {kind} -j RETURN\n"));
        [nft, chain("", &by_iptables), chain(&spared.concat(), &by_ip6tables)]
    })
}

/// Commands that take the filter of `device` away; each fails where there is none of its kind. A filter outlives its device,
/// and from Linux 6.16 on that of nftables takes hold of the next device of the same name.
pub(in crate::backend) fn clear(device: &str) -> [(Program, String); 3] {
    let chain = format!("*raw\n-D PREROUTING -i {device} -j {device}\n-F {device}\n-X {device}\nCOMMIT\n");
    [
        (Program::Nft, format!("delete table netdev {device}\n")),
        (Program::Iptables, chain.clone()),
        (Program::Ip6tables, chain),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_a_share_of_a_thousand_million() {
        let [nft, iptables, _] = ingress("l-1", Ratio::new(0.001)).unwrap();
        assert!(nft.contains("mod 1000000000 < 1000000 counter drop"), "{nft}");
        assert!(iptables.contains("--probability 0.001 -j DROP"), "{iptables}");
        let [nft, iptables, _] = ingress("l-1", Ratio::new(1.0)).unwrap();
        assert!(nft.contains("meta protocol != arp counter drop"), "{nft}");
        assert!(iptables.contains("-A l-1 -j DROP"), "{iptables}");
        assert_eq!(ingress("l-1", Ratio::new(0.0)), None);
        assert_eq!(ingress("l-1", None), None);
    }

    #[test]
    fn each_sender_has_a_loss_of_its_own() {
        let [v4, v6] = ["10.0.0.2", "fd00::2"].map(|text| Some(text.parse().unwrap()));
        let share = |share| Ratio::new(share).unwrap();
        let losses = [(v4, share(0.02)), (v6, share(0.02)), (Some("10.0.0.3".parse().unwrap()), share(1.0))];
        let [nft, iptables, ip6tables] = dropping("eth0", &losses).unwrap();
        let rules: Vec<_> = nft.lines().filter(|line| line.ends_with("counter drop")).collect();
        assert_eq!(
            rules,
            [
                "  ip saddr 10.0.0.2 numgen random mod 1000000000 < 20000000 counter drop",
                "  ip6 saddr fd00::2 numgen random mod 1000000000 < 20000000 counter drop",
                "  ip saddr 10.0.0.3 counter drop",
            ]
        );
        assert_eq!(
            iptables,
            "*raw\n:eth0 - [0:0]\n-A eth0 -s 10.0.0.2/32 -m statistic --mode random --probability 0.02 -j DROP\n\
             -A eth0 -s 10.0.0.3/32 -j DROP\n-A PREROUTING -i eth0 -j eth0\nCOMMIT\n"
        );
        assert!(ip6tables.contains("RETURN\n-A eth0 -s fd00::2/128 -m statistic"), "{ip6tables}");
        assert_eq!(dropping("eth0", &[]), None);
    }
}
