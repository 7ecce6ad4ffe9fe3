//! What a relay's words mean for a letter: sent, again later, refused, no such address, not wanted
//! from us, or nobody knows.

use std::fmt;

use super::{
    domains::Strike,
    wire::{Command, Says},
};

/// How much of a reply is kept.
const LONGEST: usize = 400;

/// A relay's answer to one command (RFC 5321, section 4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    text: String,
}

impl Reply {
    /// An answer of one or more lines; kept on one line, without what no text column can hold.
    pub(crate) fn new(code: u16, text: &str) -> Self {
        let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect::<String>();
        Self { code, text: text.split_whitespace().collect::<Vec<_>>().join(" ") }
    }

    /// Its words, without the code.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The enhanced status code (RFC 3463), if the relay gives one of the answer's own class.
    pub(crate) fn enhanced(&self) -> Option<(u16, u16)> {
        let mut numbers = self.text.split(' ').next()?.split('.');
        let mut number = || numbers.next().filter(|n| !n.is_empty() && n.len() <= 3)?.parse::<u16>().ok();
        let (class, subject, detail) = (number()?, number()?, number()?);
        (class == self.code / 100 && numbers.next().is_none()).then_some((subject, detail))
    }

    /// X.7.x: security, policy or reputation, which is about us and not about the address.
    pub(crate) fn is_policy(&self) -> bool {
        self.code >= 400 && self.enhanced().is_some_and(|(subject, _)| subject == 7)
    }

    /// 5.1.x: there is no such address, now or ever. 5.1.7 to 5.1.9 are about the sender.
    pub(crate) fn is_no_address(&self) -> bool {
        self.code >= 500 && matches!(self.enhanced(), Some((1, 0..=4 | 6 | 10)))
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            0 => write!(f, "{:?}", self.text),
            code if self.text.is_empty() => write!(f, "{code}"),
            code => write!(f, "{code} {}", self.text),
        }
    }
}

/// What becomes of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The relay took it.
    Sent(String),
    /// The relay asked to try again later.
    Deferred(String),
    /// The relay refused it for good.
    Refused(String),
    /// We cannot write it, or no relay can take it.
    Unfit(String),
    /// There is no such address: nobody writes to it again.
    NoAddress(String),
    /// The relay wants nothing of the kind from us: the letter waits, and the edition if it goes on.
    Policy(String),
    /// It may have been taken.
    Unknown(String),
    /// It was not taken, for reasons that are not its own.
    Back(String),
}

/// At which step an answer was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// RCPT.
    Recipient,
    /// DATA.
    Data,
    /// The final dot, or the last chunk.
    End,
}

impl Step {
    fn command(self) -> Command {
        match self {
            Self::Recipient => Command::Recipient,
            Self::Data => Command::Data,
            Self::End => Command::End,
        }
    }
}

impl Verdict {
    /// What an answer means that was not 421, after which there is no connection any more. Exactly
    /// 250 at the end is `Sent`; of what makes no sense nothing is concluded.
    pub(crate) fn of(step: Step, reply: &Reply) -> Self {
        let words = reply.to_string();
        match (step.command().judge(reply.code), step) {
            (Says::Yes, Step::End) => Self::Sent(words),
            (Says::Yes | Says::Nonsense, _) => Self::Unknown(format!("an answer without sense: {words}")),
            _ if reply.is_policy() => Self::Policy(words),
            (_, Step::Recipient | Step::End) if reply.is_no_address() => Self::NoAddress(words),
            _ if reply.code < 500 => Self::Deferred(words),
            _ => Self::Refused(words),
        }
    }

