//! Splits a message into its parts, no deeper than a report ever lies. mail-parser reads headers and decodes parts. The
//! splitting is done here, because that crate follows nested messages until the stack overflows, and anybody may write to
//! a bounce address.

use std::borrow::Cow;

use mail_parser::{
    HeaderName, MessageParser,
    decoders::{
        base64::base64_decode, charsets::map::charset_decoder, html::html_to_text,
        quoted_printable::quoted_printable_decode,
    },
    parsers::MessageStream,
};

const MAX_DEPTH: usize = 12;

const MAX_PARTS: usize = 200;

/// Further header fields of a message are ignored.
const MAX_FIELDS: usize = 2_000;

/// The rest of a longer field is ignored where it must be parsed.
const MAX_FIELD_BYTES: usize = 4_096;

/// The parts of a message that matter to us.
#[derive(Debug, Default)]
pub(super) struct MessageParts {
    /// The header fields of the message itself (the first) and of all messages in it, even if only their headers were
    /// attached.
    pub heads: Vec<HeaderFields>,
    /// The texts of `message/delivery-status` parts (RFC 3464).
    pub statuses: Vec<String>,
    /// The texts of `message/feedback-report` parts (RFC 5965).
    pub feedback: Vec<String>,
    /// What is there for people, outside of what is returned.
    pub texts: Vec<String>,
    /// Whether it is a read receipt (RFC 8098).
    pub receipt: bool,
    /// Whether it is a `multipart/report` of any kind.
    pub report: bool,
    count: usize,
    /// How many messages are around the part that is read.
    within: usize,
}

/// Header fields with their names in lower case, in their order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct HeaderFields(Vec<(String, String)>);

impl HeaderFields {
    /// The first field of this name, as it is written.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value of every field.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, value)| value.as_str())
    }

    /// The decoded subject.
    pub(super) fn subject(&self) -> String {
        // The parser needs a line end at the end of the value.
        let value = format!("{}\n", shorten(self.get("subject").unwrap_or_default()));
        let value = MessageStream::new(value.as_bytes()).parse_unstructured();
        value.into_text().unwrap_or_default().into_owned()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Splits a message; fails for one that no mail program writes.
pub(super) fn parse_message(message: &[u8]) -> Result<MessageParts, String> {
    let mut parts = MessageParts::default();
    parts.message(message, 0)?;
    Ok(parts)
}

/// Reads a block of header fields, and returns where it ends.
pub(super) fn head(bytes: &[u8]) -> (HeaderFields, usize) {
    // Some name must be in the map, or each field would be parsed by its own rules.
    let raw = MessageParser::new().header_raw(HeaderName::Subject).default_header_raw();
    let (mut stream, mut headers) = (MessageStream::new(bytes), Vec::new());
    stream.parse_headers(&raw, &mut headers);
    let end = stream.offset();
    let field = |header: mail_parser::Header<'_>| {
        (header.name.as_str().to_ascii_lowercase(), header.value.into_text().unwrap_or_default().into_owned())
    };
    (HeaderFields(headers.into_iter().take(MAX_FIELDS).map(field).collect()), end)
}

impl MessageParts {
    fn message(&mut self, bytes: &[u8], depth: usize) -> Result<(), String> {
        let (head, end) = head(bytes);
        let body = bytes.get(end..).unwrap_or_default();
        self.heads.push(head.clone());
        self.entity(&head, body, depth)
    }

