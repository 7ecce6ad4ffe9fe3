//! What a request's headers ask of a document: which form of it, whether it has changed, which part
//! of it. No I/O: headers in, an answer out.

use std::{ops::Range, time::SystemTime};

use axum::http::{HeaderMap, HeaderName, header};

/// How a document's bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are.
    Plain,
    /// Brotli.
    Br,
    /// Gzip.
    Gz,
}

impl Form {
    /// All there are.
    pub(super) const ALL: [Self; 3] = [Self::Plain, Self::Br, Self::Gz];

    /// For Content-Encoding.
    pub(super) fn coding(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Br => Some("br"),
            Self::Gz => Some("gzip"),
        }
    }

    /// What its ETag ends in: other bytes, another tag.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Br => "-br",
            Self::Gz => "-gz",
        }
    }

    /// The ETag of a document in this form.
    pub(super) fn tag(self, mark: &str) -> String {
        format!("\"{mark}{}\"", self.suffix())
    }

    /// The form that a client wants most (RFC 9110, section 12.5.3); of two that it wants alike, the smaller. None
    /// if it takes none.
    pub(super) fn wanted(headers: &HeaderMap) -> Option<Self> {
        let (mut br, mut gz, mut plain, mut others) = (None, None, None, None);
        for part in values(headers, &header::ACCEPT_ENCODING) {
            let (coding, weight) = part.split_once(';').unwrap_or((part, "q=1"));
            let weight: f32 =
                weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse().ok()).unwrap_or(0.0);
            let is = |name: &str| coding.trim().eq_ignore_ascii_case(name);
            let place = match () {
                () if is("br") => &mut br,
                () if is("gzip") || is("x-gzip") => &mut gz,
                () if is("identity") => &mut plain,
                () if is("*") => &mut others,
                () => continue,
            };
            *place = Some(weight);
        }
        // What is not named is as good as `*`; the plain form is always welcome unless somebody says otherwise, and
        // preferred to none that is named.
        let unnamed = others.unwrap_or(0.0);
        let plain = plain.or(others.filter(|weight| *weight == 0.0)).unwrap_or(f32::MIN_POSITIVE);
        let forms = [(Self::Br, br.unwrap_or(unnamed)), (Self::Gz, gz.unwrap_or(unnamed)), (Self::Plain, plain)];
        let welcome = forms.into_iter().filter(|(_, weight)| *weight > 0.0);
        welcome.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(form, _)| form)
    }
}

/// Whether a request may go on: it may be only for a document that has one of these tags, or that has not changed
/// since (RFC 9110, sections 13.1.1 and 13.1.4).
pub(super) fn may_go_on(headers: &HeaderMap, mark: &str, modified: SystemTime) -> bool {
    if headers.contains_key(header::IF_MATCH) {
        return values(headers, &header::IF_MATCH).any(|tag| {
            let suffix = || tag.strip_prefix('"')?.strip_suffix('"')?.strip_prefix(mark);
            tag == "*" || suffix().is_some_and(|suffix| Form::ALL.into_iter().any(|form| form.suffix() == suffix))
        });
    }
    let since = headers.get(header::IF_UNMODIFIED_SINCE).and_then(|since| since.to_str().ok());
    since.and_then(|since| httpdate::parse_http_date(since).ok()).is_none_or(|since| modified <= since)
}

/// The elements of a header's list, of all its lines.
fn values<'h>(headers: &'h HeaderMap, name: &'h HeaderName) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|value| !value.is_empty())
}

/// The form of which the client has the document as it is now, if it has it: compared weakly
/// (RFC 9110, section 13.1.2). Whichever form it kept is as good as the one it asks for.
pub(super) fn known(headers: &HeaderMap, mark: &str, modified: SystemTime, wanted: Form) -> Option<Form> {
    if headers.contains_key(header::IF_NONE_MATCH) {
        return values(headers, &header::IF_NONE_MATCH).find_map(|tag| {
            if tag == "*" {
                return Some(wanted);
            }
            let tag = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?;
            let suffix = tag.strip_prefix(mark)?;
            Form::ALL.into_iter().find(|form| form.suffix() == suffix)
        });
    }
    let since = headers.get(header::IF_MODIFIED_SINCE)?.to_str().ok()?;
    let since = httpdate::parse_http_date(since).ok()?;
    (modified <= since).then_some(wanted)
}

/// What a request asks for of a document's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// All.
    Whole,
    /// These.
    Some(Range<usize>),
    /// Some that there are not.
    Nothing,
}

