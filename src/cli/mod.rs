//! The commands, a file each. What they print goes to standard output, what somebody must act on
//! to standard error; `run` says nothing at all when there is nothing to say and no terminal.

/// Prints a line to standard output. In all files of the room it takes the place of the standard library's macro,
/// which panics where nothing can be written.
macro_rules! println {
    ($($argument:tt)*) => { $crate::cli::output::line(format_args!($($argument)*)) };
}

/// Prints a line to standard error, likewise.
macro_rules! eprintln {
    ($($argument:tt)*) => { $crate::cli::output::message(format_args!($($argument)*)) };
}

mod adopt;
mod bounce;
mod columns;
mod completions;
mod desk;
mod digest;
mod doctor;
mod dry_run;
mod exit;
mod export_output;
mod feeds;
mod hubs;
mod import;
mod init;
mod man;
mod output;
mod publish;
mod reconnect;
mod relay_log;
mod restored;
mod run;
mod serve;
mod session;
mod status;
mod stop;
mod store;
mod subscribers;
mod sync;
mod templates;
mod tidy;

use std::{io::IsTerminal, path::PathBuf, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};
use tokio::runtime::Builder;
use tracing::Instrument;
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
    /// The newsletter that this is about, by its name; the first without it.
    #[arg(long, global = true, value_name = "NAME")]
    newsletter: Option<String>,
    /// Say on standard error what the program does, as its libraries tell it.
    #[arg(long, short, global = true)]
    verbose: bool,
    /// Say nothing of what went well.
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// How what is logged is written.
    #[arg(long, global = true, value_name = "FORM", env = "GAZETIER_LOG_FORM", default_value = "text")]
    log: LogForm,
    #[command(subcommand)]
    command: Command,
}

/// How what is logged is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LogForm {
    Text,
    // An object on each line.
    Json,
}

/// What each command's file implements.
trait Execute {
    /// Whether people wait for its answers, several at once.
    fn is_concurrent(&self) -> bool {
        false
    }

    /// Whether cron calls it, and mails what it prints.
    fn is_called_by_cron(&self) -> bool {
        false
    }

    /// Whether a mail server hands over one message and acts on the exit code.
    fn is_piped(&self) -> bool {
        false
    }

    /// Whether what it prints is what was asked for, and not only how it went.
    fn is_listing(&self) -> bool {
        true
    }

    /// Does it without configuration and store, if that is how it was called.
    fn execute_alone(&self) -> Option<anyhow::Result<ExitCode>> {
        None
    }

    /// Does what the command is there for.
    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode>;
}

/// The enum of all commands, which hands everything on to the command that was called.
macro_rules! commands {
    ($($(#[$attribute:meta])* $name:ident($args:ty),)+) => {
        #[derive(Debug, Subcommand)]
        enum Command {
            $($(#[$attribute])* $name($args),)+
        }

        impl Execute for Command {
            fn is_concurrent(&self) -> bool {
                match self { $(Self::$name(args) => args.is_concurrent(),)+ }
            }

            fn is_called_by_cron(&self) -> bool {
                match self { $(Self::$name(args) => args.is_called_by_cron(),)+ }
            }

            fn is_piped(&self) -> bool {
                match self { $(Self::$name(args) => args.is_piped(),)+ }
            }

            fn is_listing(&self) -> bool {
                match self { $(Self::$name(args) => args.is_listing(),)+ }
            }

            fn execute_alone(&self) -> Option<anyhow::Result<ExitCode>> {
                match self { $(Self::$name(args) => args.execute_alone(),)+ }
            }

            async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
                match self { $(Self::$name(args) => args.execute(session).await,)+ }
            }
        }
    };
}

// A command is a line here, its module above and a file that says what it takes and does.
commands! {
    Init(init::Args),
    Doctor(doctor::Args),
    Run(run::Args),
    Sync(sync::Args),
    Import(import::Args),
    Adopt(adopt::Args),
    #[command(subcommand)] Columns(columns::Command),
    Publish(publish::Args),
    #[command(subcommand)] Feeds(feeds::Command),
    Serve(serve::Args),
    #[command(subcommand)] Digest(digest::Command),
    #[command(subcommand)] Templates(templates::Command),
    #[command(subcommand)] Desk(desk::Command),
    #[command(subcommand)] Subscribers(subscribers::Command),
    Status(status::Args),
    #[command(subcommand)] Store(store::Command),
    Tidy(tidy::Args),
    Bounce(bounce::Args),
    RelayLog(relay_log::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// The command line, for who documents it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::print_usage(&error),
    };
    log(cli.verbose, cli.log);
    if cli.quiet && !cli.command.is_listing() {
        output::silence();
    }
    // Who collects logs of many runs tells them apart by it.
    let span = match cli.verbose || cli.log == LogForm::Json {
        true => tracing::error_span!("run", id = %run_id()),
        false => tracing::Span::none(),
    };
    // Most of what cron calls has nothing to do, and is done before other threads have begun.
    let mut threads = if cli.command.is_concurrent() { many_threads() } else { Builder::new_current_thread() };
    let runtime = match threads.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&error.into()),
    };
    match runtime.block_on(dispatch(cli).instrument(span)) {
        Ok(code) => output::exit_code(code),
        Err(error) => exit::report(&error),
    }
}

/// What is logged goes to standard error. What libraries have to say is for who asks: cron would mail it.
fn log(verbose: bool, form: LogForm) {
    let usual = if verbose { "info" } else { "gazetier=warn" };
    let filter = EnvFilter::try_from_env("GAZETIER_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| output::LogWriter)
        .with_ansi(form == LogForm::Text && std::io::stderr().is_terminal())
        // It would tell of a line that cannot be written where that one could not be written, and panic.
        .log_internal_errors(false);
    match form {
        LogForm::Text => subscriber.init(),
        LogForm::Json => subscriber.json().flatten_event(true).with_span_list(false).init(),
    }
}

/// A few digits that no other run has.
fn run_id() -> String {
    let mut bytes = [0; 6];
    match getrandom::fill(&mut bytes) {
        Ok(()) => data_encoding::HEXLOWER.encode(&bytes),
        Err(_) => std::process::id().to_string(),
    }
}

/// For what has work for more than one thread.
fn many_threads() -> Builder {
    let mut threads = Builder::new_multi_thread();
    threads.worker_threads(2);
    threads
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let piped = cli.command.is_piped();
    let outcome = open_and_execute(cli).await;
    match outcome {
        Err(error) if piped => Ok(exit::report_to_mail_server(&error)),
        outcome => outcome,
    }
}

async fn open_and_execute(cli: Cli) -> anyhow::Result<ExitCode> {
    let command = match cli.command {
        // There is no configuration yet.
        Command::Init(args) => return init::run(args, &cli.config),
        // It may be wrong.
        Command::Doctor(args) => return doctor::run(&args, &cli.config, cli.at.as_deref()).await,
        // It need not be in use.
        Command::Store(command) => return store::run(command, &cli.config).await,
        command => command,
    };
    if let Some(outcome) = command.execute_alone() {
        return outcome;
    }
    let session = Session::open(&cli.config, cli.at.as_deref(), cli.future, command.is_concurrent()).await?;
    // Under cron, only with the letters that it is about.
    if !command.is_called_by_cron() || std::io::stderr().is_terminal() {
        session.warn();
    }
    let chosen = cli.newsletter.as_deref().map(|name| session.of_newsletter(name)).transpose();
    let outcome = match chosen {
        Ok(chosen) => command.execute(chosen.as_ref().unwrap_or(&session)).await,
        Err(error) => Err(error),
    };
    session.store.close().await;
    outcome
}