    fn entity(&mut self, head: &HeaderFields, body: &[u8], depth: usize) -> Result<(), String> {
        self.count += 1;
        if depth > MAX_DEPTH || self.count > MAX_PARTS {
            return Err(format!("it holds more parts ({MAX_PARTS}) or deeper ones ({MAX_DEPTH}) than any report"));
        }
        let content_type = ContentType::of(head);
        match (content_type.main.as_str(), content_type.sub.as_str()) {
            ("multipart", sub) => {
                self.report |= sub == "report";
                let parts = split(body, &content_type.boundary);
                if parts.is_empty() && self.within == 0 {
                    self.texts.push(text(&content_type, Cow::Borrowed(body)));
                }
                for part in parts {
                    let (head, end) = self::head(part);
                    self.entity(&head, part.get(end..).unwrap_or_default(), depth + 1)?;
                }
                Ok(())
            }
            ("message", "rfc822" | "global") => {
                self.within += 1;
                let read = self.message(&decode(head, body), depth + 1);
                self.within -= 1;
                read
            }
            ("text", "rfc822-headers") | ("message", "global-headers") => {
                let text = text(&content_type, decode(head, body));
                self.heads.push(self::head(text.trim_start().as_bytes()).0);
                Ok(())
            }
            ("message", "delivery-status" | "global-delivery-status") => {
                self.statuses.push(text(&content_type, decode(head, body)));
                Ok(())
            }
            ("message", "feedback-report") => {
                self.feedback.push(text(&content_type, decode(head, body)));
                Ok(())
            }
            ("message", "disposition-notification") => {
                self.receipt = true;
                Ok(())
            }
            ("text", "html") if self.within == 0 => {
                self.texts.push(html_to_text(&text(&content_type, decode(head, body))));
                Ok(())
            }
            ("text" | "", _) if self.within == 0 => {
                self.texts.push(text(&content_type, decode(head, body)));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// A part's content type, in lower case.
struct ContentType {
    main: String,
    sub: String,
    boundary: String,
    charset: Option<String>,
}

impl ContentType {
    fn of(head: &HeaderFields) -> Self {
        let value = format!("{}\n", shorten(head.get("content-type").unwrap_or_default()));
        let parsed = MessageStream::new(value.as_bytes()).parse_content_type();
        let parsed = parsed.as_content_type();
        let attribute = |name| parsed.and_then(|content_type| content_type.attribute(name)).map(str::to_owned);
        Self {
            main: parsed.map(|content_type| content_type.ctype().to_ascii_lowercase()).unwrap_or_default(),
            sub: parsed.and_then(|content_type| content_type.subtype()).unwrap_or_default().to_ascii_lowercase(),
            boundary: attribute("boundary").unwrap_or_default(),
            charset: attribute("charset"),
        }
    }
}

/// The parts between the lines of a boundary; the final line may be missing.
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
        if last || boundary.is_empty() || parts.len() > MAX_PARTS {
            return parts;
        }
    }
    parts.extend(start.and_then(|start| body.get(start..)));
    parts
}

/// Decodes a body's transfer encoding. A body that is not encoded as it says is left as it is.
fn decode<'a>(head: &HeaderFields, body: &'a [u8]) -> Cow<'a, [u8]> {
    let encoding = head.get("content-transfer-encoding").unwrap_or_default().trim().to_ascii_lowercase();
    let decoded = match encoding.as_str() {
        "base64" => base64_decode(body),
        "quoted-printable" => quoted_printable_decode(body),
        _ => None,
    };
    decoded.map_or(Cow::Borrowed(body), Cow::Owned)
}

/// A body as text. Without a charset, and if it is no UTF-8, it is read as Windows-1252, which it mostly is.
fn text(content_type: &ContentType, body: Cow<'_, [u8]>) -> String {
    let decoder = |charset: &str| charset_decoder(charset.as_bytes());
    if let Some(decode) = content_type.charset.as_deref().and_then(decoder) {
        return decode(&body);
    }
    match (std::str::from_utf8(&body), decoder("windows-1252")) {
        (Ok(text), _) => text.to_owned(),
        (Err(_), Some(decode)) => decode(&body),
        (Err(_), None) => String::from_utf8_lossy(&body).into_owned(),
    }
}

/// The beginning of a value that may be of any length.
fn shorten(value: &str) -> &str {
    value.get(..value.floor_char_boundary(MAX_FIELD_BYTES)).unwrap_or(value)
}
