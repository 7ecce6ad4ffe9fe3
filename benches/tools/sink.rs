//! The relay of the delivery benchmarks: takes letters, counts them, and says how many came in
//! which time when it is told to stop (SIGTERM, Ctrl-C).
#![allow(missing_docs)]

// Tests use more of it than a program does.
#[allow(dead_code)]
#[path = "sink/server.rs"]
mod server;

use std::{path::PathBuf, time::Duration};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// An SMTP server on loopback that takes every letter and keeps none.
#[derive(Debug, Parser)]
struct Args {
    /// Any free port if missing; it is told on standard output.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A round trip: every reply leaves so many milliseconds after what it answers came in.
    #[arg(long, default_value_t = 0)]
    delay: u64,
    /// Append a line for each letter before its 250 leaves: RECIPIENT, MAIL FROM, MESSAGE-ID.
    #[arg(long)]
    record: Option<PathBuf>,
    #[arg(long)]
    no_pipelining: bool,
    #[arg(long)]
    no_chunking: bool,
    #[arg(long)]
    no_size: bool,
    #[arg(long)]
    no_8bitmime: bool,
    #[arg(long)]
    no_smtputf8: bool,
    #[arg(long)]
    no_dsn: bool,
    #[arg(long)]
    no_enhancedstatuscodes: bool,
    /// Answer DATA with 354 also where every recipient was refused.
    #[arg(long)]
    lenient: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", args.port)).await?;
    println!("port {}", listener.local_addr()?.port());
    let usual = server::Options::default();
    let options = server::Options {
        delay: Duration::from_millis(args.delay),
        record: args.record,
        lenient: args.lenient,
        pipelining: !args.no_pipelining,
        chunking: !args.no_chunking,
        size: usual.size.filter(|_| !args.no_size),
        eight_bit: !args.no_8bitmime,
        smtp_utf8: !args.no_smtputf8,
        dsn: !args.no_dsn,
        enhanced: !args.no_enhancedstatuscodes,
        ..usual
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let end = async {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    println!("{}", server::serve(listener, options, end).await);
    Ok(())
}
