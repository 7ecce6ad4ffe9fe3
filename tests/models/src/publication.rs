//! Two publications overlap while columns change: each reads the columns, writes the feed's file, and says
//! in the store up to which revision it is published.

use stateright::{Model, Property};

use crate::{assert_found, assert_sound};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mend {
    /// What is published is written down only over what was read at the beginning.
    CommitsCompare,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Publisher {
    Idle,
    /// Has read the columns of a revision, and what was published before.
    Read {
        revision: u8,
        before: (u8, u8),
    },
    Wrote {
        revision: u8,
        before: (u8, u8),
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    presses: [Publisher; 2],
    /// How often columns changed.
    revision: u8,
    /// The revision that the file shows.
    file: u8,
    /// The revision that is said to be published, and how often that was said.
    published: (u8, u8),
    deaths: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Change,
    Read(usize),
    Write(usize),
    Commit(usize),
    Die(usize),
}

struct Publication {
    without: Option<Mend>,
}

impl Model for Publication {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State { presses: [Publisher::Idle; 2], revision: 1, file: 0, published: (0, 0), deaths: 0 }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.revision < 3 {
            actions.push(Action::Change);
        }
        for (p, press) in state.presses.iter().enumerate() {
            match press {
                Publisher::Idle if state.published.0 != state.revision => actions.push(Action::Read(p)),
                Publisher::Idle => continue,
                Publisher::Read { .. } => actions.push(Action::Write(p)),
                Publisher::Wrote { .. } => actions.push(Action::Commit(p)),
            }
            if state.deaths < 1 {
                actions.push(Action::Die(p));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Change => state.revision += 1,
            Action::Read(p) => {
                state.presses[p] = Publisher::Read { revision: state.revision, before: state.published };
            }
            Action::Write(p) => {
                let Publisher::Read { revision, before } = state.presses[p] else { return None };
                state.file = revision;
                state.presses[p] = Publisher::Wrote { revision, before };
            }
            Action::Commit(p) => {
                let Publisher::Wrote { revision, before } = state.presses[p] else { return None };
                // Another one has published meanwhile, and may have been overwritten: all is built again.
                if self.without == Some(Mend::CommitsCompare) || state.published == before {
                    state.published = (revision, state.published.1 + 1);
                    state.presses[p] = Publisher::Idle;
                } else {
                    state.presses[p] = Publisher::Read { revision: state.revision, before: state.published };
                }
            }
            Action::Die(p) => {
                state.presses[p] = Publisher::Idle;
                state.deaths += 1;
            }
        }
        (state != *last && state.published.1 < 6).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("what is said to be published is", |_, s: &State| {
            let quiet = s.presses.iter().all(|press| *press == Publisher::Idle);
            !quiet || s.deaths > 0 || s.published.0 != s.revision || s.file == s.revision
        })]
    }
}

pub fn publications_that_overlap_leave_no_stale_feed() {
    let states = assert_sound(Publication { without: None });
    assert!(states > 100, "{states} states are not all there are");
}

pub fn a_stale_feed_is_found_without_the_mend() {
    assert_found(Publication { without: Some(Mend::CommitsCompare) }, "what is said to be published is");
}
