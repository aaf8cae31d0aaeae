//! The JSON Schema of the language (draft 2020-12), made from the tables that decoding uses.
//!
//! A schema sees values as an editor's YAML parser gives them: `mtu: 1500` is a number there and `mtu: "1500"` text;
//! both are right, as they are in a topology. What binds one place to another (a name to what it names, a test's
//! interval to its duration) is beyond a schema; `validate` finds it.

mod pattern;
mod reference;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::language::{CONTRACT_WORD, Key, Kinds, MOST_RATE, MOST_TIME, MTU, Metric, Object, TOPOLOGY, Takes};
use pattern::{integers, quantity};

pub use reference::reference;

/// Where the schema of the newest version lies.
const ID: &str = "https://raw.githubusercontent.com/iperftester/iperftester/main/docs/topology.schema.json";
const NAME: &str = "[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?";
/// The least that is more than nothing, in percent.
const LITTLE: f64 = 1e-9;

const BITS: &str = "(?:bits?/s|bps|b/s)";
const TIMES: &[(&str, f64)] =
    &[("[uµ]s", 1e-6), ("ms", 1e-3), ("s", 1.0), ("(?:m|min)", 60.0), ("h", 3600.0), ("d", 86_400.0)];
const SIZES: &[(&str, f64)] = &[
    ("B", 1.0),
    ("[kK]B", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
];

/// The schema.
#[must_use]
pub fn schema() -> Value {
    let mut defs = Defs::default();
    let root = defs.object(&TOPOLOGY);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "iperftester topology",
        "description": "Hosts, sites, probes, links, tests and campaigns of iperftester.",
    });
    for (key, value) in root.as_object().into_iter().flatten() {
        schema[key] = value.clone();
    }
    defs.made.insert(
        "variable".to_owned(),
        json!({
            "type": "string",
            "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}",
            "description": "`${NAME}` or `${NAME:-default}`: the value of an environment variable",
        }),
    );
    schema["$defs"] = defs.made.into_iter().collect::<Map<_, _>>().into();
    schema
}

/// The objects met so far, each once.
#[derive(Default)]
struct Defs {
    made: BTreeMap<String, Value>,
}

impl Defs {
    /// A reference to a definition, which is made where it is not yet.
    fn refer(&mut self, id: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.made.contains_key(id) {
            // Objects do not contain themselves, but a name is taken before its content is made all the same.
            self.made.insert(id.to_owned(), Value::Null);
            let made = make(self);
            self.made.insert(id.to_owned(), made);
        }
        json!({ "$ref": format!("#/$defs/{id}") })
    }

    fn object(&mut self, object: &'static Object) -> Value {
        let required: Vec<&str> = object.keys.iter().filter(|k| k.required).map(|k| k.name).collect();
        let empty = required.is_empty() && !object.some;
        let mut schema = json!({
            "type": if empty { json!(["object", "null"]) } else { json!("object") },
            "additionalProperties": false,
            "properties": self.properties(object.keys.iter()),
        });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if object.some {
            schema["minProperties"] = json!(1);
        }
        schema
    }

    fn kind(&mut self, kinds: &'static Kinds) -> Value {
        let one: Vec<Value> = kinds.kinds.iter().map(|kind| json!({ "required": [kind.name] })).collect();
        json!({
            "type": "object",
            "additionalProperties": false,
            "properties": self.properties(kinds.kinds.iter().chain(kinds.extras)),
            "oneOf": one,
        })
    }

    fn properties(&mut self, keys: impl Iterator<Item = &'static Key>) -> Map<String, Value> {
        keys.map(|key| {
            let mut schema = self.value(key.takes);
            if let Takes::Map(_) = key.takes {
                let kind = if key.required { json!("object") } else { json!(["object", "null"]) };
                schema["type"] = kind;
                if key.required {
                    schema["minProperties"] = json!(1);
                }
            }
            schema["description"] = json!(key.about);
            schema["examples"] = json!([key.example]);
            (key.name.to_owned(), schema)
        })
        .collect()
    }

    /// What a value may be.
    fn value(&mut self, takes: Takes) -> Value {
        match takes {
            Takes::Object(object) => self.refer(object.id, |defs| defs.object(object)),
            Takes::Kind(kinds) => self.refer(kinds.id, |defs| defs.kind(kinds)),
            Takes::Map(item) => json!({
                "propertyNames": { "pattern": whole(NAME) },
                "additionalProperties": self.value(*item),
            }),
            Takes::List(item) => json!({ "type": "array", "minItems": 1, "items": self.value(*item) }),
            Takes::Directed(value) => {
                let value = self.value(*value);
                let way = format!(r"\s*{NAME}\s*->\s*{NAME}\s*");
                let each = json!({
                    "type": "object",
                    "propertyNames": { "pattern": whole(&way) },
                    "additionalProperties": value,
                });
                json!({ "anyOf": [value, each] })
            }
            Takes::OneOf(several) => {
                let several: Vec<Value> = several.iter().map(|one| self.value(*one)).collect();
                json!({ "anyOf": several })
            }
            Takes::Names => {
                let name = self.value(Takes::Name);
                json!({ "anyOf": [name, { "type": "array", "items": name }] })
            }
            Takes::SomeNames => {
                let name = self.value(Takes::Name);
                json!({ "anyOf": [name, { "type": "array", "minItems": 1, "items": name }] })
            }
            Takes::TwoNames => {
                let name = self.value(Takes::Name);
                json!({ "type": "array", "minItems": 2, "maxItems": 2, "items": name })
            }
            single => match shared(single) {
                Some(id) => self.refer(id, |_| or_variable(&scalar(single))),
                None => or_variable(&scalar(single)),
            },
        }
    }
}

