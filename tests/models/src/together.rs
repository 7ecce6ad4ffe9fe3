//! Two letters of one reader, of two editions, that come as one: put together, taken apart, sent, refused and held in every
//! order, on a day of the warm-up that allows one letter. What the first one's bytes hold is read when it is leased, and
//! said by the relay long after.

use stateright::{Model, Property};

use crate::{assert_found, assert_sound};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mend {
    /// Putting together looks at both letters where it writes.
    BringingLooks,
    /// Whoever holds an edition takes its letters apart.
    HoldingParts,
    /// Whoever leaves a newsletter takes the letters apart.
    LeavingParts,
    /// Who had leased a letter with both may mark it no more.
    PartingFences,
    /// What a relay may have is not taken apart.
    SentStays,
    /// A letter that is refused gives back what it holds.
    RefusedGivesBack,
    /// A run that begins takes apart what a relay had when an edition was held, or its reader left, and did not take.
    BeginningLooks,
    /// What is given back waits for a place of its own among the letters of the day.
    GivenBackWaits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Fate {
    Queued,
    Leased,
    Sending,
    Sent,
    Failed,
    Unknown,
    Carried,
}

use Fate::{Carried, Failed, Leased, Queued, Sending, Sent, Unknown};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Letter {
    fate: Fate,
    tried: bool,
    /// Waits for a day of the warm-up that allows it.
    waits: bool,
    /// Was let go today.
    let_go: bool,
}

/// What a worker has in its hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Hands {
    /// The letter has another fence meanwhile.
    is_stale: bool,
    /// Whether its bytes hold both.
    whole: bool,
    marked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    /// That which holds the other one, and this.
    letters: [Letter; 2],
    /// Whether the first one's variant holds both.
    whole: bool,
    /// Whether it is written down that the second lies in the first.
    noted: bool,
    hands: [Option<Hands>; 2],
    /// Who puts together has seen both letters.
    seen: bool,
    held: [bool; 2],
    holds: u8,
    left: [bool; 2],
    retried: bool,
    days: u8,
    /// Of which editions it was said today which letters go.
    warmed: [bool; 2],
    /// How often each edition's columns came to the relay.
    arrived: [u8; 2],
    /// How many letters were begun today.
    begun: u8,
    /// Something that must not be was begun.
    wrong: bool,
    /// A refused letter keeps what it holds for good.
    kept: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Look,
    Bring,
    /// A run is about to send an edition.
    Begin(usize),
    NextDay,
    Lease(usize),
    Mark(usize),
    IsTaken(usize),
    IsRefused(usize),
    /// The worker dies.
    Dies(usize),
    Lapse(usize),
    Hold(usize),
    Release(usize),
    Leave(usize),
    Settle,
    Retry,
}

struct Together {
    without: Option<Mend>,
    /// Looks for what is to be possible, and not for faults.
    examples: bool,
}

impl Together {
    fn has(&self, mend: Mend) -> bool {
        self.without != Some(mend)
    }

    /// Takes both apart, if no relay may have the first.
    fn part(&self, state: &mut State) {
        let may_have = matches!(state.letters[0].fate, Sending | Sent | Unknown);
        if !state.noted || (may_have && self.has(Mend::SentStays)) {
            return;
        }
        let [first, second] = &mut state.letters;
        if first.fate == Leased && self.has(Mend::PartingFences) {
            first.fate = Queued;
            if let Some(hands) = &mut state.hands[0] {
                hands.is_stale = true;
            }
        }
        second.fate = Queued;
        if self.has(Mend::GivenBackWaits) {
            second.waits = true;
            second.let_go = false;
        }
        state.whole = false;
        state.noted = false;
    }

    fn is_open(state: &State, letter: usize) -> bool {
        !state.held[letter] && !state.left[letter]
    }

    /// Before an edition's letters are sent: which of them go today.
    fn warm_up(state: &mut State, place: usize) {
        state.warmed[place] = true;
        let is_free = !state.letters.iter().any(|letter| letter.let_go && letter.fate != Carried);
        let letter = &mut state.letters[place];
        if letter.fate == Queued && !letter.let_go {
            letter.waits = !is_free;
            letter.let_go = is_free;
        }
    }

