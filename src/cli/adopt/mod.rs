//! `gazetier adopt`: looks at what somebody moves in with, says what would be taken of it, and writes the blocks of the
//! configuration. The store is left as it is.

mod blocks;
mod find;
mod report;
mod write;

use std::process::ExitCode;

use super::{Execute, exit, session::Session};
use crate::{
    config::{Config, Source},
    ingest::{
        ImportContext,
        survey::{self, Survey},
    },
};

use blocks::Blocks;
use find::{FoundSource, FoundThing};

/// Look at a site's folder, an export, a table or a feed: what it is, what of it would be taken, and the lines of the
/// configuration that take it. Nothing is taken yet.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder of Hugo, Zola, Jekyll, Pelican, Eleventy, Decap or Markdown; a file of WordPress, Ghost, a feed, CSV or
    /// JSON Lines; the address of a feed, or of a site that has one.
    #[arg(value_name = "FOLDER|FILE|URL")]
    what: String,
    /// What the source is to be called; its columns are known by it for ever.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Write the lines to the end of the configuration.
    #[arg(long)]
    write: bool,
}

impl Execute for Args {
    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let config = &session.config;
        let found = find::find(session, &self.what, self.name.as_deref()).await?;
        let first = surveys(&found, session, config)?;
        let blocks = Blocks::new(&found, &first, config);
        let text = std::fs::read_to_string(&config.path)?;
        let proposed = Config::parse(&write::with_blocks(&text, &blocks.text), &config.path);
        let surveys = match &proposed {
            Ok(proposed) => surveys(&found, session, proposed)?,
            Err(_) => first,
        };
        for line in report::lines(&found, &surveys, &blocks, session) {
            // A line end in it would be one of the configuration's.
            println!("{}", format!("# {}", line.replace(char::is_control, " ")).trim_end());
        }
        if let Err(error) = proposed {
            println!("\n{}", blocks.text.trim_end());
            let message = format!("these lines are not for this configuration: {error}; nothing is written");
            return Err(exit::failure(exit::CONFIGURATION, message));
        }
        if surveys.iter().map(|survey| survey.taken() + survey.drafts).sum::<usize>() == 0 {
            let message = format!("{}: nothing of it would be taken, see above; nothing is written", self.what);
            return Err(exit::failure(exit::BAD_INPUT, message));
        }
        if self.write {
            write::append(config, &text, &blocks.text)?;
            println!("# Written to {}: gazetier sync takes it.", config.path.display());
        } else {
            println!("\n{}", blocks.text.trim_end());
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What each source would give, by a configuration.
fn surveys(found: &FoundThing, session: &Session, config: &Config) -> anyhow::Result<Vec<Survey>> {
    let context = ImportContext { magazine: &config.magazine, rubriques: &config.rubriques, at: session.at };
    let survey = |found_source: &FoundSource| {
        let configured = config.sources.iter().find(|source| source.name == found_source.name);
        // What the configuration says of it is part of what it gives.
        let source = Source {
            path: found_source.path.clone(),
            ..configured.cloned().unwrap_or_else(|| found_source.unconfigured())
        };
        Ok(survey::survey(&source, found.fetched.as_ref(), context)?)
    };
    found.sources.iter().map(survey).collect()
}
