//! Reads returned letters that have no form for programs: what qmail, Exim, Exchange 2003, Notes and many a provider write
//! is a text for people, followed by the letter. What gives such a message away stands in its head and its first lines.

use super::{
    evidence::{self, Evidence, Place, Sign, find, folded},
    mime::{self, HeaderFields, MessageParts},
    report::{self, RecipientStatus},
};

/// The first bytes of a text, where it says what it is.
const OPENING_BYTES: usize = 800;

/// How many lines after its first one a returned head is recognised by.
const HEAD_LINES: usize = 14;

/// How many lines after one with a code still belong to it.
const MAX_QUOTED_LINES: usize = 6;

/// What a mail server is called where it writes itself.
const DAEMONS: [&str; 10] = [
    "mailer-daemon",
    "mailer_daemon",
    "mailerdaemon",
    "mail-daemon",
    "maildaemon",
    "postmaster",
    "post_master",
    "mdaemon",
    "mail-delivery-subsystem",
    "microsoftexchange",
];

/// A text for people, and the head of the letter that is returned below it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct NoticeText {
    pub notice: String,
    pub returned: Option<HeaderFields>,
}

/// What in a message's head and first lines says what it is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signs {
    /// A mail server wrote it: only mail servers have this name, or name failed recipients in the head.
    pub by_server: bool,
    /// It has no sender, so that it cannot come back itself.
    pub null_sender: bool,
    pub subject_returned: bool,
    pub opening_returned: bool,
    /// A reader is away, it says.
    pub absence: bool,
    /// A reader wants no more letters: the subject or the first line says so, and nothing else.
    pub leave: bool,
}

impl Signs {
    pub(super) fn of(parts: &MessageParts) -> Self {
        let none = HeaderFields::default();
        let head = parts.heads.first().unwrap_or(&none);
        let says = |text: &str, sign| find(&folded(text)).iter().any(|phrase| phrase.sign == sign);
        let subject = head.subject();
        let opening = parts.texts.iter().find(|text| !text.trim().is_empty()).map_or("", String::as_str);
        let opening = opening.get(..opening.floor_char_boundary(OPENING_BYTES)).unwrap_or(opening);
        let from =
            ["from", "sender"].map(|name| head.get(name).unwrap_or_default().to_ascii_lowercase().replace(' ', "-"));
        let path = head.get("return-path").map(str::trim);
        Self {
            by_server: head.get("x-failed-recipients").is_some()
                || from.iter().any(|from| DAEMONS.iter().any(|daemon| from.contains(daemon))),
            null_sender: path.is_some_and(|path| {
                path == "<>" || DAEMONS.iter().any(|name| path.to_ascii_lowercase().contains(name))
            }),
            subject_returned: says(&subject, Sign::Bounce),
            opening_returned: says(opening, Sign::Bounce),
            absence: says(&subject, Sign::Absence),
            leave: says(&subject, Sign::Leave)
                || opening.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| says(line, Sign::Leave)),
        }
    }

    /// Whether the message is a letter that came back. That it was written by a machine says nothing against it.
    pub(super) fn is_returned(self) -> bool {
        let told = self.subject_returned || self.opening_returned;
        self.by_server && (told || !self.absence)
            || self.subject_returned && (self.null_sender || self.opening_returned)
            || self.null_sender && self.opening_returned && !self.absence
    }
}

/// Parts a text from the letter below it.
pub(super) fn split_notice(text: &str) -> NoticeText {
    let mut offset = 0;
    let lines: Vec<(usize, &str)> = text
        .split_inclusive('\n')
        .map(|line| {
            let at = offset;
            offset += line.len();
            (at, line.trim())
        })
        .collect();
    let marked = lines.iter().position(|(_, line)| is_mark(line));
    let head = (0..lines.len()).find(|at| is_head(lines.get(*at..).unwrap_or_default()));
    let place = |index: Option<usize>| index.and_then(|index| lines.get(index)).map(|(at, _)| *at);
    let end = [place(marked), place(head)].into_iter().flatten().min().unwrap_or(text.len());
    let returned = place(head).and_then(|at| text.get(at..)).map(|text| mime::head(dedent(text).as_bytes()).0);
    NoticeText { notice: text.get(..end).unwrap_or_default().to_owned(), returned }
}

/// Takes away what a whole head is set in by, so that its lines do not look like one that goes on.
fn dedent(text: &str) -> String {
    let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
    text.split_inclusive('\n')
        .map(|line| line.get(indent..).filter(|_| line[..indent.min(line.len())].trim().is_empty()).unwrap_or(line))
        .collect()
}

/// Whether a line says that the letter follows.
fn is_mark(line: &str) -> bool {
    let drawn = ["--", "==", "**", "__", "~~"].iter().any(|mark| line.starts_with(mark));
    let line = line.to_lowercase();
    drawn
        && ["message", "mail", "nachricht", "header", "письм"].iter().any(|word| line.contains(word))
        && ["original", "copy", "follow", "returned", "unsent", "undelivered", "copie", "kopie"]
            .iter()
            .any(|word| line.contains(word))
        && !line.contains("transcript")
}