    fn mark(state: &mut State, place: usize) {
        let Some(hands) = &mut state.hands[place] else { return };
        let letter = &mut state.letters[place];
        if letter.fate != Leased || hands.is_stale || state.held[place] || state.left[place] {
            state.hands[place] = None;
            return;
        }
        hands.marked = true;
        letter.fate = Sending;
        letter.tried = true;
        state.begun += 1;
        let other_is_closed = state.held[1] || state.left[1];
        state.wrong |= place == 0 && hands.whole && other_is_closed;
    }

    fn settle(&self, state: &mut State) {
        if !state.noted {
            return;
        }
        let is_closed = state.held[0] || state.held[1] || state.left[1];
        match state.letters[0].fate {
            Sent => {
                state.letters[1].fate = Sent;
                state.noted = false;
                state.whole = false;
            }
            Failed if self.has(Mend::RefusedGivesBack) => self.part(state),
            Failed => state.kept = true,
            Queued | Leased if is_closed && self.has(Mend::BeginningLooks) => self.part(state),
            _ => {}
        }
    }
}

impl Model for Together {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let letter = Letter { fate: Queued, tried: false, waits: false, let_go: false };
        vec![State {
            letters: [letter; 2],
            whole: false,
            noted: false,
            hands: [None; 2],
            seen: false,
            held: [false; 2],
            holds: 0,
            left: [false; 2],
            retried: false,
            days: 1,
            warmed: [false; 2],
            arrived: [0; 2],
            begun: 0,
            wrong: false,
            kept: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.push(Action::Settle);
        actions.push(if state.seen { Action::Bring } else { Action::Look });
        if !state.retried {
            actions.push(Action::Retry);
        }
        if state.days < 3 {
            actions.push(Action::NextDay);
        }
        for place in 0..2 {
            match state.hands[place] {
                None => actions.push(Action::Lease(place)),
                Some(hands) if hands.marked => {
                    actions.extend([Action::IsTaken(place), Action::IsRefused(place), Action::Dies(place)]);
                }
                Some(_) => actions.extend([Action::Mark(place), Action::Dies(place)]),
            }
            actions.push(Action::Lapse(place));
            if !state.held[place] {
                actions.push(Action::Begin(place));
            }
            match state.held[place] {
                true => actions.push(Action::Release(place)),
                false if state.holds < 2 => actions.push(Action::Hold(place)),
                false => {}
            }
            if !state.left[place] {
                actions.push(Action::Leave(place));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let is_untouched = |state: &State, place: usize| {
            let letter = state.letters[place];
            letter.fate == Queued && !letter.tried && Self::is_open(state, place)
        };
        match action {
            Action::Look => state.seen = !state.noted && (0..2).all(|place| is_untouched(&state, place)),
            Action::Bring => {
                state.seen = false;
                let looks = self.has(Mend::BringingLooks);
                if !state.noted && (!looks || (0..2).all(|place| is_untouched(&state, place))) {
                    state.letters[1].fate = Carried;
                    state.whole = true;
                    state.noted = true;
                }
            }
            Action::Begin(place) => {
                self.settle(&mut state);
                Self::warm_up(&mut state, place);
            }
            Action::NextDay => {
                state.days += 1;
                state.begun = 0;
                // What is in somebody's hands counts today.
                for letter in &mut state.letters {
                    letter.let_go &= matches!(letter.fate, Leased | Sending);
                }
                state.warmed = [false; 2];
            }
            Action::Lease(place) => {
                let letter = &mut state.letters[place];
                if state.warmed[place]
                    && letter.fate == Queued
                    && !letter.waits
                    && !state.held[place]
                    && !state.left[place]
                {
                    letter.fate = Leased;
                    let whole = place == 0 && state.whole;
                    state.hands[place] = Some(Hands { is_stale: false, whole, marked: false });
                }
            }
            Action::Mark(place) => Self::mark(&mut state, place),
            Action::IsTaken(place) | Action::IsRefused(place) => {
                let hands = state.hands[place].take()?;
                let is_taken = matches!(action, Action::IsTaken(_));
                if is_taken {
                    state.arrived[place] += 1;
                    if hands.whole {
                        state.arrived[1] += 1;
                    }
                }
                let letter = &mut state.letters[place];
                if !hands.is_stale && matches!(letter.fate, Sending | Unknown) {
                    letter.fate = if is_taken { Sent } else { Failed };
                }
            }
            Action::Dies(place) => {
                let hands = state.hands[place].take()?;
                // A relay may have taken it.
                if hands.marked {
                    state.arrived[place] += 1;
                    if hands.whole {
                        state.arrived[1] += 1;
                    }
                }
            }
            Action::Lapse(place) => {
                let letter = &mut state.letters[place];
                letter.fate = match letter.fate {
                    Leased => Queued,
                    Sending => Unknown,
                    fate => fate,
                };
            }
            Action::Hold(place) => {
                state.held[place] = true;
                state.holds += 1;
                // Whoever sends it then looks anew.
                state.warmed[place] = false;
                if self.has(Mend::HoldingParts) {
                    self.part(&mut state);
                }
            }
            Action::Release(place) => state.held[place] = false,
            Action::Leave(place) => {
                state.left[place] = true;
                if self.has(Mend::LeavingParts) {
                    self.part(&mut state);
                }
            }
            Action::Settle => self.settle(&mut state),
            Action::Retry => {
                if state.letters[0].fate == Failed {
                    state.letters[0].fate = Queued;
                    state.retried = true;
                    state.warmed[0] = false;
                }
            }
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        if self.examples {
            return vec![
                Property::sometimes(BOTH, |_, s: &State| s.arrived == [1, 1] && s.days == 1 && s.begun == 1),
                Property::sometimes(ALONE, |_, s: &State| s.letters[0].fate == Failed && s.letters[1].fate == Sent),
            ];
        }
        vec![
            Property::always(ONCE, |_, s: &State| s.arrived.iter().all(|times| *times <= 1)),
            Property::always(CLOSED, |_, s: &State| !s.wrong),
            Property::always(SOMEWHERE, |_, s: &State| {
                // A letter that is in no other one may be sent itself, or has arrived, or may have.
                let second = s.letters[1].fate;
                let lies_in_first = s.noted && s.whole && second == Carried;
                let goes_itself = !s.noted && !s.whole && second != Carried;
                (lies_in_first || goes_itself) && (second != Sent || s.arrived[1] == 1) && !s.kept
            }),
            Property::always(ALLOWED, |_, s: &State| s.begun <= 1 || s.retried),
        ]
    }
}

const BOTH: &str = "both come in one letter";
const ALONE: &str = "what lay in a refused letter comes by itself";
const ONCE: &str = "no column comes twice";
const CLOSED: &str = "nothing is begun that holds what is held, or what its reader has left";
const SOMEWHERE: &str = "what a letter holds is in one letter, and not lost";
const ALLOWED: &str = "a day has no more letters than it allows";

pub fn two_letters_of_one_reader_in_every_order() {
    let model = Together { without: None, examples: false };
    let states = assert_sound(model);
    assert!(states > 1_000, "{states} states are not all there are");
    for example in [BOTH, ALONE] {
        assert_found(Together { without: None, examples: true }, example);
    }
}

pub fn each_fault_of_letters_in_others_is_found_without_its_mend() {
    let without = |mend| Together { without: Some(mend), examples: false };
    assert_found(without(Mend::BringingLooks), SOMEWHERE);
    assert_found(without(Mend::HoldingParts), CLOSED);
    assert_found(without(Mend::LeavingParts), CLOSED);
    assert_found(without(Mend::PartingFences), CLOSED);
    assert_found(without(Mend::SentStays), ONCE);
    assert_found(without(Mend::RefusedGivesBack), SOMEWHERE);
    assert_found(without(Mend::BeginningLooks), CLOSED);
    assert_found(without(Mend::GivenBackWaits), ALLOWED);
}
