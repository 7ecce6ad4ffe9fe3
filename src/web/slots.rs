//! How many connections there are at once, in all and for each client. Where all are taken, the one that has waited
//! longest for a request makes room, of the client that has most of that kind: unfinished heads keep nobody out.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::Response,
};
use hyper::body::{Frame, SizeHint};
use ipnet::IpNet;
use tokio::sync::Notify;

use super::{Peer, client::customer, feeds::CachedBody};

/// While a request is answered.
const BUSY_TURN: u64 = 0;

/// All connections of a listener.
#[derive(Debug)]
pub(super) struct ConnectionSlots {
    max_total: usize,
    /// How many one client may have.
    max_per_client: usize,
    taken: Mutex<SlotTable>,
    /// Counted up, it says who waits longer.
    next_turn: AtomicU64,
    freed: Notify,
}

#[derive(Debug, Default)]
struct SlotTable {
    count: usize,
    /// Who comes by a Unix socket is one client, without a limit of its own.
    clients: HashMap<Option<IpNet>, Vec<Arc<SlotState>>>,
}

/// One connection.
#[derive(Debug)]
pub(super) struct SlotState {
    /// Since which turn it waits for a whole head, or `BUSY_TURN`.
    waits: AtomicU64,
    /// What it was told, a `SlotSignal`, and who is to be woken by that.
    told: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

/// What a connection is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SlotSignal {
    /// Nothing.
    Keep,
    /// The request that has begun is the last one.
    Finish,
    /// Another connection takes the slot.
    Close,
}

impl SlotState {
    fn send_signal(&self, word: SlotSignal) {
        self.told.fetch_max(word as u8, Ordering::Release);
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn signal(&self, context: &Context<'_>) -> SlotSignal {
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
        drop(waker);
        match self.told.load(Ordering::Acquire) {
            told if told == SlotSignal::Keep as u8 => SlotSignal::Keep,
            told if told == SlotSignal::Finish as u8 => SlotSignal::Finish,
            _ => SlotSignal::Close,
        }
    }
}

/// What becomes of a connection that has come.
#[derive(Debug)]
pub(super) enum SlotAdmission {
    /// It has a slot.
    Admitted(ConnectionSlot),
    /// Its client has all that it may have, and all of them are busy.
    Refused,
    /// All are busy: it waits until one is not.
    Full,
}

/// A connection's slot, given back when it goes.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    client: Option<IpNet>,
    state: Arc<SlotState>,
    slots: Arc<ConnectionSlots>,
}

impl ConnectionSlots {
    /// So many at once; no one client gets more than a quarter.
    pub(super) fn new(most: usize) -> Arc<Self> {
        let (taken, next_turn, freed) = (Mutex::default(), AtomicU64::new(1), Notify::new());
        Arc::new(Self { max_total: most, max_per_client: most.div_ceil(4), taken, next_turn, freed })
    }

    /// A slot for a connection.
    pub(super) fn admit(self: &Arc<Self>, peer: Peer) -> SlotAdmission {
        let client = peer.0.map(customer);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.clients.get(&client).map_or(0, Vec::len);
        if client.is_some() && own >= self.max_per_client && !taken.make_room(Some(client)) {
            return SlotAdmission::Refused;
        }
        if taken.count >= self.max_total && !taken.make_room(None) {
            return SlotAdmission::Full;
        }
        let waits = AtomicU64::new(self.next_turn.fetch_add(1, Ordering::Relaxed));
        let state = Arc::new(SlotState { waits, told: AtomicU8::default(), waker: Mutex::default() });
        taken.clients.entry(client).or_default().push(Arc::clone(&state));
        taken.count += 1;
        SlotAdmission::Admitted(ConnectionSlot { client, state, slots: Arc::clone(self) })
    }

    /// No connection is to take another request.
    pub(super) fn finish(&self) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for state in taken.clients.values().flatten() {
            state.send_signal(SlotSignal::Finish);
        }
    }

    /// Waits until a slot may be free.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }
}

impl SlotTable {
    /// Ends the connection that has waited longest, of a client, or of the one that has most that wait; false if
    /// none waits.
    fn make_room(&mut self, of: Option<Option<IpNet>>) -> bool {
        let mut found: Option<(usize, u64, Option<IpNet>)> = None;
        for (client, slots) in self.clients.iter().filter(|(client, _)| of.is_none_or(|of| of == **client)) {
            let waiting =
                slots.iter().map(|state| state.waits.load(Ordering::Relaxed)).filter(|turn| *turn != BUSY_TURN);
            let (count, oldest) = waiting.fold((0, u64::MAX), |(count, oldest), turn| (count + 1, oldest.min(turn)));
            let is_better = |(most, turn, _): (usize, u64, Option<IpNet>)| (count, turn) > (most, oldest);
            if count > 0 && found.is_none_or(is_better) {
                found = Some((count, oldest, *client));
            }
        }
        let Some((_, oldest, client)) = found else { return false };
        let slots = self.clients.get(&client).into_iter().flatten();
        let state = slots.into_iter().find(|state| state.waits.load(Ordering::Relaxed) == oldest).cloned();
        state.is_some_and(|state| {
            state.send_signal(SlotSignal::Close);
            self.remove(client, &state)
        })
    }

