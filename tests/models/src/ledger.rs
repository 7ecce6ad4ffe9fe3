//! The ledger: two workers lease, mark, hand over and settle letters, while one dies, one sleeps past its
//! lease, editors hold, and a reader moves or is erased. A step is one transaction of the store, or one
//! answer of the relay.

use stateright::{Model, Property};

use crate::{assert_found, assert_sound, assert_sound_up_to};

const WORKERS: usize = 2;

/// Mends that can be taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mend {
    /// Marking looks whether the edition is held.
    MarkSeesHold,
    /// Marking looks whether the reader is still there.
    MarkSeesReader,
    /// Marks of a living worker are renewed, however slow the relay is.
    MarksAreRenewed,
    /// An edition is closed only if nothing is to be done when it is written.
    ClosingLooks,
    /// A late answer that leaves something to do opens the edition.
    LateAnswersOpen,
    /// Letters that are sent again, and their edition's state, are one transaction.
    ResendingIsOne,
    /// What a relay says counts for the address that the letter went to.
    RefusalsName,
    /// Leasing takes the address of the day.
    LeasesReaddress,
    /// Who settles proves a lease by its fence.
    FencesCount,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Edition {
    Sending,
    Held,
    Sent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Standing {
    Queued,
    Leased,
    Sending,
    Sent,
    Deferred,
    Failed,
    Suppressed,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Address {
    Old,
    New,
}

/// What the relay answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Answer {
    Taken,
    Later,
    Nobody,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Letter {
    standing: Standing,
    fence: u8,
    /// Who leased it last.
    holder: u8,
    /// Whether the lease, or the mark, has not ended.
    live: bool,
    /// Whether it ended although its worker was awake and at it.
    too_short: bool,
    to: Address,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Hand {
    Leased(u8),
    Marked(u8),
    Answered(u8, Answer),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Worker<const L: usize> {
    alive: bool,
    asleep: bool,
    hands: [Option<Hand>; L],
    /// It has seen that nothing is to be done, and is about to close the edition.
    closing: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State<const L: usize> {
    edition: Edition,
    letters: [Letter; L],
    workers: [Worker<L>; WORKERS],
    /// The reader of the first letter.
    erased: bool,
    address: Address,
    suppressed: [bool; 2],
    /// The operator's second step, where it is one of its own.
    reopening: bool,
    budget: Budget,
    ghost: Ghost<L>,
}

/// How often each thing may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Budget {
    crashes: u8,
    sleeps: u8,
    holds: u8,
    moves: u8,
    erasures: u8,
    resends: u8,
    /// Answers other than `Taken`.
    refusals: u8,
    /// Letters that a worker gives back without having begun.
    returns: u8,
}

/// What happened that the store does not write down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Ghost<const L: usize> {
    taken: [u8; L],
    resent: [u8; L],
    marked_while_held: bool,
    marked_for_erased: bool,
    unknown_in_hand: bool,
    refused: [bool; 2],
    to_old_address: bool,
    settled_by_old: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Lease(usize, usize),
    Mark(usize, usize),
    Hear(usize, usize, Answer),
    Settle(usize, usize),
    GiveBack(usize, usize),
    Expire(usize),
    Lapse(usize),
    LookDone(usize),
    Close(usize),
    Hold,
    Release,
    Crash(usize),
    Sleep(usize),
    Wake(usize),
    Move,
    Erase,
    Resend,
    Reopen,
}

#[derive(Debug, Clone, Copy)]
struct Ledger<const L: usize> {
    budget: Budget,
    without: Option<Mend>,
}

impl<const L: usize> Ledger<L> {
    fn has(&self, mend: Mend) -> bool {
        self.without != Some(mend)
    }

    /// Whether a letter's reader is still there: it is the first one's who is erased.
    fn wanted(state: &State<L>, letter: usize) -> bool {
        letter != 0 || !state.erased
    }
}

fn to_do(standing: Standing) -> bool {
    matches!(standing, Standing::Queued | Standing::Leased | Standing::Sending | Standing::Deferred)
}

impl<const L: usize> State<L> {
    fn nothing_to_do(&self) -> bool {
        self.letters.iter().all(|letter| !to_do(letter.standing))
    }

    /// Whether the worker that leased a letter last is at it, and awake.
    fn in_hand(&self, letter: usize) -> bool {
        let Letter { holder, fence, .. } = self.letters[letter];
        let worker = &self.workers[usize::from(holder)];
        let holds = worker.hands[letter].is_some_and(|hand| match hand {
            Hand::Leased(own) | Hand::Marked(own) | Hand::Answered(own, _) => own == fence,
        });
        worker.alive && !worker.asleep && holds
    }
}

impl<const L: usize> Model for Ledger<L> {
    type State = State<L>;
    type Action = Action;

    fn init_states(&self) -> Vec<State<L>> {
        let letter =
            Letter { standing: Standing::Queued, fence: 0, holder: 0, live: false, too_short: false, to: Address::Old };
        let worker = Worker { alive: true, asleep: false, hands: [None; L], closing: false };
        vec![State {
            edition: Edition::Sending,
            letters: [letter; L],
            workers: [worker; WORKERS],
            erased: false,
            address: Address::Old,
            suppressed: [false; 2],
            reopening: false,
            budget: self.budget,
            ghost: Ghost {
                taken: [0; L],
                resent: [0; L],
                marked_while_held: false,
                marked_for_erased: false,
                unknown_in_hand: false,
                refused: [false; 2],
                to_old_address: false,
                settled_by_old: false,
            },
        }]
    }

    fn actions(&self, state: &State<L>, actions: &mut Vec<Action>) {
        use Action::{
            Close, Crash, Erase, Expire, GiveBack, Hear, Hold, Lapse, Lease, LookDone, Mark, Move, Release, Reopen,
            Resend, Settle, Sleep, Wake,
        };
        for (w, worker) in state.workers.iter().enumerate() {
            if !worker.alive {
                continue;
            }
            if worker.asleep {
                actions.push(Wake(w));
                continue;
            }
            for l in 0..L {
                let waits = matches!(state.letters[l].standing, Standing::Queued | Standing::Deferred);
                match worker.hands[l] {
                    None if waits && state.edition == Edition::Sending => actions.push(Lease(w, l)),
                    None => {}
                    Some(Hand::Leased(_)) => {
                        actions.push(Mark(w, l));
                        if state.budget.returns > 0 {
                            actions.push(GiveBack(w, l));
                        }
                    }
                    Some(Hand::Marked(_)) => {
                        actions.push(Hear(w, l, Answer::Taken));
                        if state.budget.refusals > 0 {
                            actions.extend([Hear(w, l, Answer::Later), Hear(w, l, Answer::Nobody)]);
                        }
                    }
                    Some(Hand::Answered(..)) => actions.push(Settle(w, l)),
                }
            }
            if state.letters.iter().any(|l| !l.live && matches!(l.standing, Standing::Leased | Standing::Sending)) {
                actions.push(Lapse(w));
            }
            match worker.closing {
                true => actions.push(Close(w)),
                false if state.edition == Edition::Sending && state.nothing_to_do() => actions.push(LookDone(w)),
                false => {}
            }
            if state.budget.crashes > 0 {
                actions.push(Crash(w));
            }
            if state.budget.sleeps > 0 {
                actions.push(Sleep(w));
            }
        }
        for (l, letter) in state.letters.iter().enumerate() {
            let slow_relay = !self.has(Mend::MarksAreRenewed) && letter.standing == Standing::Sending;
            if letter.live && (!state.in_hand(l) || slow_relay) {
                actions.push(Expire(l));
            }
        }
        if state.edition == Edition::Sending && state.budget.holds > 0 {
            actions.push(Hold);
        }
        if state.edition == Edition::Held {
            actions.push(Release);
        }
        if state.budget.moves > 0 && !state.erased {
            actions.push(Move);
        }
        if state.budget.erasures > 0 {
            actions.push(Erase);
        }
        if state.budget.resends > 0 && state.letters.iter().any(|letter| letter.standing == Standing::Unknown) {
            actions.push(Resend);
        }
        if state.reopening {
            actions.push(Reopen);
        }
    }

    fn next_state(&self, last: &State<L>, action: Action) -> Option<State<L>> {
        let mut state = last.clone();
        match action {
            Action::Lease(w, l) => lease(self, &mut state, w, l),
            Action::Mark(w, l) => mark(self, &mut state, w, l),
            Action::Hear(w, l, answer) => hear(&mut state, w, l, answer),
            Action::Settle(w, l) => settle(self, &mut state, w, l),
            Action::GiveBack(w, l) => give_back(&mut state, w, l),
            Action::Expire(l) => {
                state.letters[l].too_short = state.in_hand(l);
                state.letters[l].live = false;
            }
            Action::Lapse(_) => lapse(&mut state),
            Action::LookDone(w) => state.workers[w].closing = true,
            Action::Close(w) => {
                state.workers[w].closing = false;
                if state.edition == Edition::Sending && (!self.has(Mend::ClosingLooks) || state.nothing_to_do()) {
                    state.edition = Edition::Sent;
                }
            }
            Action::Hold => {
                state.edition = Edition::Held;
                state.budget.holds -= 1;
            }
            Action::Release => state.edition = Edition::Sending,
            Action::Crash(w) => {
                state.workers[w] = Worker { alive: false, asleep: false, hands: [None; L], closing: false };
                state.budget.crashes -= 1;
            }
            Action::Sleep(w) => {
                state.workers[w].asleep = true;
                state.budget.sleeps -= 1;
            }
            Action::Wake(w) => state.workers[w].asleep = false,
            Action::Move => {
                state.address = Address::New;
                state.budget.moves -= 1;
                if matches!(state.letters[0].standing, Standing::Queued | Standing::Deferred) {
                    state.letters[0].to = Address::New;
                }
            }
            Action::Erase => {
                state.erased = true;
                state.budget.erasures -= 1;
                if matches!(state.letters[0].standing, Standing::Queued | Standing::Deferred | Standing::Leased) {
                    state.letters[0].standing = Standing::Suppressed;
                }
            }
            Action::Resend => {
                state.budget.resends -= 1;
                for l in 0..L {
                    if state.letters[l].standing == Standing::Unknown {
                        state.letters[l].standing = Standing::Queued;
                        state.letters[l].fence += 1;
                        state.ghost.resent[l] += 1;
                    }
                }
                match self.has(Mend::ResendingIsOne) {
                    true => reopen(&mut state),
                    false => state.reopening = true,
                }
            }
            Action::Reopen => {
                state.reopening = false;
                reopen(&mut state);
            }
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nobody gets a letter twice, unless the operator says so", |_, s: &State<L>| {
                (0..L).all(|l| s.ghost.taken[l] <= 1 + s.ghost.resent[l])
            }),
            Property::always("nothing is begun while an edition is held", |_, s: &State<L>| !s.ghost.marked_while_held),
            Property::always("nothing is begun for who was erased", |_, s: &State<L>| !s.ghost.marked_for_erased),
            Property::always("what a living worker hands over is not called unknown", |_, s: &State<L>| {
                !s.ghost.unknown_in_hand
            }),
            Property::always("a closed edition has nothing to do", |_, s: &State<L>| {
                s.edition != Edition::Sent || s.nothing_to_do()
            }),
            Property::always("who was not refused is not suppressed", |_, s: &State<L>| {
                (0..2).all(|a| !s.suppressed[a] || s.ghost.refused[a])
            }),
            Property::always("a letter that is begun goes to the address of the day", |_, s: &State<L>| {
                !s.ghost.to_old_address
            }),
            Property::always("an old lease settles nothing", |_, s: &State<L>| !s.ghost.settled_by_old),
            Property::always("what is sent was taken", |_, s: &State<L>| {
                (0..L).all(|l| s.letters[l].standing != Standing::Sent || s.ghost.taken[l] > 0)
            }),
        ]
    }
}

impl<const L: usize> State<L> {
    /// The one of all states that differ only in which worker and which letter is which that stands for them:
    /// letters are alike where nobody moves and nobody is erased, and so are workers.
    fn representative(&self) -> Self {
        let mut swapped = self.clone();
        swapped.workers.swap(0, 1);
        for letter in &mut swapped.letters {
            letter.holder = 1 - letter.holder;
        }
        [self.clone(), swapped].into_iter().map(Self::sorted).min_by_key(State::rank).unwrap_or_else(|| self.clone())
    }

    /// What tells two letters apart.
    fn row(&self, l: usize) -> impl Ord + use<L> {
        let Letter { standing, fence, holder, live, too_short, .. } = self.letters[l];
        let hands = self.workers.map(|worker| worker.hands[l]);
        (standing, fence, holder, live, too_short, hands, self.ghost.taken[l], self.ghost.resent[l])
    }

    fn rank(&self) -> impl Ord + use<L> {
        let workers = self.workers.map(|worker| (worker.alive, worker.asleep, worker.closing));
        (workers, (0..L).map(|l| self.row(l)).collect::<Vec<_>>())
    }

    fn sorted(self) -> Self {
        let mut order: Vec<usize> = (0..L).collect();
        order.sort_by_key(|l| self.row(*l));
        let mut sorted = self.clone();
        for (to, from) in order.into_iter().enumerate() {
            sorted.letters[to] = self.letters[from];
            for w in 0..WORKERS {
                sorted.workers[w].hands[to] = self.workers[w].hands[from];
            }
            sorted.ghost.taken[to] = self.ghost.taken[from];
            sorted.ghost.resent[to] = self.ghost.resent[from];
        }
        sorted
    }
}

fn reopen<const L: usize>(state: &mut State<L>) {
    if state.edition == Edition::Sent {
        state.edition = Edition::Sending;
    }
}

fn lease<const L: usize>(model: &Ledger<L>, state: &mut State<L>, w: usize, l: usize) {
    if !Ledger::wanted(state, l) {
        state.letters[l].standing = Standing::Suppressed;
        return;
    }
    let letter = &mut state.letters[l];
    if l == 0 && model.has(Mend::LeasesReaddress) {
        letter.to = state.address;
    }
    state.ghost.to_old_address |= l == 0 && letter.to != state.address;
    *letter = Letter {
        standing: Standing::Leased,
        fence: letter.fence + 1,
        holder: u8::try_from(w).expect("a small number"),
        live: true,
        too_short: false,
        to: letter.to,
    };
    state.workers[w].hands[l] = Some(Hand::Leased(letter.fence));
}

fn mark<const L: usize>(model: &Ledger<L>, state: &mut State<L>, w: usize, l: usize) {
    let Some(Hand::Leased(fence)) = state.workers[w].hands[l] else { return };
    let letter = state.letters[l];
    let open = state.edition == Edition::Sending || !model.has(Mend::MarkSeesHold);
    // Where the reader is not looked at, an erasure leaves what is leased to its worker.
    let standing = letter.standing == Standing::Leased
        || (!model.has(Mend::MarkSeesReader) && letter.standing == Standing::Suppressed);
    let wanted = Ledger::wanted(state, l) || !model.has(Mend::MarkSeesReader);
    let own = letter.fence == fence || !model.has(Mend::FencesCount);
    if !(own && standing && open && wanted) {
        state.workers[w].hands[l] = None;
        return;
    }
    state.ghost.marked_while_held |= state.edition == Edition::Held;
    state.ghost.marked_for_erased |= !Ledger::wanted(state, l);
    state.letters[l].standing = Standing::Sending;
    state.letters[l].live = true;
    state.workers[w].hands[l] = Some(Hand::Marked(fence));
}

fn hear<const L: usize>(state: &mut State<L>, w: usize, l: usize, answer: Answer) {
    let Some(Hand::Marked(fence)) = state.workers[w].hands[l] else { return };
    match answer {
        Answer::Taken => state.ghost.taken[l] += 1,
        Answer::Later => state.budget.refusals -= 1,
        Answer::Nobody => {
            state.budget.refusals -= 1;
            state.ghost.refused[state.letters[l].to as usize] = true;
        }
    }
    state.workers[w].hands[l] = Some(Hand::Answered(fence, answer));
}

fn settle<const L: usize>(model: &Ledger<L>, state: &mut State<L>, w: usize, l: usize) {
    let Some(Hand::Answered(fence, answer)) = state.workers[w].hands[l] else { return };
    state.workers[w].hands[l] = None;
    let letter = state.letters[l];
    let open = matches!(letter.standing, Standing::Leased | Standing::Sending | Standing::Unknown);
    if !open || (letter.fence != fence && model.has(Mend::FencesCount)) {
        return;
    }
    state.ghost.settled_by_old |= letter.fence != fence;
    let erased = !Ledger::wanted(state, l);
    state.letters[l].standing = match answer {
        Answer::Taken => Standing::Sent,
        Answer::Later if erased => Standing::Suppressed,
        Answer::Later => Standing::Deferred,
        Answer::Nobody => Standing::Failed,
    };
    if answer == Answer::Later && !erased && model.has(Mend::LateAnswersOpen) {
        reopen(state);
    }
    if answer == Answer::Nobody && !erased {
        let named = if l == 0 && !model.has(Mend::RefusalsName) { state.address } else { letter.to };
        state.suppressed[named as usize] = true;
    }
}

fn give_back<const L: usize>(state: &mut State<L>, w: usize, l: usize) {
    state.budget.returns -= 1;
    if let Some(Hand::Leased(fence)) = state.workers[w].hands[l].take()
        && state.letters[l].fence == fence
        && state.letters[l].standing == Standing::Leased
    {
        state.letters[l].standing = Standing::Queued;
        state.letters[l].live = false;
        reopen(state);
    }
}

fn lapse<const L: usize>(state: &mut State<L>) {
    for l in 0..L {
        match state.letters[l] {
            Letter { standing: Standing::Leased, live: false, .. } => state.letters[l].standing = Standing::Queued,
            Letter { standing: Standing::Sending, live: false, too_short, .. } => {
                state.ghost.unknown_in_hand |= too_short;
                state.letters[l].standing = Standing::Unknown;
            }
            _ => {}
        }
    }
}

/// A death, a sleep and a hold anywhere, and an answer that is no yes.
const ACCIDENTS: Budget =
    Budget { crashes: 1, sleeps: 1, holds: 1, moves: 0, erasures: 0, resends: 0, refusals: 1, returns: 0 };

/// What readers and operators do, on fewer letters.
const PEOPLE: Budget =
    Budget { crashes: 1, sleeps: 0, holds: 0, moves: 1, erasures: 1, resends: 1, refusals: 2, returns: 1 };

pub fn three_letters_and_two_workers_with_a_death_a_sleep_and_a_hold_anywhere() {
    let model = Ledger::<3> { budget: ACCIDENTS, without: None };
    let states = assert_sound_up_to(model, State::representative);
    assert!(states > 10_000, "{states} states are not all there are");
}

pub fn readers_who_move_or_are_erased_and_letters_that_are_sent_again() {
    let states = assert_sound(Ledger::<2> { budget: PEOPLE, without: None });
    assert!(states > 10_000, "{states} states are not all there are");
}

pub fn each_fault_of_the_ledger_is_found_without_its_mend() {
    let accidents = |mend| Ledger::<2> { budget: ACCIDENTS, without: Some(mend) };
    let people = |mend| Ledger::<2> { budget: PEOPLE, without: Some(mend) };
    assert_found(accidents(Mend::MarkSeesHold), "nothing is begun while an edition is held");
    assert_found(people(Mend::MarkSeesReader), "nothing is begun for who was erased");
    assert_found(accidents(Mend::MarksAreRenewed), "what a living worker hands over is not called unknown");
    assert_found(accidents(Mend::ClosingLooks), "a closed edition has nothing to do");
    assert_found(accidents(Mend::LateAnswersOpen), "a closed edition has nothing to do");
    assert_found(people(Mend::ResendingIsOne), "a closed edition has nothing to do");
    assert_found(people(Mend::RefusalsName), "who was not refused is not suppressed");
    assert_found(people(Mend::LeasesReaddress), "a letter that is begun goes to the address of the day");
    let asleep = Budget { sleeps: 1, resends: 1, refusals: 1, ..Budget::default() };
    let model = Ledger::<1> { budget: asleep, without: Some(Mend::FencesCount) };
    assert_found(model, "an old lease settles nothing");
    assert_sound(Ledger::<1> { budget: asleep, without: None });
}
