//! What the store promises: checked as models (`tests/models`), and on the real store in every order of two
//! transactions.

mod pairs;

/// Runs the checks of the models as tests.
macro_rules! checks {
    ($($model:ident { $($check:ident)+ })+) => {
        $(mod $model {
            $(#[test]
            fn $check() {
                gazetier_models::$model::$check();
            })+
        })+
    };
}

checks! {
    dialogue {
        whoever_answers_twice_or_never_makes_nobody_believe_that_a_letter_was_taken
        each_fault_of_the_dialogue_is_found_without_its_mend
        what_cannot_be_known_is_known
    }
    freezing {
        a_freezing_against_a_hold_a_withdrawal_and_a_new_choice
        each_fault_of_freezing_is_found_without_its_mend
    }
    ledger {
        three_letters_and_two_workers_with_a_death_a_sleep_and_a_hold_anywhere
        readers_who_move_or_are_erased_and_letters_that_are_sent_again
        each_fault_of_the_ledger_is_found_without_its_mend
    }
    publication {
        publications_that_overlap_leave_no_stale_feed
        a_stale_feed_is_found_without_the_mend
    }
    rhythms {
        switches_pauses_holds_and_freezings_in_every_order
        each_fault_of_rhythms_is_found_without_its_mend
    }
    sync {
        syncs_that_overlap_keep_the_newest
        an_older_column_is_found_without_the_mends
        the_newest_text_stays
    }
    together {
        two_letters_of_one_reader_in_every_order
        each_fault_of_letters_in_others_is_found_without_its_mend
    }
}
