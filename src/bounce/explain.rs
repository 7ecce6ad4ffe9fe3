//! Says what a message is taken for and why, without a store: for who wonders about a judgement, and to measure how well
//! judgements hold.

use serde::Serialize;

use super::{
    evidence::Fact,
    meaning::{self, Form},
    mime,
    report::RecipientStatus,
};

/// What a message is taken for, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What sort of message it is, in words.
    pub form: String,
    pub recipients: Vec<RecipientExplanation>,
    /// Whether the letter that it returns still has its Message-ID.
    pub returned_message_id: bool,
    /// Whether the letter that it returns still has its way to leave.
    pub returned_list_unsubscribe: bool,
}

/// What is said about one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecipientExplanation {
    pub addresses: Vec<String>,
    /// `hard`, `soft`, `ours`, or `none` if nothing came back.
    pub judgement: &'static str,
    /// The mail server's words.
    pub words: String,
    pub evidence: Vec<Fact>,
}

/// Explains a message.
pub fn explain(message: &[u8]) -> Explanation {
    let mut parts = match mime::parse_message(message) {
        Ok(parts) => parts,
        Err(why) => return Explanation { form: why, ..Explanation::default() },
    };
    let form = meaning::classify(&mut parts);
    let (form, statuses) = match form {
        Ok(Form::Complaint(..)) => ("complaint".to_owned(), Vec::new()),
        Ok(Form::Report(statuses)) => ("delivery report".to_owned(), statuses),
        Ok(Form::Notice(status)) => ("returned letter with a text for people".to_owned(), vec![status]),
        Ok(Form::Receipt) => ("read receipt".to_owned(), Vec::new()),
        Ok(Form::AutoReply) => ("answer of a machine".to_owned(), Vec::new()),
        Ok(Form::Leave) => ("wish to leave".to_owned(), Vec::new()),
        Err(why) => (why, Vec::new()),
    };
    let returned = |name: &str| parts.heads.iter().skip(1).any(|head| head.get(name).is_some());
    Explanation {
        form,
        recipients: statuses.into_iter().map(recipient).collect(),
        returned_message_id: returned("message-id"),
        returned_list_unsubscribe: returned("list-unsubscribe"),
    }
}

fn recipient(status: RecipientStatus) -> RecipientExplanation {
    RecipientExplanation {
        addresses: status.recipients,
        judgement: status.reason.map_or("none", |reason| reason.as_str()),
        words: status.words,
        evidence: status.evidence.facts().to_vec(),
    }
}
