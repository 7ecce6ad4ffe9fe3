//! `gazetier feeds`: what a web server and the magazine's pages are to be told of the feeds.

use std::process::ExitCode;

use anyhow::Context;

use super::{Execute, exit, session::Session};
use crate::publish::forms::{rights, serving};

/// How the feeds are served and found.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print what a web server needs to serve the feeds right, or what the magazine's pages need
    /// so that readers find them.
    Snippet {
        /// For whom.
        server: SnippetTarget,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum SnippetTarget {
    /// `location` blocks for nginx.
    Nginx,
    /// Directives for a site block of a Caddyfile.
    Caddy,
    /// Lines for the head of the magazine's pages.
    Html,
    /// Lines for the magazine's robots.txt.
    Robots,
}

impl Execute for Command {
    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let Command::Snippet { server } = self;
        let config = &session.config;
        let folder = || {
            let folder = std::path::absolute(&config.feeds.path).context("cannot find the folder of the feeds")?;
            let unwritten =
                || exit::failure(exit::CONFIGURATION, "feeds.path is no UTF-8: give the feeds another folder");
            folder.into_os_string().into_string().map_err(|_| unwritten())
        };
        let text = match server {
            SnippetTarget::Nginx => serving::nginx(config, &folder()?)?,
            SnippetTarget::Caddy => serving::caddy(config, &folder()?)?,
            SnippetTarget::Html => serving::html(config)?,
            SnippetTarget::Robots => rights::robots(config)?,
        };
        println!("{}", text.trim_end());
        Ok(ExitCode::SUCCESS)
    }
}
