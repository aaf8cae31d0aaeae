//! Quantities with their unit, as engineers write them: `100M`, `64KiB`, `500ms`, `0.1%`.
//!
//! Rates are bits per second and decimal, as in iperf3's `-b` (iperf3(1)); sizes are bytes and always carry their unit;
//! times carry theirs; ratios are written in percent. A bare number is refused with the spelling that was probably meant.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A bit rate in bits per second, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bitrate(u64);

/// A size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteSize(u64);

/// A share between 0 and 1, written in percent.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ratio(f64);

/// Why a text is no quantity, and the spelling that was probably meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFault {
    /// One sentence, without the text itself.
    pub message: String,
    /// A text that would be accepted, when one is near.
    pub meant: Option<String>,
}

impl fmt::Display for UnitFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.meant {
            Some(meant) => write!(f, " (did you mean `{meant}`?)"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnitFault {}

fn fault(message: impl Into<String>, meant: Option<String>) -> UnitFault {
    UnitFault { message: message.into(), meant }
}

/// Splits `text` into its number and the unit behind it.
fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    if digits.starts_with('.') || digits.ends_with('.') {
        return None;
    }
    let number: f64 = digits.parse().ok()?;
    number.is_finite().then_some((number, unit.trim_start()))
}

/// What is wrong with a number that has a comma, as `12,5M`; `None` where it has none. `parse` reads the quantity. Three digits
/// behind it are a fraction to some and thousands to others, so both are shown.
fn comma<T>(text: &str, parse: fn(&str) -> Result<T, UnitFault>) -> Option<UnitFault> {
    let (whole, part) = text.trim().split_once(',')?;
    let digits = part.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || whole.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let pointed = format!("{whole}.{part}");
    Some(match parse(&pointed) {
        Ok(_) if digits == 3 && whole != "0" => {
            fault(format!("a number has no comma: write `{pointed}`, or `{whole}{part}` for thousands"), None)
        }
        Ok(_) => fault("the decimal mark is a point", Some(pointed)),
        Err(UnitFault { meant: Some(meant), .. }) => fault("the decimal mark is a point", Some(meant)),
        Err(other) => other,
    })
}

/// `number × factor` as a whole number, where nothing but the rounding of the decimal fraction is lost.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn scaled(number: f64, factor: f64) -> Option<u64> {
    let value = (number * factor).round();
    (value < u64::MAX as f64).then_some(value as u64)
}

impl Bitrate {
    /// A rate of `bits_per_second`; `None` for 0, which is no rate.
    #[must_use]
    pub const fn new(bits_per_second: u64) -> Option<Self> {
        if bits_per_second == 0 { None } else { Some(Self(bits_per_second)) }
    }

    /// Bits per second.
    #[must_use]
    pub const fn bits_per_second(self) -> u64 {
        self.0
    }

    /// Bits per second, for arithmetic.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub const fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// This rate times `factor`, at least 1 bit/s.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn scale(self, factor: f64) -> Self {
        Self(((self.as_f64() * factor).round() as u64).max(1))
    }

    /// Reads `100M`, `2.5G`, `64k`, `100 Mbit/s`, `1Gbps`.
    ///
    /// # Errors
    /// A [`UnitFault`] for a bare number, an unknown unit, bytes, or a rate of zero.
    pub fn parse(text: &str) -> Result<Self, UnitFault> {
        if let Some(fault) = comma(text, Self::parse) {
            return Err(fault);
        }
        let Some((number, unit)) = split(text) else {
            return Err(fault("not a rate: a rate is a number and its unit, such as `100M` or `2.5G`", None));
        };
        let prefix = ["bit/s", "bits/s", "bps", "b/s"].iter().find_map(|s| unit.strip_suffix(s)).unwrap_or(unit);
        let factor = match prefix {
            "" if prefix.len() != unit.len() => 1.0,
            "" => {
                let meant = if number >= 1e6 {
                    scaled(number, 1.0).and_then(Self::new).map(|r| r.to_string())
                } else {
                    Some(format!("{}M", trim_number(number)))
                };
                return Err(fault("a rate needs its unit (bits per second: `k`, `M`, `G`)", meant));
            }
            "k" | "K" => 1e3,
            "M" => 1e6,
            "G" => 1e9,
            "T" => 1e12,
            "m" => {
                return Err(fault("`m` is no unit of a rate", Some(format!("{}M", trim_number(number)))));
            }
            "g" => return Err(fault("`g` is no unit of a rate", Some(format!("{}G", trim_number(number))))),
            _ => {
                return Err(fault(
                    format!("`{unit}` is no unit of a rate: rates are bits per second with `k`, `M`, `G` or `T`"),
                    None,
                ));
            }
        };
        match scaled(number, factor) {
            Some(0) => Err(fault("a rate cannot be zero", None)),
            Some(value) => Ok(Self(value)),
            None => Err(fault("this rate is beyond any link", None)),
        }
    }
}

fn trim_number(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl fmt::Display for Bitrate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (factor, unit) in [(1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")] {
            // The short form is used where it is exact to three decimals, so that reading it back gives the same rate.
            if self.0 >= factor && self.0.is_multiple_of(factor / 1000) {
                #[allow(clippy::cast_precision_loss)]
                return write!(f, "{}{unit}", trim_number(self.0 as f64 / factor as f64));
            }
        }
        write!(f, "{}bit/s", self.0)
    }
}

