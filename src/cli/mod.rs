//! The commands, a file each. What they print goes to standard output, what somebody must act on
//! to standard error; `run` says nothing at all when there is nothing to say and no terminal.

/// Prints a line to standard error, in all files of the room: it takes the place of the standard
/// library's macro, so that nobody calls that one by mistake.
macro_rules! eprintln {
    ($($argument:tt)*) => { $crate::cli::say::message(format_args!($($argument)*)) };
}

mod again;
mod bounce;
mod columns;
mod desk;
mod digest;
mod doors;
mod exit;
mod feeds;
mod hubs;
mod import;
mod publish;
mod restored;
mod run;
mod say;
mod serve;
mod session;
mod standing;
mod status;
mod stop;
mod subscribers;
mod sync;
mod tidy;

use std::{io::IsTerminal, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;
use tracing_subscriber::EnvFilter;

use session::Session;

/// Publishes a magazine's columns as feeds and sends its weekly digest.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct Cli {
    /// The configuration.
    #[arg(long, global = true, value_name = "FILE", env = "GAZETIER_CONFIG", default_value = "config.toml")]
    config: PathBuf,
    /// Work as if it were this instant: 2026-11-23T08:00 by the magazine's clock, or with an offset,
    /// 2026-11-23T08:00+01:00.
    #[arg(long, global = true, value_name = "INSTANT")]
    at: Option<String>,
    /// Give editions to a relay also if their hour is more than a day ahead of this machine's clock.
    #[arg(long, global = true, env = "GAZETIER_FUTURE")]
    future: bool,
    /// Say on standard error what the program does, as its libraries tell it.
    #[arg(long, short, global = true)]
    verbose: bool,
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
    /// Who is at the editors' desk.
    #[command(subcommand)]
    Desk(doors::Command),
    /// Who receives it.
    #[command(subcommand)]
    Subscribers(subscribers::Command),
    /// Say whose the store is, and what somebody should see to.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove what need not be kept any longer, as `run` does once a day: letters of old editions.
    Tidy,
    /// Read what came back: bounces, complaints and unsubscriptions by mail, one message from
    /// standard input or all in a mailbox.
    Bounce(bounce::Args),
}

impl Command {
    /// Whether people come by, several at once.
    fn has_guests(&self) -> bool {
        matches!(self, Self::Serve | Self::Digest(digest::Command::Preview { .. }))
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return say::usage(&error),
    };
    log(cli.verbose);
    // Most of what cron calls has nothing to do, and is done before other threads have begun.
    let mut threads = if cli.command.has_guests() { many_threads() } else { Builder::new_current_thread() };
    let runtime = match threads.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&error.into()),
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(code) => say::code(code),
        Err(error) => exit::report(&error),
    }
}

/// What is logged goes to standard error. What libraries have to say is for who asks: cron would mail it.
fn log(verbose: bool) {
    let usual = if verbose { "info" } else { "gazetier=warn" };
    let filter = EnvFilter::try_from_env("GAZETIER_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| say::Log)
        .with_ansi(std::io::stderr().is_terminal())
        // It would tell of a line that cannot be written where that one could not be written, and panic.
        .log_internal_errors(false)
        .init();
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
    let guests = cli.command.has_guests();
    let session = Session::open(&cli.config, cli.at.as_deref(), cli.future, guests).await?;
    // Under cron, only with the letters that it is about.
    if !matches!(cli.command, Command::Run) || std::io::stderr().is_terminal() {
        session.warn();
    }
    let outcome = match cli.command {
        Command::Run => run::run(&session).await,
        Command::Sync(args) => sync::run(&session, &args).await,
        Command::Import(args) => import::run(&session, &args).await,
        Command::Columns(command) => columns::run(&session, command).await,
        Command::Publish(args) => publish::run(&session, &args).await,
        Command::Feeds(command) => feeds::run(&session, command),
        Command::Serve => serve::run(&session).await,
        Command::Digest(command) => digest::run(&session, command).await,
        Command::Desk(command) => doors::run(&session, command).await,
        Command::Subscribers(command) => subscribers::run(&session, command).await,
        Command::Status { json } => status::run(&session, json).await,
        Command::Tidy => tidy::run(&session).await,
        Command::Bounce(args) => bounce::run(&session, &args).await,
    };
    session.store.close().await;
    outcome
}
