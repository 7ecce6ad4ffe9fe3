//! What a relay's reply means for a letter.

use super::{
    domains::DomainReply,
    smtp::{Reply, ReplyClass, SmtpCommand},
};

/// The result of an attempt to send a letter, with the relay's words or ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LetterVerdict {
    Sent(String),
    Deferred(String),
    /// Refused for good.
    Refused(String),
    /// The letter cannot be written.
    Undeliverable(String),
    /// There is no such address: it is not written to again.
    NoAddress(String),
    /// Refused for reasons of policy or reputation, which are about us: the letter waits, and the edition too if that
    /// happens again.
    Policy(String),
    /// It may or may not have been accepted.
    Unknown(String),
    /// It was not accepted, for a reason that has nothing to do with it.
    Requeue(String),
}

/// The command that a verdict on a letter replies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SmtpStep {
    /// RCPT.
    Recipient,
    /// DATA.
    Data,
    /// The final dot, or the last chunk.
    End,
}

impl SmtpStep {
    fn command(self) -> SmtpCommand {
        match self {
            Self::Recipient => SmtpCommand::Recipient,
            Self::Data => SmtpCommand::Data,
            Self::End => SmtpCommand::End,
        }
    }
}

impl LetterVerdict {
    /// What a reply means; it is not 421, which ends the connection. Only 250 at the end is `Sent`, and an unexpected
    /// reply leaves the letter unknown.
    pub(super) fn of(step: SmtpStep, reply: &Reply) -> Self {
        let words = reply.to_string();
        match (step.command().classify(reply.code), step) {
            (ReplyClass::Yes, SmtpStep::End) => Self::Sent(words),
            (ReplyClass::Yes | ReplyClass::Unexpected, _) => Self::Unknown(format!("an answer without sense: {words}")),
            _ if reply.is_policy() => Self::Policy(words),
            (_, SmtpStep::Recipient | SmtpStep::End) if reply.is_no_address() => Self::NoAddress(words),
            _ if reply.code < 500 => Self::Deferred(words),
            _ => Self::Refused(words),
        }
    }

    /// What it says about the recipient's domain.
    pub(super) fn domain_reply(&self) -> Option<DomainReply> {
        match self {
            Self::Sent(_) => Some(DomainReply::Accepted),
            Self::Deferred(_) => Some(DomainReply::Deferred),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_their_codes_say() {
        use SmtpStep::{Data, End, Recipient};
        let of = |step, code, text: &str| LetterVerdict::of(step, &Reply::new(code, text));
        let words = |code: u16, text: &str| format!("{code} {text}");
        assert_eq!(of(End, 250, "2.0.0 ok"), LetterVerdict::Sent("250 2.0.0 ok".into()));
        for (step, code, text, verdict) in [
            (Recipient, 450, "4.2.1 later", LetterVerdict::Deferred as fn(String) -> LetterVerdict),
            (Recipient, 550, "no", LetterVerdict::Refused),
            (Recipient, 550, "5.1.1 nobody", LetterVerdict::NoAddress),
            (Recipient, 556, "5.1.10 null MX", LetterVerdict::NoAddress),
            (End, 550, "5.1.1 nobody", LetterVerdict::NoAddress),
            (Recipient, 553, "5.1.8 sender's domain", LetterVerdict::Refused),
            (Recipient, 452, "4.1.1 not now", LetterVerdict::Deferred),
            (Recipient, 550, "4.1.1 of another class", LetterVerdict::Refused),
            (Recipient, 554, "5.7.1 not from you", LetterVerdict::Policy),
            (End, 451, "4.7.0 reputation", LetterVerdict::Policy),
            (End, 552, "5.2.2 full", LetterVerdict::Refused),
            (Data, 554, "5.1.1 no valid recipients", LetterVerdict::Refused),
            (Recipient, 550, "5.1 half a code", LetterVerdict::Refused),
            (Recipient, 550, "5.1.1.1 too much of one", LetterVerdict::Refused),
        ] {
            assert_eq!(of(step, code, text), verdict(words(code, text)), "{code} {text}");
        }
        assert_eq!(of(End, 251, "elsewhere"), LetterVerdict::Unknown("an answer without sense: 251 elsewhere".into()));
    }

    /// What each code from 200 to 599 says at each step, and what becomes of a letter by it.
    #[test]
    fn every_code_at_every_step() {
        let commands = [
            SmtpCommand::Greeting,
            SmtpCommand::Hello,
            SmtpCommand::StartTls,
            SmtpCommand::Login,
            SmtpCommand::Mail,
            SmtpCommand::Recipient,
            SmtpCommand::Data,
            SmtpCommand::End,
            SmtpCommand::Reset,
            SmtpCommand::Quit,
        ];
        let mut table = String::new();
        let mut line = |name: &str, of: &dyn Fn(u16) -> String| {
            let mut ranges: Vec<(u16, u16, String)> = Vec::new();
            for code in 200..600 {
                let word = of(code);
                match ranges.last_mut() {
                    Some((_, last, own)) if *own == word => *last = code,
                    _ => ranges.push((code, code, word)),
                }
            }
            let words = ranges.iter().map(|(first, last, word)| match first == last {
                true => format!("{first} {word}"),
                false => format!("{first}-{last} {word}"),
            });
            table.push_str(&format!("{name}: {}\n", words.collect::<Vec<_>>().join(", ")));
        };
        for command in commands {
            line(command.name(), &|code| format!("{:?}", command.classify(code)));
        }
        for step in [SmtpStep::Recipient, SmtpStep::Data, SmtpStep::End] {
            line(&format!("{step:?}"), &|code| {
                let verdict = format!("{:?}", LetterVerdict::of(step, &Reply::new(code, "so it is")));
                verdict.split('(').next().unwrap_or_default().to_owned()
            });
        }
        insta::assert_snapshot!(table, @r"
        the connection: 200-219 Unexpected, 220 Yes, 221-399 Unexpected, 400-599 No
        EHLO: 200-249 Unexpected, 250 Yes, 251-399 Unexpected, 400-599 No
        STARTTLS: 200-219 Unexpected, 220 Yes, 221-399 Unexpected, 400-599 No
        AUTH: 200-234 Unexpected, 235 Yes, 236-333 Unexpected, 334 Yes, 335-399 Unexpected, 400-599 No
        MAIL: 200-249 Unexpected, 250 Yes, 251-399 Unexpected, 400-599 No
        RCPT: 200-249 Unexpected, 250-252 Yes, 253-399 Unexpected, 400-599 No
        DATA: 200-353 Unexpected, 354 Yes, 355-399 Unexpected, 400-599 No
        the end of the letter: 200-249 Unexpected, 250 Yes, 251-399 Unexpected, 400-599 No
        RSET: 200-249 Unexpected, 250 Yes, 251-399 Unexpected, 400-599 No
        QUIT: 200-220 Unexpected, 221 Yes, 222-399 Unexpected, 400-599 No
        Recipient: 200-399 Unknown, 400-499 Deferred, 500-599 Refused
        Data: 200-399 Unknown, 400-499 Deferred, 500-599 Refused
        End: 200-249 Unknown, 250 Sent, 251-399 Unknown, 400-499 Deferred, 500-599 Refused
        ");
    }
}
