//! DKIM (RFC 6376, RFC 8463): signs letters for the sender's domain. Header and body are canonicalised as `relaxed`; adding
//! a second From, Subject or List-Unsubscribe breaks the signature.
//!
//! Every attempt gives the same bytes: the time of a signature is the edition's, and neither
//! algorithm is randomised.

use std::{borrow::Cow, fmt::Write as _};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use memchr::memchr2;

use crate::{
    config::{Config, Dkim},
    edition::render::letter::RenderedLetter,
    model::Instant,
};

/// The fields that are signed, if a letter has them, and whether each is named once more than it occurs, so that none
/// can be added.
const SIGNED_FIELDS: [(&str, bool); 18] = [
    ("From", true),
    ("Sender", true),
    ("To", true),
    ("Cc", true),
    ("Reply-To", true),
    ("Subject", true),
    ("Date", true),
    ("Message-ID", true),
    ("MIME-Version", true),
    ("Content-Type", true),
    ("List-Id", true),
    ("List-Unsubscribe", true),
    ("List-Unsubscribe-Post", true),
    ("List-Archive", false),
    ("CFBL-Address", true),
    ("CFBL-Feedback-ID", true),
    ("Feedback-ID", false),
    ("Precedence", false),
];

/// The longest line of a signature's field.
const MAX_LINE_BYTES: usize = 76;

/// Signs the letters of an edition.
#[derive(Debug)]
pub struct Signer {
    keys: Vec<Dkim>,
    seconds: i64,
}

impl Signer {
    /// Signs with all keys of the configuration, as of the instant in the letters; none if there are no keys.
    pub fn new(config: &Config, dated: Instant) -> Option<Self> {
        (!config.dkim.is_empty()).then(|| Self { keys: config.dkim.clone(), seconds: dated.timestamp() })
    }

    /// Puts a signature for each key before the letter's head.
    pub fn sign(&self, letter: &mut RenderedLetter) -> Result<(), String> {
        let Some((head, body)) = letter.text.split_once("\r\n\r\n") else { return Err("it has no body".into()) };
        let body = BASE64.encode(digest(&SHA256, relaxed_body(body).as_bytes()).as_ref());
        let fields: Vec<(&str, &str)> = fields(head);
        let mut names = Vec::new();
        let mut signed = String::with_capacity(head.len());
        for (name, once_more) in SIGNED_FIELDS {
            // From the last one up (RFC 6376, section 5.4.2).
            for (_, value) in fields.iter().rev().filter(|(own, _)| own.eq_ignore_ascii_case(name)) {
                names.push(name);
                relaxed_field(name, value, &mut signed);
                signed.push_str("\r\n");
            }
            if once_more {
                names.push(name);
            }
        }
        let mut signatures = String::new();
        for key in &self.keys {
            let mut field =
                FoldedField::new(format!("DKIM-Signature: v=1; a={}; c=relaxed/relaxed;", key.key.algorithm()));
            field.word(&format!("d={};", key.domain));
            field.word(&format!("s={};", key.selector));
            field.word(&format!("t={};", self.seconds));
            for (at, name) in names.iter().enumerate() {
                let before = if at == 0 { "h=" } else { "" };
                let behind = if at + 1 == names.len() { ";" } else { ":" };
                field.join(&format!("{before}{name}{behind}"), at == 0);
            }
            field.word(&format!("bh={body};"));
            field.word("b=");
            let own = signed.len();
            let (name, value) = field.text.split_once(':').unwrap_or_default();
            relaxed_field(name, value, &mut signed);
            let signature = key.key.sign(signed.as_bytes())?;
            signed.truncate(own);
            for piece in signature.as_bytes().chunks(MAX_LINE_BYTES - 1) {
                field.join(std::str::from_utf8(piece).unwrap_or_default(), false);
            }
            write!(signatures, "{}\r\n", field.text).map_err(|error| error.to_string())?;
        }
        letter.text.insert_str(0, &signatures);
        Ok(())
    }
}

/// A header field that is folded as it grows.
struct FoldedField {
    text: String,
    /// The length of its last line.
    line: usize,
}

impl FoldedField {
    fn new(text: String) -> Self {
        Self { line: text.len(), text }
    }

    /// Adds a word after a space.
    fn word(&mut self, word: &str) {
        self.join(word, true);
    }

    /// Adds what may stand on a line of its own.
    fn join(&mut self, word: &str, space: bool) {
        if self.line + usize::from(space) + word.len() > MAX_LINE_BYTES {
            self.text.push_str("\r\n ");
            self.line = 1;
        } else if space {
            self.text.push(' ');
            self.line += 1;
        }
        self.text.push_str(word);
        self.line += word.len();
    }
}

/// The fields of a head, folded as they are.
fn fields(head: &str) -> Vec<(&str, &str)> {
    let mut fields = Vec::new();
    let mut rest = head;
    while !rest.is_empty() {
        let mut end = 0;
        // A field ends at the first line end without white space behind it.
        let length = loop {
            match rest[end..].find("\r\n") {
                Some(at) if rest[end + at + 2..].starts_with([' ', '\t']) => end += at + 2,
                Some(at) => break end + at,
                None => break rest.len(),
            }
        };
        fields.extend(rest[..length].split_once(':'));
        rest = rest[length..].strip_prefix("\r\n").unwrap_or_default();
    }
    fields
}

/// A field in `relaxed` form, without its line end: unfolded, the name in lower case, white space
/// made one space and none at the ends.
fn relaxed_field(name: &str, value: &str, out: &mut String) {
    out.push_str(&name.trim_end().to_ascii_lowercase());
    out.push(':');
    let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    for (at, word) in value.split(blank).filter(|word| !word.is_empty()).enumerate() {
        if at > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
}

/// A body in `relaxed` form: white space within lines made one space, none at their ends, no empty
/// lines at the end. Borrowed if it is in that form.
fn relaxed_body(body: &str) -> Cow<'_, str> {
    let bytes = body.as_bytes();
    let mut relaxed = Cow::Borrowed(body);
    let (mut kept, mut from) = (0, 0);
    while let Some(at) = memchr2(b' ', b'\t', &bytes[from..]) {
        let start = from + at;
        from = start + bytes[start..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let at_end = from == bytes.len() || bytes[from..].starts_with(b"\r\n");
        if at_end || from - start > 1 || bytes[start] == b'\t' {
            if kept == 0 {
                relaxed = Cow::Owned(String::with_capacity(body.len()));
            }
            let text = relaxed.to_mut();
            text.push_str(&body[kept..start]);
            text.push_str(if at_end { "" } else { " " });
            kept = from;
        }
    }
    if kept > 0 {
        relaxed.to_mut().push_str(&body[kept..]);
    }
    match relaxed.trim_end_matches("\r\n").len() {
        0 => Cow::Borrowed(""),
        end if end == relaxed.len() => Cow::Owned(format!("{relaxed}\r\n")),
        end => match relaxed {
            Cow::Borrowed(text) => Cow::Borrowed(&text[..end + 2]),
            Cow::Owned(mut text) => {
                text.truncate(end + 2);
                Cow::Owned(text)
            }
        },
    }
}
