//! The result of reading a mailbox, in numbers and in words.

use serde::Serialize;

use crate::store::RestingDomain;

/// Further messages that were left are only counted.
const MAX_NAMED_MESSAGES: usize = 50;

/// A message that was left where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftMessage {
    /// The name of its file, or the line that begins it in an mbox.
    pub message: String,
    pub why: String,
}

/// The result of reading a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    pub dry_run: bool,
    /// How many were read.
    pub messages: u64,
    /// Letters to addresses that do not exist.
    pub hard: u64,
    /// Letters that came back for a reason that may pass.
    pub soft: u64,
    /// Letters that came back because of what was sent or who sent it.
    pub ours: u64,
    /// The last diagnostic of those.
    pub ours_words: Option<String>,
    pub complaints: u64,
    /// Subscribers who unsubscribed or complained.
    pub unsubscribed: u64,
    /// Addresses that are not written to again.
    pub suppressed: u64,
    /// Domains to which no letter goes for a time, because too many came back from there at once.
    pub resting: Vec<RestingDomain>,
    /// Who wrote that they want to leave and are asked to confirm it.
    pub asked: u64,
    pub auto_replies: u64,
    /// Letters that arrived, as relays were asked to tell.
    #[serde(skip_serializing_if = "is_none")]
    pub arrived: u64,
    /// Delayed letters, and reports that were known.
    pub nothing_new: u64,
    /// About letters and subscribers that no longer exist.
    pub gone: u64,
    /// Messages that stay where they are.
    pub left: u64,
    /// The first of them.
    pub named: Vec<LeftMessage>,
}

impl Summary {
    pub(super) fn leave(&mut self, message: String, why: String) {
        self.left += 1;
        if self.named.len() < MAX_NAMED_MESSAGES {
            self.named.push(LeftMessage { message, why });
        }
    }

    /// How many were left without being named.
    pub fn unnamed(&self) -> u64 {
        self.left - self.named.len() as u64
    }

    /// In words, on one line.
    pub fn words(&self) -> String {
        let mut words = match self.messages {
            0 => "no message".to_owned(),
            count => format!("{count} {} read", plural(count, "message")),
        };
        for (count, what) in [
            (self.hard, "came back for good"),
            (self.soft, "came back for now"),
            (self.ours, "came back because of us"),
            (self.complaints, "complained of"),
            (self.arrived, "arrived"),
            (self.asked, "to be confirmed by mail"),
            (self.auto_replies, "by machines"),
            (self.nothing_new, "without news"),
            (self.gone, "about what is gone"),
            (self.left, "left there"),
        ] {
            if count > 0 {
                words.push_str(&format!(", {count} {what}"));
            }
        }
        let did = if self.dry_run { "would be " } else { "" };
        if self.unsubscribed > 0 {
            words.push_str(&format!("; {} {did}unsubscribed", self.unsubscribed));
        }
        if self.suppressed > 0 {
            words.push_str(&format!(
                "; {} {} {did}suppressed",
                self.suppressed,
                if self.suppressed == 1 { "address" } else { "addresses" }
            ));
        }
        words
    }
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

fn plural(count: u64, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}
