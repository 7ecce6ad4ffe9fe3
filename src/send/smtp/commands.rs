//! Commands, and the only replies that say yes to each (RFC 5321, 4.3.2). Any other positive reply belongs to another
//! command or is the relay's mistake: nothing is concluded from it.

/// A command, or another point at which a reply is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::send) enum SmtpCommand {
    /// The connection was made.
    Greeting,
    Hello,
    StartTls,
    /// A line of a login.
    Login,
    Mail,
    Recipient,
    Data,
    /// The final dot of DATA, or the last chunk of BDAT.
    End,
    Reset,
    Quit,
}

/// What a reply says to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::send) enum ReplyClass {
    Yes,
    /// 4xx or 5xx.
    No,
    /// Makes no sense at this step.
    Unexpected,
}

impl SmtpCommand {
    /// Its name in messages.
    pub(in crate::send) fn name(self) -> &'static str {
        match self {
            Self::Greeting => "the connection",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Login => "AUTH",
            Self::Mail => "MAIL",
            Self::Recipient => "RCPT",
            Self::Data => "DATA",
            Self::End => "the end of the letter",
            Self::Reset => "RSET",
            Self::Quit => "QUIT",
        }
    }

    pub(in crate::send) fn classify(self, code: u16) -> ReplyClass {
        let yes = match self {
            Self::Greeting | Self::StartTls => code == 220,
            Self::Hello | Self::Mail | Self::End | Self::Reset => code == 250,
            Self::Login => matches!(code, 235 | 334),
            Self::Recipient => matches!(code, 250..=252),
            Self::Data => code == 354,
            Self::Quit => code == 221,
        };
        match code {
            _ if yes => ReplyClass::Yes,
            400..=599 => ReplyClass::No,
            _ => ReplyClass::Unexpected,
        }
    }
}
