//! What tells the branches of a shaper apart, as `tc filter show` tells it. Pure.

use std::net::IpAddr;

use super::after;

/// A filter: the branch it leads to, and what it looks for (tc-u32(8)).
type Filter = (String, Vec<String>);

/// Commands of `tc` made these filters and no other.
pub(super) fn selected(lines: &str, shown: &str) -> Option<String> {
    let mut made: Vec<Filter> = lines.lines().filter_map(read_command).collect();
    let device = lines.lines().find_map(|line| after(&line.split(' ').collect::<Vec<_>>(), "dev"))?;
    let mut found = read(shown);
    made.sort();
    found.sort();
    (made != found).then(|| format!("the shaper of {device} is another"))
}

/// The filter that a command makes.
fn read_command(line: &str) -> Option<Filter> {
    let words: Vec<&str> = line.strip_prefix("filter ")?.split(' ').collect();
    let (to, _) = after(&words, "dst")?.split_once('/')?;
    // Where the destination is in the headers of RFC 791 and RFC 8200, in bytes.
    let (at, bytes) = match to.parse().ok()? {
        IpAddr::V4(to) => (16, to.octets().to_vec()),
        IpAddr::V6(to) => (24, to.octets().to_vec()),
    };
    let word = |(index, word): (usize, &[u8])| {
        let hex: String = word.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex}/ffffffff at {}", at + 4 * index)
    };
    Some((after(&words, "flowid")?.to_owned(), bytes.chunks(4).enumerate().map(word).collect()))
}

/// The filters that are there.
fn read(shown: &str) -> Vec<Filter> {
    let mut found: Vec<Filter> = Vec::new();
    for line in shown.lines().map(str::trim) {
        let words: Vec<&str> = line.split(' ').collect();
        if let Some(matched) = line.strip_prefix("match ") {
            if let Some((_, matches)) = found.last_mut() {
                matches.push(matched.to_owned());
            }
        } else if let Some(branch) = after(&words, "flowid").or_else(|| after(&words, "*flowid")) {
            found.push((branch.to_owned(), vec![]));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::super::super::shape;
    use super::*;
    use crate::domain::unit::Bitrate;

    const SHOWN: &str = "\
filter protocol ip pref 1 u32 chain 0 
filter protocol ip pref 1 u32 chain 0 fh 800: ht divisor 1 
filter protocol ip pref 1 u32 chain 0 fh 800::800 order 2048 key ht 800 bkt 0 *flowid 1:10 not_in_hw 
  match 0acc0003/ffffffff at 16
filter protocol ipv6 pref 2 u32 chain 0 
filter protocol ipv6 pref 2 u32 chain 0 fh 801: ht divisor 1 
filter protocol ipv6 pref 2 u32 chain 0 fh 801::800 order 2048 key ht 801 bkt 0 flowid 1:10 not_in_hw 
  match fd000000/ffffffff at 24
  match 00000000/ffffffff at 28
  match 00000000/ffffffff at 32
  match 00000003/ffffffff at 36
";

    #[test]
    fn filters_lead_to_the_addresses_that_they_were_made_for_and_to_no_other() {
        let made = |number, to: &[&str]| {
            let to: Vec<IpAddr> = to.iter().map(|to| to.parse().unwrap()).collect();
            shape::branch("eth0", number, &to, Bitrate::parse("20M").ok(), None, None)
        };
        let another = Some("the shaper of eth0 is another".to_owned());
        assert_eq!(selected(&made(16, &["10.204.0.3", "fd00::3"]), SHOWN), None);
        assert_eq!(selected(&made(16, &["10.204.0.4", "fd00::3"]), SHOWN), another);
        assert_eq!(selected(&made(16, &["10.204.0.3"]), SHOWN), another);
        assert_eq!(selected(&made(17, &["10.204.0.3", "fd00::3"]), SHOWN), another);
        assert_eq!(selected(&made(16, &["10.204.0.3"]), ""), another);
        let whole = shape::egress("l-1", Bitrate::parse("20M").ok(), None, None, shape::Shaper::Tbf);
        assert_eq!(selected(&whole, ""), None, "a whole device has no filter");
    }
}
