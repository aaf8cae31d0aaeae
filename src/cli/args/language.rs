//! Arguments of the verbs on the topology language.

use clap::{Args, ValueEnum};

/// `init`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iperftester -t office.yaml init")]
pub(in crate::cli) struct Init {
    /// Overwrite an existing file
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

/// `validate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester validate
  iperftester validate --resolved              each value in the end, with its origin
  iperftester validate --output json | jq '.diagnostics[].code'")]
pub(in crate::cli) struct Validate {
    /// Print the whole topology as it is understood: included files merged, variables and defaults filled in, each
    /// value with its origin
    #[arg(long)]
    pub(in crate::cli) resolved: bool,
}

/// `schema`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  iperftester schema > topology.schema.json
  and in the first line of a topology:  # yaml-language-server: $schema=topology.schema.json")]
pub(in crate::cli) struct Schema {
    /// Form of the description
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = SchemaFormat::Json)]
    pub(in crate::cli) format: SchemaFormat,
}

/// Forms of the language's description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SchemaFormat {
    /// JSON Schema, draft 2020-12
    Json,
    /// The reference of the guide: every object with its keys
    Markdown,
}
