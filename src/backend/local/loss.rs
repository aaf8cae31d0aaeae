//! What `impair: loss` becomes: a packet filter at the receiving end.

use super::batch::Program;
use crate::domain::unit::Ratio;

/// Commands that drop a share of what enters by `device`: for nftables, and for iptables and ip6tables where that is not
/// there. `None` where nothing is to be dropped. ARP and what IPv6 has in its place (RFC 4861) are spared: a real link that
/// loses them only delays the first packet, which would be measured as the link's.
pub(super) fn ingress(device: &str, loss: Option<Ratio>) -> Option<[String; 3]> {
    const STEPS: f64 = 1e9;
    let below = (loss?.share() * STEPS).round();
    (below > 0.0).then(|| {
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
        let nft = format!(
            "table netdev {device}\ndelete table netdev {device}\ntable netdev {device} {{\n chain loss {{\n  \
             type filter hook ingress device \"{device}\" priority 0\n  \
             icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept\n  \
             meta protocol != arp {nft_chance}counter drop\n }}\n}}\n"
        );
        let chain = |spared: &str| {
            format!(
                "*raw\n:{device} - [0:0]\n{spared}-A {device} {iptables_chance}-j DROP\n\
                 -A PREROUTING -i {device} -j {device}\nCOMMIT\n"
            )
        };
        let spared =
            [135, 136].map(|kind| format!("-A {device} -p ipv6-icmp -m icmp6 --icmpv6-type {kind} -j RETURN\n"));
        [nft, chain(""), chain(&spared.concat())]
    })
}

/// Commands that take the filter of `device` away; each fails where there is none of its kind. A filter outlives its device,
/// and from Linux 6.16 on that of nftables takes hold of the next device of the same name.
pub(super) fn clear(device: &str) -> [(Program, String); 3] {
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
}
