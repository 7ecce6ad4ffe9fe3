//! The alarm of a connection: hyper sets a new one for each head, and takes it back when the head is there. One that is
//! taken back costs nothing here, because the runtime knows only one for each connection, which is set again when it
//! rings too early.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};

/// What gives a connection its alarms.
#[derive(Debug, Clone)]
pub(super) struct Alarms(Arc<Mutex<Pin<Box<tokio::time::Sleep>>>>);

/// One of them.
struct Alarm {
    at: Instant,
    clock: Alarms,
}

impl Alarms {
    /// For a connection whose alarms are all set for as long as this.
    pub(super) fn new(usual: Duration) -> Self {
        Self(Arc::new(Mutex::new(Box::pin(tokio::time::sleep(usual)))))
    }
}

impl Timer for Alarms {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, at: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Alarm { at, clock: self.clone() })
    }
}

impl Sleep for Alarm {}

impl Future for Alarm {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut clock = self.clock.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.at.into();
        if clock.deadline() > at {
            clock.as_mut().reset(at);
        }
        loop {
            if clock.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if clock.deadline() >= at {
                return Poll::Ready(());
            }
            clock.as_mut().reset(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_alarm_rings_at_its_own_time() {
        let begun = Instant::now();
        let alarms = Alarms::new(Duration::from_millis(50));
        drop(alarms.sleep(Duration::from_millis(50)));
        // Set later than the runtime's: that one rings in vain.
        alarms.sleep(Duration::from_millis(120)).await;
        let first = begun.elapsed();
        assert!(first >= Duration::from_millis(120) && first < Duration::from_secs(5), "{first:?}");
        // One after the other, and one that is sooner than what the runtime knows.
        alarms.sleep(Duration::from_millis(30)).await;
        assert!(begun.elapsed() >= Duration::from_millis(150));
        let far = Alarms::new(Duration::from_secs(600));
        far.sleep(Duration::from_millis(10)).await;
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}
