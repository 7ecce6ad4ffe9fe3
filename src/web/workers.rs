//! The threads that hold connections, one for each processor. Each has a runtime of its own: what a request wakes is the
//! thread of its connection and nothing else, where a runtime of many threads would wake a second one to look for work.
//! What takes the store is answered on the program's own runtime, which the store's connections belong to.

use std::{io, sync::Arc, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::mpsc,
};

use super::talk::{LINGER, Talk};

/// All of them.
#[derive(Debug)]
pub(super) struct Workers(Vec<Worker>);

#[derive(Debug)]
struct Worker {
    talks: mpsc::UnboundedSender<(Talk, Arc<()>)>,
    /// As often as it has connections, and once more.
    load: Arc<()>,
}

impl Workers {
    /// Starts them; they end when they are dropped.
    pub(super) fn start() -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        (0..count).map(|_| Worker::start(Handle::current())).collect::<io::Result<_>>().map(Self)
    }

    /// Gives a connection to the one that has fewest.
    pub(super) fn hold(&self, talk: Talk) {
        let idle = self.0.iter().min_by_key(|worker| Arc::strong_count(&worker.load));
        if let Some(worker) = idle {
            // One whose thread is gone takes nothing: the connection is closed.
            let _ = worker.talks.send((talk, Arc::clone(&worker.load)));
        }
    }
}

impl Worker {
    fn start(program: Handle) -> io::Result<Self> {
        let (talks, mut given) = mpsc::unbounded_channel::<(Talk, Arc<()>)>();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let work = async move {
            while let Some((talk, load)) = given.recv().await {
                let program = program.clone();
                tokio::spawn(async move {
                    talk.whole(program).await;
                    drop(load);
                });
            }
            // Who was told to go may still read its answer.
            tokio::time::sleep(LINGER).await;
        };
        thread::Builder::new().name("connections".into()).spawn(move || runtime.block_on(work))?;
        Ok(Self { talks, load: Arc::default() })
    }
}
