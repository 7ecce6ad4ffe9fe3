//! The shape of what editors read at their desk.

use serde::Deserialize;

use super::Plural;

/// What is looked at before an edition goes out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preflight {
    pub(crate) size: Size,
    pub(crate) lines: Count,
    pub(crate) letter: Found,
    pub(crate) template: Found,
    pub(crate) alt: CountedCheck,
    pub(crate) links: Check,
    pub(crate) sender: Check,
    pub(crate) alignment: Check,
    pub(crate) signature: Check,
    pub(crate) unsubscribe: Check,
    pub(crate) subject: Count,
    pub(crate) standfirsts: Check,
    pub(crate) pictures: Check,
    pub(crate) programs: Programs,
    pub(crate) losses: Losses,
}

/// How much of a letter a mail program shows: `{program}`, `{points}` of a hundred, and what it drops, `{list}`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Programs {
    pub(crate) whole: String,
    pub(crate) without: String,
    pub(crate) mend: String,
}

/// What mail programs drop.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Losses {
    pub(crate) styles: String,
    pub(crate) wide_screens: String,
    pub(crate) night_colours: String,
    pub(crate) corners: String,
    pub(crate) floats: String,
    pub(crate) widths: String,
    pub(crate) blocks: String,
    pub(crate) placement: String,
    pub(crate) backgrounds: String,
    pub(crate) media: String,
    pub(crate) speech: String,
}

/// How large a letter is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Size {
    pub(crate) fine: String,
    pub(crate) red: String,
    pub(crate) mend: String,
}

/// Something that is counted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Count {
    pub(crate) found: Plural,
    pub(crate) mend: String,
}

/// Something that is wrong if it is told.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Found {
    pub(crate) found: String,
    pub(crate) mend: String,
}

/// Something that is as it should be, or is not.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    pub(crate) good: String,
    pub(crate) wrong: String,
    pub(crate) mend: String,
}

/// The same, where what is wrong is counted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountedCheck {
    pub(crate) good: String,
    pub(crate) wrong: Plural,
    pub(crate) mend: String,
}

