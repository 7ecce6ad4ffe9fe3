//! Does a step once more whose connection to the store was lost: the server was restarted, or somebody
//! ended the connection. Every step may be done twice; that is what makes it safe to be killed.

use std::time::Duration;

use super::{exit, stop};

/// How long is waited before each attempt after the first: a server starts within that time.
const PAUSES_MILLIS: [u64; 8] = [100, 300, 1_000, 2_000, 4_000, 6_000, 8_000, 10_000];

/// Does a step, and does it again as long as only the connection was lost.
pub(super) async fn retry_lost<T>(step: impl AsyncFn() -> anyhow::Result<T>) -> anyhow::Result<T> {
    for pause in PAUSES_MILLIS {
        match step().await {
            Err(error) if exit::is_lost(&error) && !stop::is_requested() => {
                tracing::info!("the connection to the store was lost, once more: {error}");
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            outcome => return outcome,
        }
    }
    step().await
}
