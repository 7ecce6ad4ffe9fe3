//! What a client says to a relay, and the only answers that are a yes to it (RFC 5321, 4.3.2). Any
//! other positive answer is somebody else's, or the relay's mistake: nothing is concluded from it.

/// A command, or another point at which an answer is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// The connection was made.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// A line of a login.
    Login,
    /// MAIL.
    Mail,
    /// RCPT.
    Recipient,
    /// DATA.
    Data,
    /// The final dot, or the last chunk.
    End,
    /// RSET.
    Reset,
    /// QUIT.
    Quit,
}

/// What an answer says to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// It was done.
    Yes,
    /// It was not done: 4xx or 5xx.
    No,
    /// Nothing that makes sense at this step.
    Nonsense,
}

impl Command {
    /// As it is called in messages.
    pub(crate) fn name(self) -> &'static str {
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

    /// What an answer with this code says to it.
    pub(crate) fn judge(self, code: u16) -> Says {
        let yes = match self {
            Self::Greeting | Self::StartTls => code == 220,
            Self::Hello | Self::Mail | Self::End | Self::Reset => code == 250,
            Self::Login => matches!(code, 235 | 334),
            Self::Recipient => matches!(code, 250..=252),
            Self::Data => code == 354,
            Self::Quit => code == 221,
        };
        match code {
            _ if yes => Says::Yes,
            400..=599 => Says::No,
            _ => Says::Nonsense,
        }
    }
}
