//! What comes to one reader of a newsletter who changes the rhythm and pauses, while editions are drawn up, held and let
//! go, in every order: each column once. The rules are those of `edition/audiences.rs` and `store/audiences.rs`, with one
//! column for each edition; one of these is special. What is drawn up is read in one transaction and written in another.

use stateright::{Model, Property};

use crate::{assert_found, assert_sound};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mend {
    /// Freezing compares the reader's group.
    GroupIsCompared,
    /// Freezing compares which editions are held and where they stand.
    EditionsAreCompared,
    /// One that is let go after others comes after them.
    ReleasedComesBehind,
    /// Who changes the rhythm has no letter of an edition that is held any more.
    HeldLettersAreDropped,
    /// What was had though it comes later to others is written down.
    HadIsKept,
    /// Up to where everything was had is written down.
    MarkIsKept,
    /// What was written down stays while an edition is held.
    HeldKeepsHistory,
    /// What was written down stays while an edition comes after the one that is frozen.
    LaterKeepsHistory,
    /// A special edition is for every rhythm.
    SpecialIsForAll,
    /// A special edition is the last one of no rhythm.
    SpecialIsNotTheLast,
}

/// Cutoffs of the schedule's editions: the first and the last are also due for who wants one a week.
const HOURS: [u8; 4] = [10, 20, 30, 50];
const WEEKLY: [bool; 4] = [true, false, true, true];
/// That of the special one, which may be drawn up late.
const SPECIAL_HOUR: u8 = 40;
/// No letter before this.
const PAUSE_END: u8 = 25;
/// After all of them.
const LATER: u8 = 100;

/// Editions by their places: those of the schedule, and the special one.
const SPECIAL: usize = 4;
const COUNT: usize = 5;

/// Some of the editions' columns.
type Columns = u8;

