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

use super::{Peer, client::customer, feeds::Content};

/// While a request is answered.
const BUSY: u64 = 0;

/// All connections of a listener.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    /// How many one client may have.
    each: usize,
    taken: Mutex<Taken>,
    /// Counted up, it says who waits longer.
    turn: AtomicU64,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    count: usize,
    /// Who comes by a Unix socket is one client, without a limit of its own.
    clients: HashMap<Option<IpNet>, Vec<Arc<Place>>>,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Place {
    /// Since which turn it waits for a whole head, or `BUSY`.
    waits: AtomicU64,
    /// What it was told, a `Word`, and who is to be woken by that.
    told: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

/// What a connection is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// Nothing.
    Stay,
    /// The request that has begun is the last one.
    Finish,
    /// Somebody else wants the place.
    Leave,
}

impl Place {
    fn tell(&self, word: Word) {
        self.told.fetch_max(word as u8, Ordering::Release);
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn told(&self, context: &Context<'_>) -> Word {
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
        drop(waker);
        match self.told.load(Ordering::Acquire) {
            told if told == Word::Stay as u8 => Word::Stay,
            told if told == Word::Finish as u8 => Word::Finish,
            _ => Word::Leave,
        }
    }
}

/// What becomes of a connection that has come.
#[derive(Debug)]
pub(super) enum Admission {
    /// It has a place.
    In(Guest),
    /// Its client has all that it may have, and all of them are busy.
    Refused,
    /// All are busy: it waits until one is not.
    Full,
}

/// A connection's place, given back when it goes.
#[derive(Debug)]
pub(super) struct Guest {
    client: Option<IpNet>,
    place: Arc<Place>,
    places: Arc<Places>,
}

impl Places {
    /// So many at once; no one client gets more than a quarter.
    pub(super) fn new(most: usize) -> Arc<Self> {
        let (taken, turn, freed) = (Mutex::default(), AtomicU64::new(1), Notify::new());
        Arc::new(Self { most, each: most.div_ceil(4), taken, turn, freed })
    }

    /// A place for a connection.
    pub(super) fn admit(self: &Arc<Self>, peer: Peer) -> Admission {
        let client = peer.0.map(customer);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.clients.get(&client).map_or(0, Vec::len);
        if client.is_some() && own >= self.each && !taken.make_room(Some(client)) {
            return Admission::Refused;
        }
        if taken.count >= self.most && !taken.make_room(None) {
            return Admission::Full;
        }
        let waits = AtomicU64::new(self.turn.fetch_add(1, Ordering::Relaxed));
        let place = Arc::new(Place { waits, told: AtomicU8::default(), waker: Mutex::default() });
        taken.clients.entry(client).or_default().push(Arc::clone(&place));
        taken.count += 1;
        Admission::In(Guest { client, place, places: Arc::clone(self) })
    }

    /// No connection is to take another request.
    pub(super) fn finish(&self) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for place in taken.clients.values().flatten() {
            place.tell(Word::Finish);
        }
    }

    /// Waits until a place may be free.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }
}

impl Taken {
    /// Ends the connection that has waited longest, of a client, or of the one that has most that wait; false if
    /// none waits.
    fn make_room(&mut self, of: Option<Option<IpNet>>) -> bool {
        let mut found: Option<(usize, u64, Option<IpNet>)> = None;
        for (client, places) in self.clients.iter().filter(|(client, _)| of.is_none_or(|of| of == **client)) {
            let waiting = places.iter().map(|place| place.waits.load(Ordering::Relaxed)).filter(|turn| *turn != BUSY);
            let (count, oldest) = waiting.fold((0, u64::MAX), |(count, oldest), turn| (count + 1, oldest.min(turn)));
            let is_better = |(most, turn, _): (usize, u64, Option<IpNet>)| (count, turn) > (most, oldest);
            if count > 0 && found.is_none_or(is_better) {
                found = Some((count, oldest, *client));
            }
        }
        let Some((_, oldest, client)) = found else { return false };
        let places = self.clients.get(&client).into_iter().flatten();
        let place = places.into_iter().find(|place| place.waits.load(Ordering::Relaxed) == oldest).cloned();
        place.is_some_and(|place| {
            place.tell(Word::Leave);
            self.remove(client, &place)
        })
    }

