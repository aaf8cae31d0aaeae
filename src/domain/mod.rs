//! The nouns of the field, valid by construction. Nothing here reads a clock, a file or the network.

mod ascii;
pub mod campaign;
pub mod counters;
pub mod data_path;
pub mod diagnostic;
pub mod facts;
pub mod fleet;
pub mod group;
pub mod host;
pub mod image;
pub mod measurement;
pub mod meeting;
pub mod name;
pub mod path;
pub mod port;
pub mod reason;
pub mod run;
pub mod shaping;
pub mod test;
pub mod topology;
pub mod unit;
pub mod verdict;
