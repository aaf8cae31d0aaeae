//! Addresses and names within a text.

use std::net::{IpAddr, Ipv4Addr};

use super::Redactor;

/// May stand in an IP or hardware address.
const fn of_address(c: char) -> bool {
    c.is_ascii_hexdigit() || matches!(c, ':' | '.')
}

/// May stand in the name of a host or user.
const fn of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

impl Redactor {
    /// `text` with pseudonyms. What looks like an address is taken for one, such as a version of four numbers.
    pub(super) fn text(&mut self, text: &str) -> String {
        let text = self.addresses(text);
        self.names(&text)
    }

    fn addresses(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(of_address) {
            let (before, from) = rest.split_at(start);
            out.push_str(before);
            let end = from.find(|c| !of_address(c)).unwrap_or(from.len());
            let (piece, after) = from.split_at(end);
            // A word that happens to begin or end in such letters is none: `std::fmt`.
            let touches = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            // But `\n` and the like in the text of a document end where they end.
            let escaped = before.len() > 1 && before.as_bytes().get(before.len() - 2) == Some(&b'\\');
            let alone = (escaped || !touches(before.chars().next_back())) && !touches(after.chars().next());
            self.piece(&mut out, piece, alone);
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// A run of letters that may stand in addresses; `alone` where no word goes on before or behind it.
    fn piece(&mut self, out: &mut String, piece: &str, alone: bool) {
        // A sentence may go on with a colon or end in a full stop.
        let whole = [piece, piece.trim_end_matches('.'), piece.strip_suffix(':').unwrap_or(piece)];
        if alone && piece.matches(':').count() > 1 {
            for one in whole {
                let leading = one.strip_prefix(':').filter(|o| !o.starts_with(':')).unwrap_or(one);
                let head = one.len() - leading.len();
                if let Some(pseudonym) = self.of(leading) {
                    out.push_str(&piece[..head]);
                    out.push_str(&pseudonym);
                    out.push_str(&piece[one.len()..]);
                    return;
                }
            }
        }
        // IPv4 wherever four numbers stand, before a port or behind a word.
        let mut last = 0;
        let mut at = 0;
        while at < piece.len() {
            let behind_digit = piece[..at].ends_with(|c: char| c.is_ascii_digit());
            match quad(&piece[at..]).filter(|_| !behind_digit) {
                Some((address, length)) => {
                    out.push_str(&piece[last..at]);
                    out.push_str(&self.address(IpAddr::V4(address)).unwrap_or_else(|| address.to_string()));
                    at += length;
                    last = at;
                }
                None => at += 1,
            }
        }
        out.push_str(&piece[last..]);
    }

    /// The pseudonym of what is an IPv6 or a hardware address as a whole.
    fn of(&mut self, text: &str) -> Option<String> {
        if is_hardware(text) {
            let next = self.hardware.len() + 1;
            let number = self.hardware.entry(text.to_ascii_lowercase()).or_insert(next);
            return Some(format!("mac-{number}"));
        }
        self.address(text.parse().ok()?)
    }

    /// `None` for what names nobody.
    fn address(&mut self, address: IpAddr) -> Option<String> {
        let address = address.to_canonical();
        if address.is_loopback() || address.is_unspecified() {
            return None;
        }
        let next = self.addresses.len() + 1;
        let number = self.addresses.entry(address).or_insert(next);
        Some(format!("address-{number}"))
    }

    fn names(&self, text: &str) -> String {
        if self.names.is_empty() {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(of_name) {
            let (before, from) = rest.split_at(start);
            out.push_str(before);
            let end = from.find(|c| !of_name(c)).unwrap_or(from.len());
            let (mut word, after) = from.split_at(end);
            // `\nhost` in the text of a document.
            if before.ends_with('\\') && word.len() > 1 && !self.names.contains_key(word) {
                out.push_str(&word[..1]);
                word = &word[1..];
            }
            // The longest name that it begins with, at a dot.
            let mut name = word;
            let known = loop {
                if let Some(pseudonym) = self.names.get(name) {
                    break Some(pseudonym);
                }
                match name.rfind('.') {
                    Some(dot) => name = &name[..dot],
                    None => break None,
                }
            };
            match known {
                Some(pseudonym) => {
                    out.push_str(pseudonym);
                    out.push_str(&word[name.len()..]);
                }
                None => out.push_str(word),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// Four numbers up to 255 with dots between them, at the beginning of `text`, and how long they are.
fn quad(text: &str) -> Option<(Ipv4Addr, usize)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let mut dots = text[..end].match_indices('.').map(|(at, _)| at);
    let third = dots.nth(2)?;
    let last = text[third + 1..end].find('.').map_or(end, |at| third + 1 + at);
    Some((text[..last].parse().ok()?, last))
}

/// Six pairs of hexadecimal digits.
fn is_hardware(text: &str) -> bool {
    let pairs: Vec<&str> = text.split(':').collect();
    pairs.len() == 6 && pairs.iter().all(|p| p.len() == 2 && p.chars().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(text: &str) -> String {
        let names = [("gw.example.net", "host-1"), ("myhost", "host-2"), ("alice", "user-1")];
        let names = names.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        Redactor { names, ..Redactor::default() }.text(text)
    }

    #[test]
    fn addresses_wherever_they_stand() {
        for (text, want) in [
            ("10.0.0.1", "address-1"),
            ("10.0.0.1/24 and 10.0.0.2, 10.0.0.1.", "address-1/24 and address-2, address-1."),
            ("10.0.0.1:5201", "address-1:5201"),
            ("bad:10.0.0.1:80", "bad:address-1:80"),
            ("\\n10.0.0.1\\b10.0.0.2", "\\naddress-1\\baddress-2"),
            ("from fd00::1: icmp_seq=1", "from address-1: icmp_seq=1"),
            ("[fd00::1]:5201 fd00:0::1", "[address-1]:5201 address-1"),
            ("::ffff:10.0.0.1 10.0.0.1", "address-1 address-1"),
            ("fe80::1%eth0", "address-1%eth0"),
            ("\\nfd00::1", "\\naddress-1"),
            ("link/ether 00:16:3E:aa:bb:cc", "link/ether mac-1"),
            ("10.0.0.1-10.0.0.9", "address-1-address-2"),
        ] {
            assert_eq!(redacted(text), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_stays() {
        for text in
            ["12:00:05", "std::fmt and sqlx::Error", "iperf 3.12", "127.0.0.1 ::1 :: 0.0.0.0", "a.b.c", "256.1.1.1"]
        {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn names_only_where_they_are_words() {
        assert_eq!(redacted("gw.example.net (10.0.0.1)"), "host-1 (address-1)");
        assert_eq!(redacted("Linux myhost 6.1 myhosts myhost.lan"), "Linux host-2 6.1 myhosts host-2.lan");
        assert_eq!(redacted("alice@myhost:/home/alice/x"), "user-1@host-2:/home/user-1/x");
        assert_eq!(redacted("\\nmyhost"), "\\nhost-2");
    }
}
