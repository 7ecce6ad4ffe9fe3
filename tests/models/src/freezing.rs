//! An edition is drawn up and frozen, while an editor holds it, a column is withdrawn, and a reader chooses
//! anew. What is drawn up is read in one transaction and written in another; on Postgres each statement of
//! the writing one sees what was committed before it began.

use stateright::{Model, Property};

use crate::{assert_found, assert_sound};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mend {
    /// Freezing compares the revision of the columns.
    RevisionCounts,
    /// Freezing compares the editors' last word.
    WordCounts,
    /// A hold looks, where it is written, whether the edition is frozen.
    HoldLooks,
    /// Freezing looks once more at the choices, after the letters.
    ChoicesAreLookedAtAgain,
}

/// What a drawing-up has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Seen {
    revision: u8,
    withdrawn: bool,
    held: bool,
    choice: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Worker {
    Idle,
    Drawn(Seen),
    /// In the freezing transaction, when the choices were compared and the letters are not written.
    Freezing(Seen),
    /// The letters are written, to a reader with this choice or to nobody.
    Written(Seen, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Editor {
    Idle,
    /// Has seen a draft, and is about to write the hold down.
    Looked,
    /// Was told that it is held.
    Told,
    /// Was told that it is too late.
    TooLate,
}

/// An edition that is frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Edition {
    withdrawn: bool,
    held: bool,
    letter: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    worker: Worker,
    editor: Editor,
    revision: u8,
    withdrawn: bool,
    /// A hold is written down about the draft.
    noted: bool,
    choice: u8,
    edition: Option<Edition>,
    /// Whether the column was withdrawn before the freezing began.
    withdrawn_before: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    DrawUp,
    Begin,
    Letters,
    Commit,
    Look,
    Hold,
    Withdraw,
    Choose,
}

struct Freezing {
    without: Option<Mend>,
}

impl Freezing {
    fn has(&self, mend: Mend) -> bool {
        self.without != Some(mend)
    }
}

impl Model for Freezing {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            worker: Worker::Idle,
            editor: Editor::Idle,
            revision: 0,
            withdrawn: false,
            noted: false,
            choice: 0,
            edition: None,
            withdrawn_before: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        // Freezing, holding and withdrawing are one at a time: they take one lock.
        let locked = matches!(state.worker, Worker::Freezing(_) | Worker::Written(..));
        match state.worker {
            Worker::Idle if state.edition.is_none() => actions.push(Action::DrawUp),
            Worker::Idle => {}
            Worker::Drawn(_) => actions.push(Action::Begin),
            Worker::Freezing(_) => actions.push(Action::Letters),
            Worker::Written(..) => actions.push(Action::Commit),
        }
        match state.editor {
            Editor::Idle => actions.push(Action::Look),
            Editor::Looked if !locked => actions.push(Action::Hold),
            _ => {}
        }
        if !state.withdrawn && !locked {
            actions.push(Action::Withdraw);
        }
        // A reader's choice takes no lock.
        if state.choice < 2 {
            actions.push(Action::Choose);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match (action, state.worker) {
            (Action::DrawUp, _) => {
                let State { revision, withdrawn, noted, choice, .. } = state;
                state.worker = Worker::Drawn(Seen { revision, withdrawn, held: noted, choice });
            }
            (Action::Begin, Worker::Drawn(seen)) => {
                let stale = (self.has(Mend::RevisionCounts) && seen.revision != state.revision)
                    || (self.has(Mend::WordCounts) && seen.held != state.noted)
                    || seen.choice != state.choice;
                // One that is held, or has no column, is not frozen; what is stale is drawn up again.
                let frozen = !(stale || seen.held || seen.withdrawn);
                state.worker = if frozen { Worker::Freezing(seen) } else { Worker::Idle };
                state.withdrawn_before = frozen && state.withdrawn;
            }
            (Action::Letters, Worker::Freezing(seen)) => {
                state.worker = Worker::Written(seen, seen.choice == state.choice);
            }
            (Action::Commit, Worker::Written(seen, letter)) => {
                state.worker = Worker::Idle;
                let again = self.has(Mend::ChoicesAreLookedAtAgain) && seen.choice != state.choice;
                if !again {
                    let withdrawn = state.withdrawn_before;
                    state.edition = Some(Edition { withdrawn, held: false, letter });
                }
            }
            (Action::Look, _) => {
                state.editor = if state.edition.is_none() { Editor::Looked } else { Editor::TooLate };
            }
            (Action::Hold, _) => {
                match &mut state.edition {
                    Some(edition) if self.has(Mend::HoldLooks) => edition.held = true,
                    _ => state.noted = true,
                }
                state.editor = Editor::Told;
            }
            (Action::Withdraw, _) => {
                state.withdrawn = true;
                state.revision += 1;
            }
            (Action::Choose, _) => state.choice += 1,
            _ => return None,
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("an edition holds nothing that was withdrawn before it was frozen", |_, s: &State| {
                s.edition.is_none_or(|edition| !edition.withdrawn)
            }),
            Property::always("what an editor was told is held does not go out", |_, s: &State| {
                s.editor != Editor::Told || s.edition.is_none_or(|edition| edition.held)
            }),
            Property::always("every reader of an edition has a letter", |_, s: &State| {
                s.edition.is_none_or(|edition| edition.letter)
            }),
        ]
    }
}

pub fn a_freezing_against_a_hold_a_withdrawal_and_a_new_choice() {
    let states = assert_sound(Freezing { without: None });
    assert!(states > 100, "{states} states are not all there are");
}

pub fn each_fault_of_freezing_is_found_without_its_mend() {
    let without = |mend| Freezing { without: Some(mend) };
    assert_found(without(Mend::RevisionCounts), "an edition holds nothing that was withdrawn before it was frozen");
    assert_found(without(Mend::WordCounts), "what an editor was told is held does not go out");
    assert_found(without(Mend::HoldLooks), "what an editor was told is held does not go out");
    assert_found(without(Mend::ChoicesAreLookedAtAgain), "every reader of an edition has a letter");
}
