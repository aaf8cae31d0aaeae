//! iperftester measures network links between sites: one YAML topology in, one trustworthy report out.
//!
//! Five layers; a module imports lower ones only. `domain` (L0) holds the nouns; `config`, `plan`, `schedule`, `tool`,
//! `protocol`, `stats`, `verdict` and `report` (L1) decide and touch nothing; `process`, `backend` and `store` (L2) are
//! the edges; `deploy`, `runner` and `agent` (L3) are the services; `cli` (L4) is what the user meets.

pub mod domain;
pub mod plan;
