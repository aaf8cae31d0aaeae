//! From when until when a certificate is valid, whatever else may be wrong with it (RFC 5280, 4.1). Pure.

use chrono::{DateTime, NaiveDateTime, Utc};

/// Tags of DER (X.690, 8.1.2).
const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version, which the first one leaves out.
const VERSION: u8 = 0xa0;

/// The first and the last moment at which the certificate `der` is valid; `None` where it is none.
pub(super) fn validity(der: &[u8]) -> Option<[DateTime<Utc>; 2]> {
    let (certificate, _) = of(SEQUENCE, der)?;
    let (signed, _) = of(SEQUENCE, certificate)?;
    let rest = of(VERSION, signed).map_or(signed, |(_, rest)| rest);
    let (_serial, rest) = of(INTEGER, rest)?;
    let (_algorithm, rest) = of(SEQUENCE, rest)?;
    let (_issuer, rest) = of(SEQUENCE, rest)?;
    let (validity, _) = of(SEQUENCE, rest)?;
    let (from, rest) = time(validity)?;
    let (until, _) = time(rest)?;
    Some([from, until])
}

/// What stands in a value of type `tag` at the beginning of `der`, and what stands behind it.
fn of(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    // Up to 127 it is the length itself, else the number of bytes that hold it (8.1.3).
    let (length, rest) = match first {
        0..0x80 => (usize::from(*first), rest),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length =
                bytes.iter().try_fold(0_usize, |sum, byte| Some(sum.checked_mul(256)? | usize::from(*byte)))?;
            (length, rest)
        }
    };
    (*found == tag).then_some(())?;
    rest.split_at_checked(length)
}

/// A time at the beginning of `der` (RFC 5280, 4.1.2.5), and what stands behind it.
fn time(der: &[u8]) -> Option<(DateTime<Utc>, &[u8])> {
    let (text, rest) = match of(UTC_TIME, der) {
        Some((text, rest)) => {
            let text = std::str::from_utf8(text).ok()?;
            let year: u8 = text.get(..2)?.parse().ok()?;
            (format!("{}{text}", if year < 50 { "20" } else { "19" }), rest)
        }
        None => {
            let (text, rest) = of(GENERALIZED_TIME, der)?;
            (String::from_utf8(text.to_vec()).ok()?, rest)
        }
    };
    Some((NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok()?.and_utc(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value of DER.
    fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let inside = parts.concat();
        let length = u16::try_from(inside.len()).unwrap();
        let length = if length < 0x80 { vec![length as u8] } else { [&[0x82][..], &length.to_be_bytes()].concat() };
        [&[tag][..], &length, &inside].concat()
    }

    #[test]
    fn the_dates_of_a_certificate_are_read_whatever_its_version() {
        let times = [value(UTC_TIME, &[b"491231235959Z"]), value(GENERALIZED_TIME, &[b"20500101000000Z"])];
        let [serial, issuer] = [value(INTEGER, &[&[1]]), value(SEQUENCE, &[&[0; 300]])];
        let dates = value(SEQUENCE, &[&times[0], &times[1]]);
        let rest = [&serial[..], &value(SEQUENCE, &[]), &issuer, &dates, &value(SEQUENCE, &[])];
        let version = value(VERSION, &[&value(INTEGER, &[&[2]])]);
        for head in [&[][..], &version] {
            let signed = value(SEQUENCE, &[&[head][..], &rest].concat());
            let certificate = value(SEQUENCE, &[&signed, &value(SEQUENCE, &[])]);
            let read = validity(&certificate).unwrap().map(|time| time.to_string());
            assert_eq!(read, ["2049-12-31 23:59:59 UTC", "2050-01-01 00:00:00 UTC"]);
            for end in 0..certificate.len() - 2 {
                assert!(validity(&certificate[..end]).is_none(), "cut off at {end}");
            }
        }
        let last = value(UTC_TIME, &[b"500101000000Z"]);
        assert_eq!(time(&last).unwrap().0.to_string(), "1950-01-01 00:00:00 UTC");
    }
}
