//! Sends one letter outside of an edition, to the folder or to the first relay that accepts it. There is no ledger for
//! it: in doubt it is sent again, because its reader is waiting for it.

use super::{
    dkim::Signer,
    file_relay,
    smtp::{ReplyClass, SmtpCommand, SmtpConnection, unexpected_reply, without_address},
    verdict::{LetterVerdict, SmtpStep},
};
use crate::{
    config::{self, Config, Relays},
    edition::render::letter::RenderedLetter,
    model::Instant,
};

pub(crate) struct SingleLetter<'a> {
    /// Names its file in a folder, and its envelope (ENVID).
    pub(crate) name: String,
    pub(crate) sender: String,
    pub(crate) address: &'a str,
    pub(crate) text: &'a str,
}

/// What became of it, with the relay's words or ours.
pub(crate) enum SingleResult {
    Accepted(String),
    Deferred(String),
    Refused(String),
    /// No relay can accept such a letter.
    Unsupported(String),
}

impl SingleResult {
    fn map(self, change: impl Fn(String) -> String) -> Self {
        match self {
            Self::Accepted(words) => Self::Accepted(change(words)),
            Self::Deferred(words) => Self::Deferred(change(words)),
            Self::Refused(words) => Self::Refused(change(words)),
            Self::Unsupported(words) => Self::Unsupported(change(words)),
        }
    }
}

/// Signs a letter and sends it.
pub(crate) async fn send_single(config: &Config, letter: SingleLetter<'_>, at: Instant) -> SingleResult {
    let address = letter.address;
    send(config, letter, at).await.map(|words| without_address(&words, address))
}

async fn send(config: &Config, letter: SingleLetter<'_>, at: Instant) -> SingleResult {
    let recipient = match letter.address.parse() {
        Ok(recipient) => recipient,
        Err(error) => return SingleResult::Refused(format!("not sent: {error}")),
    };
    let mut written = RenderedLetter { sender: letter.sender, recipient, text: letter.text.to_owned() };
    if let Some(signer) = Signer::new(config, at)
        && let Err(reason) = signer.sign(&mut written)
    {
        return SingleResult::Refused(format!("not sent: {reason}"));
    }
    match &config.relays {
        Relays::Folder(folder) => match file_relay::write_one(folder, &format!("{}.eml", letter.name), &written) {
            Ok(()) => SingleResult::Accepted("written".into()),
            Err(error) => SingleResult::Deferred(error.to_string()),
        },
        Relays::Smtp(relays) => send_by_smtp(relays, &written, &letter.name).await,
    }
}

async fn send_by_smtp(relays: &[config::Relay], written: &RenderedLetter, name: &str) -> SingleResult {
    let mut last = SingleResult::Deferred("there is no relay".into());
    for relay in relays {
        match SmtpConnection::open(relay).await {
            Ok(mut connection) => {
                last = send_over(&mut connection, written, name).await;
                if !matches!(last, SingleResult::Deferred(_) | SingleResult::Unsupported(_)) {
                    // If replies were out of step, it is not known which one was to this letter.
                    return match connection.quit().await {
                        Err(error) if error.out_of_step => SingleResult::Deferred(error.message),
                        _ => last,
                    };
                }
            }
            Err(error) => last = SingleResult::Deferred(format!("{}: {}", relay.name, error.message)),
        }
    }
    last
}

/// Sends a letter over a connection, one command at a time.
async fn send_over(connection: &mut SmtpConnection, written: &RenderedLetter, name: &str) -> SingleResult {
    if let Err(limit) = connection.extensions.accepts(written.text.len() as u64, &written.recipient) {
        return SingleResult::Unsupported(limit.to_string());
    }
    let (mail, rcpt) = connection.extensions.envelope(written, name, false);
    // No line of it begins with a dot: there is nothing to stuff.
    let text = format!("{}.\r\n", written.text);
    let lines = [
        (SmtpCommand::Mail, None, mail),
        (SmtpCommand::Recipient, Some(SmtpStep::Recipient), rcpt),
        (SmtpCommand::Data, Some(SmtpStep::Data), "DATA\r\n".into()),
        (SmtpCommand::End, Some(SmtpStep::End), text),
    ];
    for (command, step, line) in lines {
        let reply = match connection.ask(command, &line).await {
            Ok(reply) => reply,
            // It may have been accepted: a second letter does less harm than none.
            Err(error) => return SingleResult::Deferred(error.message),
        };
        match (command.classify(reply.code), step.map(|step| LetterVerdict::of(step, &reply))) {
            (ReplyClass::Yes, Some(LetterVerdict::Sent(words))) => return SingleResult::Accepted(words),
            (ReplyClass::Yes, _) => {}
            (ReplyClass::No, Some(LetterVerdict::Refused(words) | LetterVerdict::NoAddress(words))) => {
                return SingleResult::Refused(words);
            }
            // A refusal of our sender, or of us, may be lifted.
            (ReplyClass::No, _) => return SingleResult::Deferred(reply.to_string()),
            (ReplyClass::Unexpected, _) => return SingleResult::Deferred(unexpected_reply(command, &reply)),
        }
    }
    SingleResult::Deferred("the relay has not said that it took the letter".into())
}