    /// Takes a slot out; false if it is out already.
    fn remove(&mut self, client: Option<IpNet>, state: &Arc<SlotState>) -> bool {
        let Some(slots) = self.clients.get_mut(&client) else { return false };
        let Some(at) = slots.iter().position(|other| Arc::ptr_eq(other, state)) else { return false };
        slots.swap_remove(at);
        if slots.is_empty() {
            self.clients.remove(&client);
        }
        self.count -= 1;
        true
    }
}

impl ConnectionSlot {
    /// What its connection was told; the task that asks is woken when it is told more.
    pub(super) fn signal(&self, context: &Context<'_>) -> SlotSignal {
        self.state.signal(context)
    }

    /// Waits until the slot is taken for another connection.
    pub(super) async fn closed_for_another(&self) {
        poll_fn(|context| match self.signal(context) {
            SlotSignal::Close => Poll::Ready(()),
            SlotSignal::Keep | SlotSignal::Finish => Poll::Pending,
        })
        .await;
    }

    /// A request has come in.
    pub(super) fn request_begun(&self) {
        self.state.waits.store(BUSY_TURN, Ordering::Relaxed);
    }

    /// The next one is waited for.
    pub(super) fn request_ended(&self) {
        self.state.waits.store(self.slots.next_turn.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    /// An answer, after which the connection waits again.
    pub(super) fn until_sent(self: &Arc<Self>, answer: Response<Body>) -> Response<SlotBody> {
        answer.map(|body| SlotBody { body: BodyKind::Response(body), slot: Arc::clone(self) })
    }

    /// The same of one that was at hand.
    pub(super) fn until_cached_sent(self: &Arc<Self>, answer: Response<CachedBody>) -> Response<SlotBody> {
        answer.map(|body| SlotBody { body: BodyKind::Cached(body), slot: Arc::clone(self) })
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.remove(self.client, &self.state) {
            self.slots.freed.notify_one();
        }
    }
}

/// A body that tells when it has been sent.
pub(super) struct SlotBody {
    body: BodyKind,
    slot: Arc<ConnectionSlot>,
}

/// A body of either kind.
enum BodyKind {
    Response(Body),
    Cached(CachedBody),
}

impl HttpBody for SlotBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.body {
            BodyKind::Response(body) => Pin::new(body).poll_frame(context),
            BodyKind::Cached(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            BodyKind::Response(body) => body.is_end_stream(),
            BodyKind::Cached(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            BodyKind::Response(body) => body.size_hint(),
            BodyKind::Cached(body) => body.size_hint(),
        }
    }
}

impl Drop for SlotBody {
    fn drop(&mut self) {
        self.slot.request_ended();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(slots: &Arc<ConnectionSlots>, address: &str) -> ConnectionSlot {
        match slots.admit(Peer(Some(address.parse().expect("an address")))) {
            SlotAdmission::Admitted(slot) => slot,
            other => panic!("{address}: {other:?}"),
        }
    }

    fn is_told_to_leave(slot: &ConnectionSlot) -> bool {
        slot.signal(&Context::from_waker(Waker::noop())) == SlotSignal::Close
    }

    #[test]
    fn who_waits_longest_of_those_who_have_most_makes_room() {
        let slots = ConnectionSlots::new(8);
        let busy = admitted(&slots, "192.0.2.1");
        busy.request_begun();
        let honest = admitted(&slots, "192.0.2.2");
        let many: Vec<ConnectionSlot> = ["192.0.2.3", "192.0.2.3", "192.0.2.4", "192.0.2.4", "192.0.2.5", "192.0.2.5"]
            .map(|address| admitted(&slots, address))
            .into();
        // The quarter of one client is two: its own oldest goes.
        let third = admitted(&slots, "192.0.2.4");
        assert_eq!(many.iter().map(is_told_to_leave).collect::<Vec<_>>(), [false, false, true, false, false, false]);
        // All are taken: the oldest goes of a client with two that wait. Who was told before stays told.
        let other = admitted(&slots, "192.0.2.6");
        assert_eq!(many.iter().map(is_told_to_leave).collect::<Vec<_>>(), [true, false, true, false, false, false]);
        assert!(!is_told_to_leave(&honest) && !is_told_to_leave(&busy) && !is_told_to_leave(&third));
        for slot in many.iter().chain([&honest, &third, &other]) {
            slot.request_begun();
        }
        assert!(matches!(slots.admit(Peer(Some([192, 0, 2, 7].into()))), SlotAdmission::Full));
        assert!(matches!(slots.admit(Peer(Some([192, 0, 2, 5].into()))), SlotAdmission::Refused));
        drop(busy);
        drop(admitted(&slots, "192.0.2.7"));
    }

    #[test]
    fn a_network_of_one_customer_is_one_client() {
        let slots = ConnectionSlots::new(8);
        let first = ["2001:db8::1", "2001:db8::2"].map(|address| admitted(&slots, address));
        let elsewhere = admitted(&slots, "2001:db8:0:1::1");
        let _third = admitted(&slots, "2001:db8::ffff:3");
        assert!(is_told_to_leave(&first[0]) && !is_told_to_leave(&first[1]) && !is_told_to_leave(&elsewhere));
    }
}
