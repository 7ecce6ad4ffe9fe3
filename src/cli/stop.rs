//! Ends a command that is told to stop (SIGTERM, Ctrl-C, a terminal that was closed): what has begun is
//! finished, but within five seconds, whatever a relay, a database or a reader does meanwhile; told once
//! more, it ends at once. Without a watch, signals do what they do to any program: nothing of ours is
//! harmed by an end at any instant.

use std::{
    process::exit,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// How long what has begun may take.
const STOP_TIMEOUT: Duration = Duration::from_millis(4_500);

/// What SIGHUP means to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HangupAction {
    /// The terminal was closed: as SIGTERM.
    Stop,
    /// The command sees to it itself.
    Reload,
}

/// Whether the program has been told to stop.
#[derive(Debug, Clone)]
pub(super) struct StopSignal {
    flag: Arc<AtomicBool>,
    told: watch::Receiver<bool>,
}

/// The one watch of the program.
static STOP_SIGNAL: OnceLock<StopSignal> = OnceLock::new();

impl StopSignal {
    /// Set when the program is told to stop.
    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.flag)
    }

    /// Done when the program is told to stop.
    pub(super) async fn requested(mut self) {
        // The watch ends with the program, not before.
        let _ = self.told.wait_for(|told| *told).await;
    }
}

/// Whether the program has been told to stop.
pub(super) fn is_requested() -> bool {
    STOP_SIGNAL.get().is_some_and(|stop| stop.flag.load(Ordering::Relaxed))
}

/// Watches for signals from now on, on a thread of its own: it must answer when all others wait. What is
/// not finished in time ends with this exit code.
pub(super) fn watch(code: u8, hangup: HangupAction) -> anyhow::Result<StopSignal> {
    if let Some(stop) = STOP_SIGNAL.get() {
        return Ok(stop.clone());
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _context = runtime.enter();
        Signals::new(hangup)?
    };
    let (tell, told) = watch::channel(false);
    let stop = StopSignal { flag: Arc::default(), told };
    let flag = stop.flag();
    let work = async move {
        signals.next().await;
        flag.store(true, Ordering::Relaxed);
        let _ = tell.send(true);
        tokio::select! {
            number = signals.next() => exit(128 + number),
            () = tokio::time::sleep(STOP_TIMEOUT) => {
                if code != 0 {
                    eprintln!(
                        "gazetier: stopped before the other side had answered; what became of its letters, the next run \
                         finds out"
                    );
                }
                exit(code.into())
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(work))?;
    Ok(STOP_SIGNAL.get_or_init(|| stop).clone())
}

/// The signals that tell a program to stop.
struct Signals {
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
    hangup: Option<Signal>,
}

impl Signals {
    fn new(hangup: HangupAction) -> std::io::Result<Self> {
        let ignored = ignored();
        // Whoever started us may have said that a signal is none of our business: `nohup`, a shell's `&`.
        let watched = |kind: SignalKind| {
            let bit = u32::try_from(kind.as_raw_value() - 1).ok().and_then(|bit| 1u64.checked_shl(bit));
            bit.is_none_or(|bit| ignored & bit == 0).then(|| signal(kind)).transpose()
        };
        Ok(Self {
            terminate: watched(SignalKind::terminate())?,
            interrupt: watched(SignalKind::interrupt())?,
            hangup: match hangup {
                HangupAction::Stop => watched(SignalKind::hangup())?,
                HangupAction::Reload => None,
            },
        })
    }

    /// The number of the next one.
    async fn next(&mut self) -> i32 {
        let kind = tokio::select! {
            () = receive(&mut self.terminate) => SignalKind::terminate(),
            () = receive(&mut self.interrupt) => SignalKind::interrupt(),
            () = receive(&mut self.hangup) => SignalKind::hangup(),
        };
        kind.as_raw_value()
    }
}

async fn receive(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// The signals that were ignored when the program was started, as a set of bits.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or_default()
}
