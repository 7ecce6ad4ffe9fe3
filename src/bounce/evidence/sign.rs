//! What a fact means, and what that is worth.

use serde::{Deserialize, Serialize};

use crate::store::BounceKind;

/// What a code or a phrase says. The names are those of `phrases.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    // About the address: nobody is there.
    NoMailbox,
    NoDomain,
    NoMail,
    Moved,
    Disabled,
    // About the address or the way to it: it may be good another time.
    Full,
    Suspended,
    Later,
    Network,
    GaveUp,
    System,
    // About us.
    Reputation,
    Policy,
    Authentication,
    Content,
    Rate,
    Size,
    Relay,
    Sender,
    Protocol,
    // About the message that tells of it.
    Delayed,
    Delivered,
    Bounce,
    Absence,
    Leave,
    Complaint,
}

impl Sign {
    /// For which reason it speaks; none, if it says what sort of message it is.
    pub fn kind(self) -> Option<BounceKind> {
        match self {
            Self::NoMailbox | Self::NoDomain | Self::NoMail | Self::Moved | Self::Disabled => Some(BounceKind::Hard),
            Self::Full | Self::Suspended | Self::Later | Self::Network | Self::GaveUp | Self::System => {
                Some(BounceKind::Soft)
            }
            Self::Reputation
            | Self::Policy
            | Self::Authentication
            | Self::Content
            | Self::Rate
            | Self::Size
            | Self::Relay
            | Self::Sender
            | Self::Protocol => Some(BounceKind::Ours),
            Self::Delayed | Self::Delivered | Self::Bounce | Self::Absence | Self::Leave | Self::Complaint => None,
        }
    }

    /// In words, for who looks at the evidence.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoMailbox => "nobody is there",
            Self::NoDomain => "there is no such domain",
            Self::NoMail => "the domain takes no mail",
            Self::Moved => "the reader has moved",
            Self::Disabled => "the mailbox is closed",
            Self::Full => "the mailbox is full",
            Self::Suspended => "the mailbox is suspended",
            Self::Later => "another time, perhaps",
            Self::Network => "the server was not reached",
            Self::GaveUp => "it was tried for too long",
            Self::System => "the server has a fault",
            Self::Reputation => "our server is not trusted",
            Self::Policy => "a rule refuses it",
            Self::Authentication => "our signatures are not accepted",
            Self::Content => "the content is refused",
            Self::Rate => "we send too much at once",
            Self::Size => "the letter is too large",
            Self::Relay => "the server does not take mail for the address from us",
            Self::Sender => "our sender's address is refused",
            Self::Protocol => "the servers do not understand each other",
            Self::Delayed => "it is on its way",
            Self::Delivered => "it has arrived",
            Self::Bounce => "something was returned",
            Self::Absence => "a machine answers",
            Self::Leave => "the reader wants to leave",
            Self::Complaint => "the reader complains",
        }
    }
}