fn bit(place: usize) -> Columns {
    1 << place
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Rhythm {
    Each,
    Weekly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Edition {
    position: u8,
    held: bool,
    /// The reader's letter of it, if it waits.
    letter: Option<Columns>,
}

/// What a drawing-up has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Drawn {
    place: usize,
    group: Group,
    stamp: (u8, u8),
    /// Nothing if the reader is not due.
    letter: Option<Columns>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Group {
    rhythm: Rhythm,
    after: u8,
    mark: u8,
    had: Columns,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    editions: [Option<Edition>; COUNT],
    group: Group,
    drawn: Option<Drawn>,
    got: Columns,
    twice: bool,
    /// Older columns that were in the letter of a held edition: they are missed if the rhythm is changed after a later
    /// edition of it went out. docs/ARCHITECTURE.md says so.
    missed: Columns,
    changes: u8,
    holds: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    DrawUp(usize),
    Freeze { held: bool },
    Release(usize),
    Choose(Rhythm),
    Pause,
}

struct Rhythms {
    without: Option<Mend>,
}

fn cutoff(place: usize) -> u8 {
    HOURS.get(place).copied().unwrap_or(SPECIAL_HOUR)
}

impl State {
    /// All editions there are, with their places.
    fn known(&self) -> impl Iterator<Item = (usize, Edition)> + '_ {
        self.editions.iter().enumerate().filter_map(|(place, edition)| Some((place, (*edition)?)))
    }

    /// What tells whether editions were held or let go.
    fn stamp(&self) -> (u8, u8) {
        let held = self.known().filter(|(_, edition)| edition.held).count();
        (self.known().map(|(_, edition)| edition.position).max().unwrap_or(0), held as u8)
    }

    fn give(&mut self, columns: Columns) {
        self.twice |= self.got & columns != 0;
        self.got |= columns;
    }
}

impl Rhythms {
    fn has(&self, mend: Mend) -> bool {
        self.without != Some(mend)
    }

    /// Whether an edition was due for a rhythm, for readers who do not pause.
    fn was_due(&self, place: usize, rhythm: Rhythm) -> bool {
        match place {
            SPECIAL => rhythm == Rhythm::Each || self.has(Mend::SpecialIsForAll),
            place => rhythm == Rhythm::Each || WEEKLY[place],
        }
    }

    /// Whether marks count from an edition: from those of the schedule alone.
    fn counts(&self, place: usize, rhythm: Rhythm) -> bool {
        match place {
            SPECIAL => !self.has(Mend::SpecialIsNotTheLast),
            place => self.was_due(place, rhythm),
        }
    }

    /// The letter of an edition to come, of the schedule or a later one.
    fn letter(&self, state: &State, place: usize, until: u8) -> Option<Columns> {
        let Group { rhythm, after, mark, had } = state.group;
        let own = if place < COUNT { bit(place) } else { 0 };
        if after >= until || (place < SPECIAL && !self.was_due(place, rhythm)) {
            return None;
        }
        if place == SPECIAL {
            return Some(own);
        }
        let before = state.known().filter(|(place, _)| cutoff(*place) < until);
        let last = before.filter(|(place, _)| self.counts(*place, rhythm)).map(|(place, _)| cutoff(place)).max();
        let covered = match last.filter(|last| *last > after) {
            Some(last) => last,
            None if after > 0 => mark,
            None => 0,
        };
        let comes = |(place, edition): &(usize, Edition)| {
            let was_had = (self.was_due(*place, rhythm) && cutoff(*place) > after) || had & bit(*place) != 0;
            let is_before = edition.position > covered && edition.position < until && cutoff(*place) < until;
            is_before && !edition.held && !was_had
        };
        Some(state.known().filter(comes).fold(own, |all, (place, _)| all | bit(place)))
    }

    fn freeze(&self, state: &mut State, drawn: Drawn, held: bool) {
        let group_counts = self.has(Mend::GroupIsCompared) && drawn.group != state.group;
        if group_counts || (self.has(Mend::EditionsAreCompared) && drawn.stamp != state.stamp()) {
            return;
        }
        let Drawn { place, letter, .. } = drawn;
        // Letters go to readers of the group that was looked at.
        let letter = letter.filter(|_| drawn.group == state.group);
        let own = cutoff(place);
        let later = state.known().filter(|(other, _)| cutoff(*other) > own).map(|(_, edition)| edition.position).max();
        let position = match (place, later) {
            (SPECIAL, Some(later)) => later + 1,
            _ => own,
        };
        let waiting = letter.filter(|_| held);
        state.editions[place] = Some(Edition { position, held, letter: waiting });
        if let (Some(letter), false) = (letter, held) {
            state.give(letter);
        }
        let is_held = self.has(Mend::HeldKeepsHistory) && state.known().any(|(_, edition)| edition.held);
        let is_behind = |(other, edition): (usize, Edition)| other != place && edition.position > own;
        let is_last = !self.has(Mend::LaterKeepsHistory) || !state.known().any(is_behind);
        let Group { rhythm, after, .. } = state.group;
        if place != SPECIAL && !is_held && is_last && self.was_due(place, rhythm) && after < own {
            state.group = Group { rhythm, after: 0, mark: 0, had: 0 };
        }
    }

    fn release(&self, state: &mut State, place: usize) {
        let Some(edition) = state.editions[place] else { return };
        let own = cutoff(place);
        let is_late = state.known().any(|(other, _)| cutoff(other) > own);
        let behind = state.known().map(|(_, edition)| edition.position).max().unwrap_or(0) + 1;
        let position = if is_late && self.has(Mend::ReleasedComesBehind) { behind } else { edition.position };
        state.editions[place] = Some(Edition { position, held: false, letter: None });
        if let Some(letter) = edition.letter {
            state.give(letter);
        }
    }

    /// Another rhythm or a pause.
    fn choose(&self, state: &mut State, rhythm: Rhythm, pause: u8) {
        let old = state.group;
        let of_old = |place: usize| self.counts(place, old.rhythm);
        let went_out = |edition: &Edition| !edition.held;
        let last = state.known().filter(|(place, edition)| of_old(*place) && went_out(edition));
        let last = last.map(|(place, _)| cutoff(place)).max().unwrap_or(0);
        for place in 0..COUNT {
            let Some(edition) = state.editions[place].as_mut().filter(|edition| edition.held) else { continue };
            if !self.has(Mend::HeldLettersAreDropped) {
                continue;
            }
            let older = edition.letter.take().unwrap_or(0) & !bit(place);
            if last > cutoff(place) {
                state.missed |= older;
            }
        }
        let mark = if last > old.after { last } else { old.mark };
        let later = state.known().filter(|(place, edition)| {
            let is_behind = cutoff(*place) > old.after && edition.position > mark;
            self.was_due(*place, old.rhythm) && is_behind && went_out(edition)
        });
        let had = later.fold(old.had, |all, (place, _)| all | bit(place));
        let latest = state.known().map(|(place, _)| cutoff(place)).max().unwrap_or(0);
        state.group = Group {
            rhythm,
            after: latest.max(pause).max(1),
            mark: if self.has(Mend::MarkIsKept) { mark } else { 0 },
            had: if self.has(Mend::HadIsKept) { had } else { 0 },
        };
    }
}

impl Model for Rhythms {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let group = |rhythm| Group { rhythm, after: 0, mark: 0, had: 0 };
        let begins = [Rhythm::Each, Rhythm::Weekly].map(|rhythm| State {
            editions: [None; COUNT],
            group: group(rhythm),
            drawn: None,
            got: 0,
            twice: false,
            missed: 0,
            changes: 0,
            holds: 0,
        });
        begins.into()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.drawn.is_some() {
            actions.push(Action::Freeze { held: false });
            if state.holds < 2 {
                actions.push(Action::Freeze { held: true });
            }
        } else {
            let next = (0..SPECIAL).find(|place| state.editions[*place].is_none());
            actions.extend(next.map(Action::DrawUp));
            // At its hour, after the edition that follows, or while the one before it waits to be drawn up.
            if state.editions[SPECIAL].is_none() && state.editions[1].is_some() {
                actions.push(Action::DrawUp(SPECIAL));
            }
        }
        for (place, edition) in state.known() {
            if edition.held {
                actions.push(Action::Release(place));
            }
        }
        if state.changes < 2 {
            let other = if state.group.rhythm == Rhythm::Each { Rhythm::Weekly } else { Rhythm::Each };
            actions.extend([Action::Choose(other), Action::Pause]);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::DrawUp(place) => {
                let letter = self.letter(&state, place, cutoff(place));
                state.drawn = Some(Drawn { place, group: state.group, stamp: state.stamp(), letter });
            }
            Action::Freeze { held } => {
                let drawn = state.drawn.take()?;
                self.freeze(&mut state, drawn, held);
                state.holds += u8::from(held);
            }
            Action::Release(place) => self.release(&mut state, place),
            Action::Choose(rhythm) => {
                // A pause that lasts is kept.
                let now = state.known().map(|(place, _)| cutoff(place)).max().unwrap_or(0);
                let pause = if state.group.after == PAUSE_END && now < PAUSE_END { PAUSE_END } else { 0 };
                self.choose(&mut state, rhythm, pause);
                state.changes += 1;
            }
            Action::Pause => {
                let now = state.known().map(|(place, _)| cutoff(place)).max().unwrap_or(0);
                if now >= PAUSE_END || state.group.after == PAUSE_END {
                    return None;
                }
                let rhythm = state.group.rhythm;
                self.choose(&mut state, rhythm, PAUSE_END);
                state.changes += 1;
            }
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        // What the next edition after all would bring, if it were for every rhythm.
        fn to_come(model: &Rhythms, state: &State) -> Columns {
            model.letter(state, COUNT, LATER).unwrap_or(0)
        }
        fn waits(state: &State) -> Columns {
            state.known().filter_map(|(_, edition)| edition.letter).fold(0, |all, letter| all | letter)
        }
        vec![
            Property::always("no column comes twice", |model, s: &State| {
                !s.twice && (s.got | waits(s)) & to_come(model, s) == 0
            }),
            Property::always("no column is missed", |model, s: &State| {
                let held = s.known().filter(|(_, edition)| edition.held).fold(0, |all, (place, _)| all | bit(place));
                let all = s.known().fold(0, |all, (place, _)| all | bit(place));
                all & !(s.got | waits(s) | to_come(model, s) | held | s.missed) == 0
            }),
        ]
    }
}

pub fn switches_pauses_holds_and_freezings_in_every_order() {
    let states = assert_sound(Rhythms { without: None });
    assert!(states > 10_000, "{states} states are not all there are");
}

pub fn each_fault_of_rhythms_is_found_without_its_mend() {
    let without = |mend| Rhythms { without: Some(mend) };
    for mend in [
        Mend::GroupIsCompared,
        Mend::EditionsAreCompared,
        Mend::ReleasedComesBehind,
        Mend::HeldKeepsHistory,
        Mend::LaterKeepsHistory,
        Mend::SpecialIsNotTheLast,
    ] {
        assert_found(without(mend), "no column is missed");
    }
    for mend in [Mend::HeldLettersAreDropped, Mend::HadIsKept, Mend::MarkIsKept, Mend::SpecialIsForAll] {
        assert_found(without(mend), "no column comes twice");
    }
}
