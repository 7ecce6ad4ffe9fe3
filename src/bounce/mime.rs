//! Takes a message apart, as deep as a report ever lies and no deeper. mail-parser reads the
//! headers and decodes the parts; the parts are parted here, because it would follow a message in a
//! message in a message until the stack is full, and anybody may write to a bounce address.

use std::borrow::Cow;

use mail_parser::{
    HeaderName, MessageParser,
    decoders::{base64::base64_decode, charsets::map::charset_decoder, quoted_printable::quoted_printable_decode},
    parsers::MessageStream,
};

/// How deep parts may lie in one another.
const DEEPEST: usize = 12;

/// How many parts a message may have.
const MOST_PARTS: usize = 200;

/// How many header fields of one head are looked at.
const MOST_FIELDS: usize = 2_000;

/// As much of a field is looked at where it must be understood.
const LONGEST_FIELD: usize = 4_096;

/// A message taken apart.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The heads of the message itself (the first) and of all messages in it, also of those of
    /// which only the head is there.
    pub heads: Vec<Head>,
    /// What the `message/delivery-status` parts say (RFC 3464), each a text.
    pub statuses: Vec<String>,
    /// What the `message/feedback-report` parts say (RFC 5965).
    pub feedback: Vec<String>,
    /// Whether a mail program says that the letter was shown (RFC 8098).
    pub receipt: bool,
    /// Whether it says of itself that it is a report, of whatever kind.
    pub report: bool,
    count: usize,
}

/// Header fields with their names in lower case, in their order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Head(Vec<(String, String)>);

impl Head {
    /// The first field of this name, as it is written.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value of every field.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, value)| value.as_str())
    }

    /// The subject in plain words.
    pub(super) fn subject(&self) -> String {
        // A line end tells the parser that the value is over.
        let value = format!("{}\n", short(self.get("subject").unwrap_or_default()));
        let value = MessageStream::new(value.as_bytes()).parse_unstructured();
        value.into_text().unwrap_or_default().into_owned()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Takes a message apart; says what is wrong with one that no mail program writes.
pub(super) fn take_apart(message: &[u8]) -> Result<Parts, String> {
    let mut parts = Parts::default();
    parts.message(message, 0)?;
    Ok(parts)
}

/// Reads a block of fields that is written like a head, and says where it ends.
pub(super) fn head(bytes: &[u8]) -> (Head, usize) {
    // Any name in the map, else each field would be parsed by its own rules.
    let raw = MessageParser::new().header_raw(HeaderName::Subject).default_header_raw();
    let (mut stream, mut headers) = (MessageStream::new(bytes), Vec::new());
    stream.parse_headers(&raw, &mut headers);
    let end = stream.offset();
    let field = |header: mail_parser::Header<'_>| {
        (header.name.as_str().to_ascii_lowercase(), header.value.into_text().unwrap_or_default().into_owned())
    };
    (Head(headers.into_iter().take(MOST_FIELDS).map(field).collect()), end)
}

impl Parts {
    fn message(&mut self, bytes: &[u8], depth: usize) -> Result<(), String> {
        let (head, end) = head(bytes);
        let body = bytes.get(end..).unwrap_or_default();
        self.heads.push(head.clone());
        self.entity(&head, body, depth)
    }

    fn entity(&mut self, head: &Head, body: &[u8], depth: usize) -> Result<(), String> {
        self.count += 1;
        if depth > DEEPEST || self.count > MOST_PARTS {
            return Err(format!("it holds more parts ({MOST_PARTS}) or deeper ones ({DEEPEST}) than any report"));
        }
        let kind = Kind::of(head);
        match (kind.main.as_str(), kind.sub.as_str()) {
            ("multipart", sub) => {
                self.report |= sub == "report";
                for part in split(body, &kind.boundary) {
                    let (head, end) = self::head(part);
                    self.entity(&head, part.get(end..).unwrap_or_default(), depth + 1)?;
                }
                Ok(())
            }
            ("message", "rfc822" | "global") => self.message(&decode(head, body), depth + 1),
            ("text", "rfc822-headers") | ("message", "global-headers") => {
                let text = text(&kind, decode(head, body));
                self.heads.push(self::head(text.trim_start().as_bytes()).0);
                Ok(())
            }
            ("message", "delivery-status" | "global-delivery-status") => {
                self.statuses.push(text(&kind, decode(head, body)));
                Ok(())
            }
            ("message", "feedback-report") => {
                self.feedback.push(text(&kind, decode(head, body)));
                Ok(())
            }
            ("message", "disposition-notification") => {
                self.receipt = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// What kind of part it is, in lower case.
struct Kind {
    main: String,
    sub: String,
    boundary: String,
    charset: Option<String>,
}

impl Kind {
    fn of(head: &Head) -> Self {
        let value = format!("{}\n", short(head.get("content-type").unwrap_or_default()));
        let parsed = MessageStream::new(value.as_bytes()).parse_content_type();
        let parsed = parsed.as_content_type();
        let attribute = |name| parsed.and_then(|kind| kind.attribute(name)).map(str::to_owned);
        Self {
            main: parsed.map(|kind| kind.ctype().to_ascii_lowercase()).unwrap_or_default(),
            sub: parsed.and_then(|kind| kind.subtype()).unwrap_or_default().to_ascii_lowercase(),
            boundary: attribute("boundary").unwrap_or_default(),
            charset: attribute("charset"),
        }
    }
}

/// The parts between the lines of a boundary; the last one may have no end.
fn split<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let (mut parts, mut start, mut offset) = (Vec::new(), None, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let after = line.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary.as_bytes()));
        let last = match after.map(<[u8]>::trim_ascii_end) {
            Some(b"") => false,
            Some(b"--") => true,
            _ => {
                offset += line.len();
                continue;
            }
        };
        parts.extend(start.and_then(|start| body.get(start..offset)));
        offset += line.len();
        start = (!last).then_some(offset);
        if last || boundary.is_empty() || parts.len() > MOST_PARTS {
            return parts;
        }
    }
    parts.extend(start.and_then(|start| body.get(start..)));
    parts
}

/// A body without its transfer encoding. What is not encoded as it says is taken as it is.
fn decode<'a>(head: &Head, body: &'a [u8]) -> Cow<'a, [u8]> {
    let encoding = head.get("content-transfer-encoding").unwrap_or_default().trim().to_ascii_lowercase();
    let decoded = match encoding.as_str() {
        "base64" => base64_decode(body),
        "quoted-printable" => quoted_printable_decode(body),
        _ => None,
    };
    decoded.map_or(Cow::Borrowed(body), Cow::Owned)
}

/// A body as text, whatever its charset. What has none and is no UTF-8 is taken for what it mostly is.
fn text(kind: &Kind, body: Cow<'_, [u8]>) -> String {
    let decoder = |charset: &str| charset_decoder(charset.as_bytes());
    if let Some(decode) = kind.charset.as_deref().and_then(decoder) {
        return decode(&body);
    }
    match (std::str::from_utf8(&body), decoder("windows-1252")) {
        (Ok(text), _) => text.to_owned(),
        (Err(_), Some(decode)) => decode(&body),
        (Err(_), None) => String::from_utf8_lossy(&body).into_owned(),
    }
}

/// The beginning of a value that may be of any length.
fn short(value: &str) -> &str {
    value.get(..value.floor_char_boundary(LONGEST_FIELD)).unwrap_or(value)
}
