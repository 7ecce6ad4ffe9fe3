//! What reading a mailbox came to, as numbers and in words.

use serde::Serialize;

/// So many of the messages that were left are named; the rest is counted.
const MOST_NAMED: usize = 50;

/// A message that was left where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Which: a file's name, or the line that begins it in an mbox.
    pub message: String,
    /// Why.
    pub why: String,
}

/// What reading came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// Whether this was a rehearsal that changed nothing.
    pub dry_run: bool,
    /// All that were read.
    pub messages: u64,
    /// Letters that came back for good.
    pub hard: u64,
    /// Letters that came back for a passing reason.
    pub soft: u64,
    /// Letters that came back for what we are or sent.
    pub ours: u64,
    /// The last of the words in which that was said.
    pub ours_words: Option<String>,
    /// Letters whose readers complained.
    pub complaints: u64,
    /// Subscribers who left, also by complaining.
    pub unsubscribed: u64,
    /// Addresses that are not written to any more.
    pub suppressed: u64,
    /// Answers of machines.
    pub auto_replies: u64,
    /// Delayed or delivered letters, and what was known already.
    pub nothing_new: u64,
    /// About letters and subscribers that are not there any more.
    pub gone: u64,
    /// Left where they are.
    pub left: u64,
    /// The first of them.
    pub named: Vec<Left>,
}

impl Summary {
    pub(super) fn leave(&mut self, message: String, why: String) {
        self.left += 1;
        if self.named.len() < MOST_NAMED {
            self.named.push(Left { message, why });
        }
    }

    /// How many were left and not named.
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

fn plural(count: u64, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}
