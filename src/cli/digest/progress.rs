//! How far the letters have come, on a terminal.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows on a terminal how far the letters have come.
pub(super) async fn show(period: String, to_do: u64, finished: Arc<AtomicU64>) {
    // Hidden by itself where standard error is no terminal.
    let bar = ProgressBar::with_draw_target(Some(to_do), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} letters, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    bar.set_message(period);
    let shown = ClearOnDrop(bar);
    loop {
        shown.0.set_position(finished.load(Ordering::Relaxed).min(to_do));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Takes the bar away when showing ends, however it ends.
struct ClearOnDrop(ProgressBar);

impl Drop for ClearOnDrop {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