/// The part that is asked for. Several parts at once are nobody's wish of a feed: then the whole
/// is given, as RFC 9110 allows.
pub(super) fn part(headers: &HeaderMap, tag: &str, modified: SystemTime, length: usize) -> Part {
    let Some(range) = headers.get(header::RANGE).and_then(|range| range.to_str().ok()) else { return Part::Whole };
    if let Some(condition) = headers.get(header::IF_RANGE).and_then(|value| value.to_str().ok()) {
        let same = condition == tag || httpdate::parse_http_date(condition).is_ok_and(|date| date == modified);
        if !same {
            return Part::Whole;
        }
    }
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|spec| spec.split_once('-')) else {
        return Part::Whole;
    };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<usize>().ok()).flatten();
    match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            Some(0) => Part::Nothing,
            Some(count) => Part::Some(length.saturating_sub(count)..length),
            None => Part::Whole,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), _) if first >= length => Part::Nothing,
            (Some(first), None) if last.is_empty() => Part::Some(first..length),
            (Some(first), Some(last)) if first <= last => Part::Some(first..length.min(last.saturating_add(1))),
            _ => Part::Whole,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.clone(), value.parse().expect("a value"));
        }
        headers
    }

    #[test]
    fn gives_the_form_that_is_wanted_most() {
        let of = |text: &str| Form::wanted(&headers(&[(header::ACCEPT_ENCODING, text)]));
        for (asked, form) in [
            ("gzip, deflate, br, zstd", Some(Form::Br)),
            ("gzip;q=1.0, br;q=0.5", Some(Form::Gz)),
            ("br;q=0, gzip", Some(Form::Gz)),
            ("GZIP", Some(Form::Gz)),
            ("*", Some(Form::Br)),
            ("*;q=0", None),
            ("*;q=0, identity", Some(Form::Plain)),
            ("*;q=0, gzip;q=0.1", Some(Form::Gz)),
            ("br;q=0, *", Some(Form::Gz)),
            ("identity", Some(Form::Plain)),
            ("identity;q=0", None),
            ("identity;q=0, gzip;q=0.2", Some(Form::Gz)),
            ("identity;q=1, gzip;q=0.5", Some(Form::Plain)),
            ("identity;q=0.5, gzip;q=0.5", Some(Form::Gz)),
            ("br;q=x", Some(Form::Plain)),
            ("zstd", Some(Form::Plain)),
            ("", Some(Form::Plain)),
        ] {
            assert_eq!(of(asked), form, "{asked}");
        }
        assert_eq!(Form::wanted(&HeaderMap::new()), Some(Form::Plain));
    }

    #[test]
    fn knows_what_the_client_has() {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let of = |pairs: &[(HeaderName, &str)]| known(&headers(pairs), "abc", modified, Form::Br);
        let tag = header::IF_NONE_MATCH;
        let date = header::IF_MODIFIED_SINCE;
        assert_eq!(of(&[(tag.clone(), "\"abc\"")]), Some(Form::Plain));
        assert_eq!(of(&[(tag.clone(), "\"x\", W/\"abc-gz\"")]), Some(Form::Gz));
        assert_eq!(of(&[(tag.clone(), "*")]), Some(Form::Br));
        assert_eq!(of(&[(tag.clone(), "\"abcd\"")]), None);
        assert_eq!(of(&[(tag.clone(), "abc")]), None);
        assert_eq!(of(&[(date.clone(), "Sun, 09 Sep 2001 01:46:40 GMT")]), Some(Form::Br));
        assert_eq!(of(&[(date.clone(), "Sun, 09 Sep 2001 01:46:39 GMT")]), None);
        assert_eq!(of(&[(date.clone(), "yesterday")]), None);
        // The tag alone counts where there are both.
        assert_eq!(of(&[(tag, "\"old\""), (date, "Sun, 09 Sep 2001 01:46:40 GMT")]), None);
    }

    #[test]
    fn goes_on_with_what_the_client_means() {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let of = |pairs: &[(HeaderName, &str)]| may_go_on(&headers(pairs), "abc", modified);
        let (tag, date) = (header::IF_MATCH, header::IF_UNMODIFIED_SINCE);
        assert!(of(&[]) && of(&[(tag.clone(), "*")]));
        assert!(of(&[(tag.clone(), "\"x\", \"abc-gz\"")]) && !of(&[(tag.clone(), "\"x\"")]));
        assert!(!of(&[(tag.clone(), "W/\"abc\"")]), "compared strongly");
        assert!(of(&[(date.clone(), "Sun, 09 Sep 2001 01:46:40 GMT")]));
        assert!(!of(&[(date.clone(), "Sun, 09 Sep 2001 01:46:39 GMT")]));
        assert!(of(&[(date.clone(), "yesterday")]));
        // The tag alone counts where there are both.
        assert!(of(&[(tag, "\"abc\""), (date, "Sun, 09 Sep 2001 01:46:39 GMT")]));
    }

    #[test]
    fn cuts_the_part_that_is_asked_for() {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let of = |range: &str| part(&headers(&[(header::RANGE, range)]), "\"t\"", modified, 100);
        for (range, wanted) in [
            ("bytes=0-9", Part::Some(0..10)),
            ("bytes=90-", Part::Some(90..100)),
            ("bytes=-10", Part::Some(90..100)),
            ("bytes=-1000", Part::Some(0..100)),
            ("bytes=99-1000", Part::Some(99..100)),
            ("bytes=100-", Part::Nothing),
            ("bytes=-0", Part::Nothing),
            ("bytes=9-0", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("lines=0-9", Part::Whole),
            ("bytes=99999999999999999999999-", Part::Whole),
        ] {
            assert_eq!(of(range), wanted, "{range}");
        }
        let when = |condition: &str| {
            part(&headers(&[(header::RANGE, "bytes=0-0"), (header::IF_RANGE, condition)]), "\"t\"", modified, 100)
        };
        assert_eq!(when("\"t\""), Part::Some(0..1));
        assert_eq!(when("W/\"t\""), Part::Whole);
        assert_eq!(when("Sun, 09 Sep 2001 01:46:40 GMT"), Part::Some(0..1));
        assert_eq!(when("Sun, 09 Sep 2001 01:46:41 GMT"), Part::Whole);
    }
}
