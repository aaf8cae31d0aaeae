//! iperftester measures network links between sites: one YAML topology in, one trustworthy report out.
//!
//! Five layers; a module imports lower layers only. `domain` (L0) holds the nouns; `i18n`, `config`, `plan`, `schedule`,
//! `tool`, `protocol`, `stats`, `verdict` and `report` (L1) decide and touch nothing; `process`, `image`, `backend`, `store`
//! and `lock` (L2) are the edges; `deploy`, `runner`, `agent` and `doctor` (L3) are the services; `cli` (L4) is what the user meets.

pub mod agent;
pub mod backend;
pub mod cli;
pub mod config;
pub mod deploy;
pub mod doctor;
pub mod domain;
pub mod i18n;
pub mod image;
pub mod lock;
pub mod plan;
pub mod process;
pub mod protocol;
pub mod report;
pub mod runner;
pub mod schedule;
pub mod stats;
pub mod store;
pub mod tool;
pub mod verdict;
