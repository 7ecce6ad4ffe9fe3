//! What the store promises, written down as models and checked exhaustively: every order of steps of two
//! workers, editors, readers and syncs, with a death, a sleep or a hold anywhere. Each mend can be taken
//! out of a model: then the checker must find the fault that it mends, or it would find none.
//!
//! A package of its own, because only a whole package can be compiled to run fast where tests are not.

pub mod dialogue;
pub mod freezing;
pub mod ledger;
pub mod publication;
pub mod rhythms;
pub mod sync;
pub mod together;

use std::{collections::BTreeSet, fmt::Debug, hash::Hash};

use stateright::{Checker, HasDiscoveries, Model};

/// A model that can be checked by two threads.
trait Checkable:
    Model<State: Hash + Debug + Clone + PartialEq + Send + Sync, Action: Debug + Clone + PartialEq + Send + Sync>
    + Send
    + Sync
    + 'static
{
}

impl<M> Checkable for M
where
    M: Model + Send + Sync + 'static,
    M::State: Hash + Debug + Clone + PartialEq + Send + Sync,
    M::Action: Debug + Clone + PartialEq + Send + Sync,
{
}

/// All that can happen is right; gives in how many states.
fn assert_sound<M: Checkable>(model: M) -> usize {
    let checker = model.checker().threads(2).finish_when(HasDiscoveries::Any).spawn_bfs().join();
    if let Some((name, path)) = checker.discoveries().into_iter().next() {
        panic!("{name:?} does not hold: {:?}", path.into_actions());
    }
    checker.unique_state_count()
}

/// The same, where many states differ only in what is called how: one stands for them.
fn assert_sound_up_to<M: Checkable>(model: M, representative: fn(&M::State) -> M::State) -> usize {
    let checker =
        model.checker().threads(2).symmetry_fn(representative).finish_when(HasDiscoveries::Any).spawn_dfs().join();
    if let Some((name, path)) = checker.discoveries().into_iter().next() {
        panic!("{name:?} does not hold: {:?}", path.into_actions());
    }
    checker.unique_state_count()
}

/// Without its mend, the fault is found.
fn assert_found<M: Checkable>(model: M, property: &'static str) {
    let wanted = HasDiscoveries::AllOf(BTreeSet::from([property]));
    let checker = model.checker().threads(2).finish_when(wanted).spawn_bfs().join();
    assert!(
        checker.discoveries().contains_key(property),
        "{property:?} holds without its mend: the model does not notice the fault"
    );
}
