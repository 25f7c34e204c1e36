use std::process::ExitCode;

use super::Context;
use crate::cli::{self, SchemaOf};
use crate::error::Result;
use crate::schema;

/// With and without `--json`, what is printed is the schema itself and nothing around it.
pub(super) fn run(context: &Context, arguments: &cli::Schema) -> Result<ExitCode> {
    let schema = match arguments.of {
        SchemaOf::Session => schema::session(),
        SchemaOf::Config => schema::config(),
    };
    context.output.write(&format!("{schema:#}"))?;
    Ok(ExitCode::SUCCESS)
}