/// The desk.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Desk {
    pub(crate) desk: String,
    pub(crate) coming: String,
    pub(crate) past: String,
    pub(crate) leave: String,
    pub(crate) skip: String,
    pub(crate) closed: String,
    pub(crate) closed_help: String,
    pub(crate) welcome: String,
    pub(crate) enter: String,
    pub(crate) goes_at: String,
    pub(crate) was_due_at: String,
    pub(crate) edition_number: String,
    pub(crate) subject: String,
    pub(crate) preheader: String,
    pub(crate) preheader_help: String,
    pub(crate) opening: String,
    pub(crate) opening_help: String,
    pub(crate) signed: String,
    pub(crate) signed_help: String,
    pub(crate) portrait: String,
    pub(crate) portrait_help: String,
    pub(crate) closing: String,
    pub(crate) closing_help: String,
    pub(crate) characters: String,
    pub(crate) inbox: String,
    pub(crate) columns: String,
    pub(crate) columns_help: String,
    pub(crate) lead: String,
    pub(crate) pinned: String,
    pub(crate) title_only: String,
    pub(crate) left_out: String,
    pub(crate) pin: String,
    pub(crate) unpin: String,
    pub(crate) leave_out: String,
    pub(crate) take_back: String,
    pub(crate) repeats: String,
    pub(crate) repeats_help: String,
    pub(crate) sent_in: String,
    pub(crate) twice_here: String,
    pub(crate) send_again: String,
    pub(crate) up: String,
    pub(crate) down: String,
    pub(crate) save: String,
    pub(crate) saved: String,
    pub(crate) kept_by: String,
    pub(crate) preflight: String,
    pub(crate) red: String,
    pub(crate) amber: String,
    pub(crate) green: String,
    /// How many findings are as they should be.
    pub(crate) all_green: Plural,
    /// The versions of what editors changed.
    pub(crate) versions: String,
    pub(crate) back: String,
    /// An edition as it was before anybody touched it.
    pub(crate) untouched: String,
    /// What became of the letters of an edition.
    pub(crate) figures: String,
    pub(crate) no_tracking: String,
    pub(crate) count_figures: String,
    pub(crate) domain: String,
    pub(crate) all_domains: String,
    pub(crate) other_domains: String,
    pub(crate) figure_sent: String,
    pub(crate) figure_refused: String,
    pub(crate) figure_unsure: String,
    pub(crate) figure_came_back: String,
    pub(crate) figure_complained: String,
    pub(crate) figure_left: String,
    /// The letter as one reader gets it.
    pub(crate) as_reader: String,
    pub(crate) no_such_reader: String,
    pub(crate) nothing_for_reader: String,
    pub(crate) other_address: String,
    pub(crate) no_address: String,
    pub(crate) stops: String,
    pub(crate) check_links: String,
    pub(crate) links_good: String,
    pub(crate) links_bad: String,
    pub(crate) links_left: Plural,
    pub(crate) proof: String,
    pub(crate) send_proof: String,
    pub(crate) proof_to: String,
    pub(crate) proof_sent: String,
    /// The relay has not taken it.
    pub(crate) proof_waits: String,
    pub(crate) proof_untried: String,
    pub(crate) no_editors: String,
    pub(crate) no_proof: String,
    pub(crate) nobody_ticked: String,
    pub(crate) proof_again: String,
    pub(crate) too_long: Plural,
    pub(crate) goes_to: Plural,
    pub(crate) decision: String,
    pub(crate) approve: String,
    pub(crate) hold: String,
    /// It goes with the next run.
    pub(crate) send_now: String,
    pub(crate) send_now_help: String,
    /// Until `{hour}` it can be taken back.
    pub(crate) goes_soon: String,
    pub(crate) take_back_send: String,
    pub(crate) put_off: String,
    pub(crate) put_off_hour: String,
    pub(crate) put_off_help: String,
    pub(crate) put_back: String,
    pub(crate) skip_edition: String,
    pub(crate) skip_help: String,
    pub(crate) skipped: String,
    pub(crate) resume: String,
    pub(crate) release: String,
    pub(crate) why: String,
    pub(crate) empty: String,
    pub(crate) draft: String,
    pub(crate) draft_waits: String,
    pub(crate) approved: String,
    pub(crate) fallen: String,
    pub(crate) held: String,
    pub(crate) frozen: String,
    pub(crate) sending: String,
    pub(crate) sent: String,
    pub(crate) letters: String,
    pub(crate) sent_letters: Plural,
    pub(crate) history: String,
    pub(crate) note: String,
    pub(crate) note_approved: String,
    pub(crate) note_fallen: String,
    pub(crate) note_held: String,
    pub(crate) note_released: String,
    pub(crate) note_retried: String,
    pub(crate) note_proof: String,
    pub(crate) note_skipped: String,
    pub(crate) note_resumed: String,
    pub(crate) note_put_off: String,
    pub(crate) note_put_back: String,
    pub(crate) refusals: String,
    pub(crate) refusals_help: String,
    pub(crate) reason: String,
    pub(crate) retry: String,
    pub(crate) retried: String,
    pub(crate) none_refused: String,
    pub(crate) preview: String,
    pub(crate) as_seen_by: String,
    pub(crate) everyone: String,
    /// Behind an audience that has missed editions: `{day}`.
    pub(crate) with_editions_since: String,
    /// Above the inbox lines of the other audiences.
    pub(crate) other_inboxes: String,
    /// How many readers: a plural.
    pub(crate) readers: Plural,
    /// The way to each newsletter.
    pub(crate) newsletters: String,
    pub(crate) show: String,
    pub(crate) wide_and_phone: String,
    pub(crate) dark: String,
    pub(crate) text: String,
    pub(crate) source: String,
    pub(crate) headers: String,
    pub(crate) wide: String,
    pub(crate) phone: String,
    /// Letters as inboxes and mail programs show them.
    pub(crate) inboxes: String,
    pub(crate) gmail_at_night: String,
    pub(crate) imitated: String,
    pub(crate) imitated_night: String,
    /// With `{list}`.
    pub(crate) dropped: String,
    pub(crate) gmail_line: String,
    pub(crate) apple_group: String,
    pub(crate) apple_summary: String,
    pub(crate) nothing_for_them: String,
    pub(crate) no_past: String,
    pub(crate) stale: String,
    pub(crate) stale_yours: String,
    pub(crate) changed_meanwhile: String,
    /// Columns were moved by somebody else.
    pub(crate) moved_meanwhile: String,
    /// Who else is here: `{names}`.
    pub(crate) here: String,
    /// The editions that want something.
    pub(crate) open_editions: String,
    /// The ways to the parts of the page.
    pub(crate) sections: String,
    pub(crate) refused: String,
    pub(crate) parts: Parts,
    pub(crate) undecided: Undecided,
    pub(crate) link_errors: LinkErrors,
    pub(crate) script: Script,
}

/// Why a link leads nowhere.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkErrors {
    pub(crate) address: String,
    pub(crate) private: String,
    pub(crate) status: String,
    pub(crate) redirects: String,
    pub(crate) timeout: String,
    pub(crate) failed: String,
}

/// What editors change.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parts {
    pub(crate) subject: String,
    pub(crate) preheader: String,
    pub(crate) opening: String,
    pub(crate) signature: String,
    pub(crate) closing: String,
    pub(crate) pinned: String,
    pub(crate) left_out: String,
    pub(crate) again: String,
    pub(crate) order: String,
}

/// The desk's script, which finds these words in the page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    pub(crate) offline: String,
    pub(crate) closed: String,
    pub(crate) long: String,
    pub(crate) refused: String,
    pub(crate) retry: String,
    pub(crate) merged: String,
    pub(crate) conflict: String,
    pub(crate) theirs: String,
    pub(crate) mine: String,
    pub(crate) take: String,
    pub(crate) gone: String,
    pub(crate) seen: String,
    pub(crate) undone: String,
    pub(crate) unsaved: String,
}

/// Why a decision could not be carried out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Undecided {
    pub(crate) no_such_edition: String,
    pub(crate) empty: String,
    pub(crate) changed: String,
    pub(crate) approved_meanwhile: String,
    pub(crate) held_meanwhile: String,
    pub(crate) released_meanwhile: String,
    pub(crate) decided: String,
    pub(crate) readers: Plural,
    pub(crate) held: String,
    pub(crate) not_held: String,
    pub(crate) hour: String,
    pub(crate) red: String,
    pub(crate) is_frozen: String,
    pub(crate) is_sending: String,
    pub(crate) is_sent: String,
    pub(crate) is_held: String,
    pub(crate) withdrawn: String,
}
