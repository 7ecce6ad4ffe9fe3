//! The commands, a file each. What they print goes to standard output, what somebody must act on
//! to standard error; `run` says nothing at all when there is nothing to say and no terminal.

mod bounce;
mod columns;
mod desk;
mod digest;
mod exit;
mod feeds;
mod hubs;
mod import;
mod place;
mod publish;
mod run;
mod say;
mod serve;
mod session;
mod standing;
mod subscribers;
mod sync;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;

use session::Session;

/// Publishes a magazine's columns as feeds and sends its weekly digest.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct Cli {
    /// The configuration.
    #[arg(long, global = true, value_name = "FILE", env = "GAZETIER_CONFIG", default_value = "config.toml")]
    config: PathBuf,
    /// Work as if it were this instant: 2026-11-23T08:00 by the magazine's clock, or with an offset.
    #[arg(long, global = true, value_name = "INSTANT")]
    at: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Do all there is to do: read the sources, publish the feeds, send the digest when it is due.
    /// This is what cron calls.
    Run,
    /// Read the sources that the configuration names.
    Sync(sync::Args),
    /// Read columns from files: Markdown with front matter, or a listing as plain text.
    Import(import::Args),
    /// The columns in the store.
    #[command(subcommand)]
    Columns(columns::Command),
    /// Write the feeds that have changed.
    Publish(publish::Args),
    /// How the feeds are served and found.
    #[command(subcommand)]
    Feeds(feeds::Command),
    /// Answer readers: the feeds, the pages to subscribe and to leave, the archive of editions.
    Serve,
    /// The weekly digest.
    #[command(subcommand)]
    Digest(digest::Command),
    /// Who receives it.
    #[command(subcommand)]
    Subscribers(subscribers::Command),
    /// Read what came back: bounces, complaints and unsubscriptions by mail, one message from
    /// standard input or all in a mailbox.
    Bounce(bounce::Args),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("GAZETIER_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // Most of what cron calls has nothing to do, and is done before other threads have begun.
    let mut threads = match &cli.command {
        Command::Serve | Command::Digest(digest::Command::Preview { .. }) => many_threads(),
        _ => Builder::new_current_thread(),
    };
    let runtime = match threads.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&error.into()),
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(code) => code,
        Err(error) => exit::report(&error),
    }
}

/// For what has work for more than one thread.
fn many_threads() -> Builder {
    let mut threads = Builder::new_multi_thread();
    threads.worker_threads(2);
    threads
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let piped = matches!(&cli.command, Command::Bounce(args) if args.is_piped());
    let outcome = open_and_run(cli).await;
    match outcome {
        Err(error) if piped => Ok(exit::report_to_mail_server(&error)),
        outcome => outcome,
    }
}

async fn open_and_run(cli: Cli) -> anyhow::Result<ExitCode> {
    let session = Session::open(&cli.config, cli.at.as_deref()).await?;
    let outcome = match cli.command {
        Command::Run => run::run(&session).await,
        Command::Sync(args) => sync::run(&session, &args).await,
        Command::Import(args) => import::run(&session, &args).await,
        Command::Columns(command) => columns::run(&session, command).await,
        Command::Publish(args) => publish::run(&session, &args).await,
        Command::Feeds(command) => feeds::run(&session, command),
        Command::Serve => serve::run(&session).await,
        Command::Digest(command) => digest::run(&session, command).await,
        Command::Subscribers(command) => subscribers::run(&session, command).await,
        Command::Bounce(args) => bounce::run(&session, &args).await,
    };
    session.store.close().await;
    outcome
}
