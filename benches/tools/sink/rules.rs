//! What SMTP allows at which step, and what a command would change.

use super::Options;

/// What a command changes if nobody objects.
pub(super) enum Effect {
    Greet,
    Mail { sender: String, parameters: String, utf8: bool },
    Recipient { address: String, parameters: String },
    Data,
    Reset,
    Quit,
    Nothing,
}

/// A transaction, from MAIL to the dot.
pub(super) struct Envelope {
    pub(super) sender: String,
    pub(super) recipients: Vec<String>,
    pub(super) parameters: Vec<String>,
    pub(super) utf8: bool,
    /// A chunk has come, or the last one, or one that was refused: only RSET goes on from there.
    pub(super) chunked: bool,
    pub(super) spoiled: bool,
}

/// What the rules say: the usual answer and what it changes, or why not.
pub(super) fn usual(
    options: &Options,
    greeted: bool,
    envelope: Option<&Envelope>,
    verb: &str,
    rest: &str,
) -> Result<(String, Effect), &'static str> {
    let fine = |effect| Ok(("250 2.0.0 fine".to_owned(), effect));
    match (verb, envelope) {
        ("EHLO", _) if !rest.is_empty() => Ok((offers(options), Effect::Greet)),
        ("HELO", _) if !rest.is_empty() => Ok(("250 sink.example.org".to_owned(), Effect::Greet)),
        ("EHLO" | "HELO", _) => Err("501 5.5.4 and who are you?"),
        ("MAIL", _) if !greeted => Err("503 5.5.1 EHLO first"),
        ("MAIL", Some(_)) => Err("503 5.5.1 nested MAIL"),
        ("MAIL", None) => {
            let (sender, parameters) = path(rest, "FROM:").ok_or("501 5.5.4 MAIL FROM:<address>")?;
            for parameter in parameters.split_whitespace() {
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                let offered = match name.to_ascii_uppercase().as_str() {
                    "SIZE" => options.size.is_some() && value.parse::<u64>().is_ok(),
                    "BODY" => options.eight_bit && ["7BIT", "8BITMIME"].contains(&value),
                    "SMTPUTF8" => options.smtp_utf8,
                    "RET" | "ENVID" => options.dsn,
                    _ => false,
                };
                if !offered {
                    return Err("555 5.5.4 a parameter that was not offered");
                }
                if name.eq_ignore_ascii_case("SIZE") && value.parse::<u64>().ok() > options.size {
                    return Err("552 5.3.4 too long");
                }
            }
            let utf8 = parameters.split_whitespace().any(|word| word.eq_ignore_ascii_case("SMTPUTF8"));
            if !utf8 && !sender.is_ascii() {
                return Err("553 5.6.7 an address beyond ASCII without SMTPUTF8");
            }
            fine(Effect::Mail { sender: sender.to_owned(), parameters: parameters.to_owned(), utf8 })
        }
        ("RCPT", None) => Err("503 5.5.1 MAIL first"),
        ("RCPT", Some(envelope)) => {
            let (address, parameters) = path(rest, "TO:").ok_or("501 5.5.4 RCPT TO:<address>")?;
            if address.is_empty() {
                return Err("501 5.1.3 to whom?");
            }
            let known = |word: &str| {
                let name = word.split('=').next().unwrap_or_default().to_ascii_uppercase();
                options.dsn && ["NOTIFY", "ORCPT"].contains(&name.as_str())
            };
            if !parameters.split_whitespace().all(known) {
                return Err("555 5.5.4 a parameter that was not offered");
            }
            if !envelope.utf8 && !address.is_ascii() {
                return Err("553 5.6.7 an address beyond ASCII without SMTPUTF8");
            }
            fine(Effect::Recipient { address: address.to_owned(), parameters: parameters.to_owned() })
        }
        ("DATA", Some(envelope)) if envelope.chunked || envelope.spoiled => Err("503 5.5.1 not after BDAT"),
        ("DATA", Some(envelope)) if !envelope.recipients.is_empty() || options.lenient => {
            Ok(("354 go on".to_owned(), Effect::Data))
        }
        ("DATA", Some(_)) => Err("554 5.5.1 no valid recipients"),
        ("DATA", None) => Err("503 5.5.1 MAIL first"),
        ("RSET", _) => fine(Effect::Reset),
        ("NOOP", _) => fine(Effect::Nothing),
        ("QUIT", _) => Ok(("221 2.0.0 bye".to_owned(), Effect::Quit)),
        _ => Err("502 5.5.1 what is that?"),
    }
}

/// What EHLO is told.
fn offers(options: &Options) -> String {
    let mut offers = vec!["sink.example.org".to_owned()];
    offers.extend(options.size.map(|limit| format!("SIZE {limit}")));
    for (offered, name) in [
        (options.pipelining, "PIPELINING"),
        (options.chunking, "CHUNKING"),
        (options.eight_bit, "8BITMIME"),
        (options.smtp_utf8, "SMTPUTF8"),
        (options.dsn, "DSN"),
        (options.enhanced, "ENHANCEDSTATUSCODES"),
    ] {
        if offered {
            offers.push(name.to_owned());
        }
    }
    let last = offers.len() - 1;
    let line = |(at, offer)| format!("250{}{offer}", if at == last { " " } else { "-" });
    offers.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
}

/// `FROM:<a@b> SIZE=3` as the address and what follows.
fn path<'a>(rest: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let (start, rest) = rest.split_at_checked(word.len())?;
    let (address, rest) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    let separate = rest.is_empty() || rest.starts_with(' ');
    (start.eq_ignore_ascii_case(word) && separate).then_some((address, rest.trim()))
}