impl ByteSize {
    /// A size of `bytes`.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// Reads `1448B`, `64KiB`, `50GB`.
    ///
    /// # Errors
    /// A [`UnitFault`] for a bare number or an unknown unit.
    pub fn parse(text: &str) -> Result<Self, UnitFault> {
        if let Some(fault) = comma(text, Self::parse) {
            return Err(fault);
        }
        let Some((number, unit)) = split(text) else {
            return Err(fault("not a size: a size is a number and its unit, such as `64KiB` or `50GB`", None));
        };
        let factor = match unit {
            "B" => 1.0,
            "kB" | "KB" => 1e3,
            "MB" => 1e6,
            "GB" => 1e9,
            "TB" => 1e12,
            "KiB" => 1024.0,
            "MiB" => 1_048_576.0,
            "GiB" => 1_073_741_824.0,
            "" => return Err(fault("a size needs its unit", Some(format!("{}B", trim_number(number))))),
            "K" | "k" | "M" | "G" => {
                let meant = format!("{}{}iB", trim_number(number), unit.to_ascii_uppercase());
                return Err(fault(format!("`{unit}` is ambiguous for a size"), Some(meant)));
            }
            _ => {
                return Err(fault(
                    format!("`{unit}` is no unit of a size: use `B`, `kB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`"),
                    None,
                ));
            }
        };
        scaled(number, factor).map(Self).ok_or_else(|| fault("this size is beyond any disk", None))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (factor, unit) in [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")] {
            if self.0 >= factor && self.0.is_multiple_of(factor / 1000) {
                #[allow(clippy::cast_precision_loss)]
                return write!(f, "{}{unit}", trim_number(self.0 as f64 / factor as f64));
            }
        }
        write!(f, "{}B", self.0)
    }
}

impl Ratio {
    /// A share; `None` outside 0..=1 or where it is no number.
    #[must_use]
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }

    /// The share, 0 to 1.
    #[must_use]
    pub const fn share(self) -> f64 {
        self.0
    }

    /// Reads `0.1%`.
    ///
    /// # Errors
    /// A [`UnitFault`] for a missing `%` or a share over 100 %.
    pub fn parse(text: &str) -> Result<Self, UnitFault> {
        if let Some(fault) = comma(text, Self::parse) {
            return Err(fault);
        }
        match split(text) {
            Some((number, "%")) => Self::new(number / 100.0).ok_or_else(|| fault("a ratio is at most `100%`", None)),
            Some((number, "")) => {
                Err(fault("a ratio is written in percent", Some(format!("{}%", trim_number(number)))))
            }
            _ => Err(fault("not a ratio: a ratio is written in percent, such as `0.1%`", None)),
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", trim_number(self.0 * 100.0))
    }
}

/// Reads a time: `500ms`, `10s`, `5m`, `2h`, `250us`.
///
/// # Errors
/// A [`UnitFault`] for a bare number or an unknown unit.
pub fn parse_duration(text: &str) -> Result<Duration, UnitFault> {
    if let Some(fault) = comma(text, parse_duration) {
        return Err(fault);
    }
    let Some((number, unit)) = split(text) else {
        return Err(fault("not a time: a time is a number and its unit, such as `500ms` or `10s`", None));
    };
    let factor = match unit {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "" => return Err(fault("a time needs its unit", Some(format!("{}s", trim_number(number))))),
        _ => {
            return Err(fault(format!("`{unit}` is no unit of time: use `us`, `ms`, `s`, `m`, `h` or `d`"), None));
        }
    };
    Duration::try_from_secs_f64(number * factor).map_err(|_| fault("this time is too long", None))
}

/// Writes a time the way [`parse_duration`] reads it.
#[must_use]
pub fn format_duration(time: Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0 => "0s".to_owned(),
        m if m % 1_000_000 == 0 => {
            let s = m / 1_000_000;
            if s % 3600 == 0 {
                format!("{}h", s / 3600)
            } else if s % 60 == 0 {
                format!("{}m", s / 60)
            } else {
                format!("{s}s")
            }
        }
        m if m >= 1_000_000 && m % 1000 == 0 => format!("{}s", trim_number(time.as_secs_f64())),
        m if m % 1000 == 0 => format!("{}ms", m / 1000),
        m => format!("{m}us"),
    }
}

/// A [`Duration`] that is stored as seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(#[serde(with = "seconds")] pub Duration);

/// serde of a [`Duration`] as seconds, for fields named `…_seconds`.
pub mod seconds {
    use super::Duration;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    /// Writes seconds.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(time: &Duration, s: S) -> Result<S::Ok, S::Error> {
        time.as_secs_f64().serialize(s)
    }

    /// Reads seconds.
    ///
    /// # Errors
    /// The deserializer's, or a negative or endless time.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(d)?).map_err(de::Error::custom)
    }

    /// The same for an optional time.
    pub mod option {
        use super::{Deserialize, Deserializer, Duration, Serialize, Serializer, de};

        /// Writes seconds or null.
        ///
        /// # Errors
        /// The serializer's.
        #[allow(clippy::ref_option)]
        pub fn serialize<S: Serializer>(time: &Option<Duration>, s: S) -> Result<S::Ok, S::Error> {
            time.map(|t| t.as_secs_f64()).serialize(s)
        }

        /// Reads seconds or null.
        ///
        /// # Errors
        /// The deserializer's, or a negative or endless time.
        pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
            Option::<f64>::deserialize(d)?
                .map(|s| Duration::try_from_secs_f64(s).map_err(de::Error::custom))
                .transpose()
        }
    }
}