    /// What it says about the domain that the letter goes to.
    pub(super) fn strike(&self) -> Option<Strike> {
        match self {
            Self::Sent(_) => Some(Strike::Taken),
            Self::Deferred(_) => Some(Strike::PutOff),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_their_codes_say() {
        use Step::{Data, End, Recipient};
        let of = |step, code, text: &str| Verdict::of(step, &Reply::new(code, text));
        let words = |code: u16, text: &str| format!("{code} {text}");
        assert_eq!(of(End, 250, "2.0.0 ok"), Verdict::Sent("250 2.0.0 ok".into()));
        for (step, code, text, verdict) in [
            (Recipient, 450, "4.2.1 later", Verdict::Deferred as fn(String) -> Verdict),
            (Recipient, 550, "no", Verdict::Refused),
            (Recipient, 550, "5.1.1 nobody", Verdict::NoAddress),
            (Recipient, 556, "5.1.10 null MX", Verdict::NoAddress),
            (End, 550, "5.1.1 nobody", Verdict::NoAddress),
            (Recipient, 553, "5.1.8 sender's domain", Verdict::Refused),
            (Recipient, 452, "4.1.1 not now", Verdict::Deferred),
            (Recipient, 550, "4.1.1 of another class", Verdict::Refused),
            (Recipient, 554, "5.7.1 not from you", Verdict::Policy),
            (End, 451, "4.7.0 reputation", Verdict::Policy),
            (End, 552, "5.2.2 full", Verdict::Refused),
            (Data, 554, "5.1.1 no valid recipients", Verdict::Refused),
            (Recipient, 550, "5.1 half a code", Verdict::Refused),
            (Recipient, 550, "5.1.1.1 too much of one", Verdict::Refused),
        ] {
            assert_eq!(of(step, code, text), verdict(words(code, text)), "{code} {text}");
        }
        assert_eq!(of(End, 251, "elsewhere"), Verdict::Unknown("an answer without sense: 251 elsewhere".into()));
        assert_eq!(Reply::new(250, "").to_string(), "250");
        assert_eq!(Reply::new(0, "what?").to_string(), "\"what?\"");
        assert_eq!(Reply::new(550, "5.1.1 a\r\nb\0 \u{1b}[31m").to_string(), "550 5.1.1 a b [31m");
    }

    /// What each code from 200 to 599 says at each step, and what becomes of a letter by it.
    #[test]
    fn every_code_at_every_step() {
        let commands = [
            Command::Greeting,
            Command::Hello,
            Command::StartTls,
            Command::Login,
            Command::Mail,
            Command::Recipient,
            Command::Data,
            Command::End,
            Command::Reset,
            Command::Quit,
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
            line(command.name(), &|code| format!("{:?}", command.judge(code)));
        }
        for step in [Step::Recipient, Step::Data, Step::End] {
            line(&format!("{step:?}"), &|code| {
                let verdict = format!("{:?}", Verdict::of(step, &Reply::new(code, "so it is")));
                verdict.split('(').next().unwrap_or_default().to_owned()
            });
        }
        insta::assert_snapshot!(table, @r"
        the connection: 200-219 Nonsense, 220 Yes, 221-399 Nonsense, 400-599 No
        EHLO: 200-249 Nonsense, 250 Yes, 251-399 Nonsense, 400-599 No
        STARTTLS: 200-219 Nonsense, 220 Yes, 221-399 Nonsense, 400-599 No
        AUTH: 200-234 Nonsense, 235 Yes, 236-333 Nonsense, 334 Yes, 335-399 Nonsense, 400-599 No
        MAIL: 200-249 Nonsense, 250 Yes, 251-399 Nonsense, 400-599 No
        RCPT: 200-249 Nonsense, 250-252 Yes, 253-399 Nonsense, 400-599 No
        DATA: 200-353 Nonsense, 354 Yes, 355-399 Nonsense, 400-599 No
        the end of the letter: 200-249 Nonsense, 250 Yes, 251-399 Nonsense, 400-599 No
        RSET: 200-249 Nonsense, 250 Yes, 251-399 Nonsense, 400-599 No
        QUIT: 200-220 Nonsense, 221 Yes, 222-399 Nonsense, 400-599 No
        Recipient: 200-399 Unknown, 400-499 Deferred, 500-599 Refused
        Data: 200-399 Unknown, 400-499 Deferred, 500-599 Refused
        End: 200-249 Unknown, 250 Sent, 251-399 Unknown, 400-499 Deferred, 500-599 Refused
        ");
    }
}
