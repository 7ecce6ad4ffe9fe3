//! Two syncs overlap while a file changes: each looks at the stamps, reads the file, and puts the column and
//! its stamp.

use stateright::{Model, Property};

use crate::{assert_found, assert_sound};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mend {
    /// A column and its stamp are put in one transaction.
    StampsComeAlong,
    /// They are put only over the stamp that was read.
    StampsAreCompared,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sync {
    Idle,
    /// Has seen this stamp.
    Looked {
        stamp: u8,
    },
    /// Has read this version of the file.
    Read {
        stamp: u8,
        version: u8,
    },
    /// Has put the column, and not the stamp.
    Put {
        version: u8,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    syncs: [Sync; 2],
    file: u8,
    column: u8,
    stamp: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Edit,
    Look(usize),
    Read(usize),
    Put(usize),
    Stamp(usize),
    Die(usize),
}

struct Overlap {
    without: Option<Mend>,
}

impl Model for Overlap {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State { syncs: [Sync::Idle; 2], file: 1, column: 0, stamp: 0 }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.file < 3 {
            actions.push(Action::Edit);
        }
        for (s, sync) in state.syncs.iter().enumerate() {
            match sync {
                Sync::Idle if state.stamp != state.file => actions.push(Action::Look(s)),
                Sync::Idle => continue,
                Sync::Looked { .. } => actions.push(Action::Read(s)),
                Sync::Read { .. } => actions.push(Action::Put(s)),
                Sync::Put { .. } => actions.push(Action::Stamp(s)),
            }
            actions.push(Action::Die(s));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Edit => state.file += 1,
            Action::Look(s) => state.syncs[s] = Sync::Looked { stamp: state.stamp },
            Action::Read(s) => {
                let Sync::Looked { stamp } = state.syncs[s] else { return None };
                state.syncs[s] = Sync::Read { stamp, version: state.file };
            }
            Action::Put(s) => {
                let Sync::Read { stamp, version } = state.syncs[s] else { return None };
                state.syncs[s] = Sync::Idle;
                if self.without != Some(Mend::StampsAreCompared) && stamp != state.stamp {
                    return Some(state);
                }
                state.column = version;
                match self.without {
                    Some(Mend::StampsComeAlong) => state.syncs[s] = Sync::Put { version },
                    _ => state.stamp = version,
                }
            }
            Action::Stamp(s) => {
                let Sync::Put { version } = state.syncs[s] else { return None };
                state.stamp = version;
                state.syncs[s] = Sync::Idle;
            }
            Action::Die(s) => state.syncs[s] = Sync::Idle,
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("a stamp is of what the store holds", |_, s: &State| {
                let quiet = s.syncs.iter().all(|sync| *sync == Sync::Idle);
                !quiet || s.stamp == s.column
            }),
            Property::always("a column never goes back", |_, s: &State| s.column >= s.stamp),
        ]
    }
}

pub fn syncs_that_overlap_keep_the_newest() {
    let states = assert_sound(Overlap { without: None });
    assert!(states > 20, "{states} states are not all there are");
}

pub fn an_older_column_is_found_without_the_mends() {
    assert_found(Overlap { without: Some(Mend::StampsComeAlong) }, "a stamp is of what the store holds");
    // Both put what they read, the older one last: the stamp goes back with it, and only the next sync heals.
    let both = Overlap { without: Some(Mend::StampsAreCompared) };
    assert_found_going_back(both);
}

/// Without the comparison the older text wins for a while: seen by a column that goes back.
fn assert_found_going_back(model: Overlap) {
    assert_found(GoingBack(model), "the newest text stays");
}

/// The same, remembering the newest text that was in the store.
struct GoingBack(Overlap);

impl Model for GoingBack {
    type State = (State, u8);
    type Action = Action;

    fn init_states(&self) -> Vec<(State, u8)> {
        self.0.init_states().into_iter().map(|state| (state, 0)).collect()
    }

    fn actions(&self, (state, _): &(State, u8), actions: &mut Vec<Action>) {
        self.0.actions(state, actions);
    }

    fn next_state(&self, (state, newest): &(State, u8), action: Action) -> Option<(State, u8)> {
        let next = self.0.next_state(state, action)?;
        let newest = (*newest).max(next.column);
        Some((next, newest))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("the newest text stays", |_, (state, newest): &(State, u8)| state.column == *newest)]
    }
}

pub fn the_newest_text_stays() {
    assert_sound(GoingBack(Overlap { without: None }));
}