/// Whether these lines begin with a letter's head: one that people would not write, and others beside it.
fn is_head(lines: &[(usize, &str)]) -> bool {
    const TECHNICAL: [&str; 6] =
        ["received", "return-path", "message-id", "dkim-signature", "mime-version", "x-mailer"];
    const USUAL: [&str; 6] = ["from", "to", "subject", "date", "content-type", "reply-to"];
    let name = |line: &str| line.split_once(':').map(|(name, _)| name.to_ascii_lowercase());
    let known = |name: &str| TECHNICAL.contains(&name) || USUAL.contains(&name) || name.starts_with("x-");
    if !lines.first().and_then(|(_, line)| name(line)).is_some_and(|name| known(&name)) {
        return false;
    }
    let head = lines.iter().take(HEAD_LINES).take_while(|(_, line)| !line.is_empty());
    let names: Vec<String> = head.filter_map(|(_, line)| name(line)).collect();
    let count = |list: &[&str]| list.iter().filter(|known| names.iter().any(|name| name == *known)).count();
    count(&TECHNICAL) >= 1 && count(&TECHNICAL) + count(&USUAL) >= 2
}

/// The fields of a report that stand in a text part.
pub(super) fn report_fields(texts: &[String]) -> Option<&str> {
    let begins = |line: &str, name: &str| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    texts.iter().find_map(|text| {
        let mut offset = 0;
        let mut start = None;
        let (mut action, mut status) = (false, false);
        for line in text.split_inclusive('\n') {
            let field = ["final-recipient:", "original-recipient:", "action:", "status:"]
                .iter()
                .position(|name| begins(line, name));
            if let Some(field) = field {
                start.get_or_insert(offset);
                action |= field == 2;
                status |= field == 3;
            }
            offset += line.len();
        }
        start.filter(|_| action && status).and_then(|start| text.get(start..))
    })
}

/// The fields of a complaint that stand in a text part.
pub(super) fn feedback_fields(texts: &[String]) -> Option<&str> {
    texts.iter().find_map(|text| {
        let at = text.to_ascii_lowercase().find("feedback-type:")?;
        (at == 0 || text[..at].ends_with('\n')).then(|| &text[at..])
    })
}

/// Whether a provider passes a letter on that a reader complained of, without any fields: as Hotmail does, whose mark in the
/// letter's head names the reader, or with a subject that says so.
pub(super) fn is_plain_complaint(parts: &MessageParts) -> bool {
    let subject = folded(&parts.heads.first().map(HeaderFields::subject).unwrap_or_default());
    let told = find(&subject).iter().any(|phrase| phrase.sign == Sign::Complaint);
    parts
        .heads
        .iter()
        .skip(1)
        .any(|head| head.get("x-hmxmroriginalrecipient").is_some() || told && head.get("message-id").is_some())
}

/// What the text of a returned letter says became of it; none, if it says nothing that is understood.
pub(super) fn recipient_status(parts: &MessageParts) -> Option<RecipientStatus> {
    let failed = parts.heads.first().and_then(|head| head.get("x-failed-recipients")).unwrap_or_default();
    let recipients = failed.split([',', ' ', '\n']).map(|address| address.trim().to_lowercase());
    let recipients = recipients.filter(|address| address.contains('@')).collect();
    let (evidence, notice) = parts.texts.iter().find_map(|text| {
        let mut notice = split_notice(text).notice;
        if let Some(fields) = report_fields(std::slice::from_ref(&notice)).map(str::len) {
            notice.truncate(notice.len() - fields);
        }
        let mut evidence = of_notice(&notice);
        evidence.doubt_provider(&format!("{failed} {notice}"));
        (evidence != Evidence::default()).then_some((evidence, notice))
    })?;
    let reason = (!is_pending(&notice)).then(|| evidence.judge());
    Some(RecipientStatus { recipients, reason, arrived: false, words: telling_line(&notice), evidence })
}

/// What a text for people says about why the letter came back. What it quotes of the server that refused goes before its own
/// words, which explain all that could be the matter.
fn of_notice(notice: &str) -> Evidence {
    let mut evidence = Evidence::default();
    evidence.add_text(Place::Diagnostic, &quoted(notice));
    if !evidence.is_firm() {
        evidence.add_text(Place::Text, notice);
    }
    evidence
}

/// The lines with codes, with the one before each and those after it in the same paragraph.
fn quoted(notice: &str) -> String {
    let mut quoted = String::new();
    let (mut before, mut after) = ("", 0);
    for line in notice.lines().map(str::trim) {
        if line.is_empty() {
            (before, after) = ("", 0);
            continue;
        }
        let is_quoted = evidence::is_quoted(line);
        if is_quoted && after == 0 {
            quoted.push_str(before);
            quoted.push('\n');
        }
        if is_quoted {
            after = MAX_QUOTED_LINES;
        }
        if after > 0 {
            quoted.push_str(line);
            quoted.push('\n');
            after -= 1;
        }
        before = line;
    }
    quoted
}

/// Whether a text says that nothing has come of the letter yet, or that it has arrived.
fn is_pending(notice: &str) -> bool {
    find(&folded(notice)).iter().any(|phrase| matches!(phrase.sign, Sign::Delayed | Sign::Delivered))
}

/// The line of a text that says most: the first one with a code or words that mean something.
fn telling_line(notice: &str) -> String {
    let quoted = quoted(notice);
    let tells = |line: &&str| evidence::is_quoted(line) || of_notice(line).is_firm();
    report::shorten(quoted.lines().chain(notice.lines()).find(tells).unwrap_or_default().trim())
}