    /// Takes a place out; false if it is out already.
    fn remove(&mut self, client: Option<IpNet>, place: &Arc<Place>) -> bool {
        let Some(places) = self.clients.get_mut(&client) else { return false };
        let Some(at) = places.iter().position(|other| Arc::ptr_eq(other, place)) else { return false };
        places.swap_remove(at);
        if places.is_empty() {
            self.clients.remove(&client);
        }
        self.count -= 1;
        true
    }
}

impl Guest {
    /// What its connection was told; the task that asks is woken when it is told more.
    pub(super) fn told(&self, context: &Context<'_>) -> Word {
        self.place.told(context)
    }

    /// Waits until the place is wanted by somebody else.
    pub(super) async fn must_leave(&self) {
        poll_fn(|context| match self.told(context) {
            Word::Leave => Poll::Ready(()),
            Word::Stay | Word::Finish => Poll::Pending,
        })
        .await;
    }

    /// A request has come in.
    pub(super) fn is_busy(&self) {
        self.place.waits.store(BUSY, Ordering::Relaxed);
    }

    /// The next one is waited for.
    pub(super) fn waits(&self) {
        self.place.waits.store(self.places.turn.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    /// An answer, after which the connection waits again.
    pub(super) fn until_sent(self: &Arc<Self>, answer: Response<Body>) -> Response<Sent> {
        answer.map(|body| Sent { body: Either::Made(body), guest: Arc::clone(self) })
    }

    /// The same of one that was at hand.
    pub(super) fn until_sent_at_once(self: &Arc<Self>, answer: Response<Content>) -> Response<Sent> {
        answer.map(|body| Sent { body: Either::AtHand(body), guest: Arc::clone(self) })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.remove(self.client, &self.place) {
            self.places.freed.notify_one();
        }
    }
}

/// A body that tells when it has been sent.
pub(super) struct Sent {
    body: Either,
    guest: Arc<Guest>,
}

/// A body of either kind.
enum Either {
    Made(Body),
    AtHand(Content),
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.body {
            Either::Made(body) => Pin::new(body).poll_frame(context),
            Either::AtHand(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Either::Made(body) => body.is_end_stream(),
            Either::AtHand(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Either::Made(body) => body.size_hint(),
            Either::AtHand(body) => body.size_hint(),
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.guest.waits();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(places: &Arc<Places>, address: &str) -> Guest {
        match places.admit(Peer(Some(address.parse().expect("an address")))) {
            Admission::In(guest) => guest,
            other => panic!("{address}: {other:?}"),
        }
    }

    fn is_told_to_leave(guest: &Guest) -> bool {
        guest.told(&Context::from_waker(Waker::noop())) == Word::Leave
    }

    #[test]
    fn who_waits_longest_of_those_who_have_most_makes_room() {
        let places = Places::new(8);
        let busy = admitted(&places, "192.0.2.1");
        busy.is_busy();
        let honest = admitted(&places, "192.0.2.2");
        let many: Vec<Guest> = ["192.0.2.3", "192.0.2.3", "192.0.2.4", "192.0.2.4", "192.0.2.5", "192.0.2.5"]
            .map(|address| admitted(&places, address))
            .into();
        // The quarter of one client is two: its own oldest goes.
        let third = admitted(&places, "192.0.2.4");
        assert_eq!(many.iter().map(is_told_to_leave).collect::<Vec<_>>(), [false, false, true, false, false, false]);
        // All are taken: the oldest goes of a client with two that wait. Who was told before stays told.
        let other = admitted(&places, "192.0.2.6");
        assert_eq!(many.iter().map(is_told_to_leave).collect::<Vec<_>>(), [true, false, true, false, false, false]);
        assert!(!is_told_to_leave(&honest) && !is_told_to_leave(&busy) && !is_told_to_leave(&third));
        for guest in many.iter().chain([&honest, &third, &other]) {
            guest.is_busy();
        }
        assert!(matches!(places.admit(Peer(Some([192, 0, 2, 7].into()))), Admission::Full));
        assert!(matches!(places.admit(Peer(Some([192, 0, 2, 5].into()))), Admission::Refused));
        drop(busy);
        drop(admitted(&places, "192.0.2.7"));
    }

    #[test]
    fn a_network_of_one_customer_is_one_client() {
        let places = Places::new(8);
        let first = ["2001:db8::1", "2001:db8::2"].map(|address| admitted(&places, address));
        let elsewhere = admitted(&places, "2001:db8:0:1::1");
        let _third = admitted(&places, "2001:db8::ffff:3");
        assert!(is_told_to_leave(&first[0]) && !is_told_to_leave(&first[1]) && !is_told_to_leave(&elsewhere));
    }
}