/// A single value, or a variable that stands for one.
fn or_variable(schema: &Value) -> Value {
    let variable = json!({ "$ref": "#/$defs/variable" });
    json!({ "anyOf": [schema, variable] })
}

/// The definition of what stands in many places.
fn shared(takes: Takes) -> Option<&'static str> {
    match takes {
        Takes::Name => Some("name"),
        Takes::Rate => Some("bitrate"),
        Takes::Ratio => Some("ratio"),
        Takes::Share => Some("share"),
        Takes::Time { least: Duration::ZERO, most: MOST_TIME } => Some("time"),
        Takes::Ports => Some("ports"),
        Takes::Address => Some("address"),
        Takes::Ip => Some("ip"),
        Takes::Limit(Metric::Throughput) => Some("throughput-limit"),
        Takes::Limit(Metric::Rtt | Metric::Jitter) => Some("time-limit"),
        Takes::Limit(Metric::Mtu) => Some("mtu-limit"),
        _ => None,
    }
}

fn whole(pattern: &str) -> String {
    format!("^(?:{pattern})$")
}

/// Text of a form. Editors show the message instead of the pattern.
fn text(pattern: &str, what: &str) -> Value {
    json!({ "type": "string", "pattern": whole(pattern), "patternErrorMessage": format!("must be {what}") })
}

#[allow(clippy::cast_precision_loss, reason = "bounds are exact to more digits than anybody writes")]
fn scalar(takes: Takes) -> Value {
    match takes {
        Takes::Form(what, pattern) => text(pattern, what),
        Takes::Name => {
            json!({ "anyOf": [text(NAME, "a name of a-z, 0-9 and inner hyphens"), { "type": "integer", "minimum": 0 }] })
        }
        Takes::Rate => rate(),
        Takes::Ratio => text(&quantity(&[("%", 1.0)], 0.0, 100.0), "a share such as 0.1%"),
        Takes::Share => text(&quantity(&[("%", 1.0)], LITTLE, 100.0), "a share such as 80%"),
        Takes::Time { least, most } => time(least, most),
        Takes::Size { least, most } => text(&quantity(SIZES, least as f64, most as f64), "a size such as 64KiB"),
        Takes::Number { least, most } => {
            let digits = text(&integers(least.into(), most.into()), &format!("a whole number, {least} to {most}"));
            json!({ "anyOf": [{ "type": "integer", "minimum": least, "maximum": most }, digits] })
        }
        Takes::Thousandths { least, most } => {
            let (least, most) = (f64::from(least) / 1000.0, f64::from(most) / 1000.0);
            let digits = text(&pattern::decimals(least, most).unwrap_or_default(), "a number such as 0.5");
            json!({ "anyOf": [{ "type": "number", "minimum": least, "maximum": most }, digits] })
        }
        Takes::Boolean => json!({ "enum": [true, false, "true", "false"] }),
        Takes::Words(words) => json!({ "enum": words }),
        Takes::Ports => {
            let port = integers(1, 65_535);
            let range = text(&format!(r"0*{port}\s*(?:-\s*0*{port})?"), "a port or a range such as 5201-5220");
            json!({ "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 65_535 }, range] })
        }
        Takes::Address => text(&address("(?:/BITS)?"), "an IP address"),
        Takes::AddressWithPrefix => text(&address("/BITS"), "an IP address with its prefix, such as 192.0.2.9/24"),
        Takes::Ip => text(&address(""), "an IP address"),
        Takes::Date => json!({ "type": "string", "format": "date" }),
        Takes::Limit(metric) => limit(metric),
        // Text, and what is no single value.
        _ => json!({ "type": ["string", "number", "boolean"] }),
    }
}

#[allow(clippy::cast_precision_loss, reason = "ten terabits are exact")]
fn rate() -> Value {
    let units = [("", 1.0, ""), ("[kK]", 1e3, "?"), ("M", 1e6, "?"), ("G", 1e9, "?"), ("T", 1e12, "?")];
    let units = units.map(|(prefix, factor, suffix)| (format!("{prefix}{BITS}{suffix}"), factor));
    let units: Vec<(&str, f64)> = units.iter().map(|(unit, factor)| (unit.as_str(), *factor)).collect();
    // What rounds to one bit per second is one.
    text(&quantity(&units, 0.5, MOST_RATE as f64), "a rate such as 100M or 2.5G")
}

fn time(least: Duration, most: Duration) -> Value {
    text(&quantity(TIMES, least.as_secs_f64(), most.as_secs_f64()), "a time such as 500ms or 10s")
}

fn limit(metric: Metric) -> Value {
    let contract = json!({ "const": CONTRACT_WORD });
    let share = || text(&quantity(&[("%", 1.0)], LITTLE, 10_000.0), "a share of the contract such as 90%");
    let ways = match metric {
        Metric::Throughput => vec![contract, share(), rate()],
        Metric::Rtt | Metric::Jitter => vec![contract, share(), time(Duration::ZERO, MOST_TIME)],
        Metric::Loss => vec![contract, scalar(Takes::Ratio)],
        Metric::Mtu => vec![contract, share(), scalar(MTU)],
    };
    json!({ "anyOf": ways })
}

/// Addresses of machines, with `prefix` behind them, in which BITS stands for its length.
fn address(prefix: &str) -> String {
    let bits = |most| prefix.replace("BITS", &integers(0, most));
    let (first, octet) = (integers(1, 223), integers(0, 255));
    let four = format!(r"{first}(?:\.{octet}){{3}}");
    // Which groups may be left out is too much for a pattern.
    let six = format!(r"(?=[^/]*:[^/]*:)(?![fF]{{2}})[0-9A-Fa-f:]{{3,39}}(?:(?:\.{octet}){{3}})?");
    format!("{four}{}|{six}{}", bits(32), bits(128))
}

#[cfg(test)]
mod tests;
