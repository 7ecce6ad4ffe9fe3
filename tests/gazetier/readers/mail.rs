//! The letters that a scene's server has put into its outbox, as their reader finds them.

use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use mail_parser::MessageParser;

use crate::support::Scene;

/// A letter to one person.
#[derive(Debug, Clone)]
pub struct Note {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Note {
    /// The path of the first address below the readers' pages that the text names.
    pub fn link(&self) -> String {
        let start = self.text.find("https://estran.example.org/lettre/").unwrap_or_else(|| panic!("{}", self.text));
        let url = self.text[start..].split_whitespace().next().expect("an address");
        assert!(self.html.contains(&format!("href=\"{url}\"")), "both parts lead to the same page");
        url.strip_prefix("https://estran.example.org").expect("our host").to_owned()
    }
}

/// The letters to single persons, oldest first; waits until there are so many.
pub fn notes(scene: &Scene, count: usize) -> Vec<Note> {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let written = |name: &String| fs::metadata(scene.path("outbox").join(name)).and_then(|file| file.modified());
        let mut names: Vec<_> = scene
            .files("outbox")
            .into_iter()
            .filter(|name| name.starts_with("service.") && name.ends_with(".eml"))
            .filter_map(|name| Some((written(&name).ok()?, name)))
            .collect();
        names.sort();
        if names.len() >= count || Instant::now() > end {
            assert_eq!(names.len(), count, "letters in the outbox");
            return names
                .iter()
                .map(|(_, name)| read(&fs::read(scene.path("outbox").join(name)).expect("a letter")))
                .collect();
        }
        sleep(Duration::from_millis(20));
    }
}

fn read(bytes: &[u8]) -> Note {
    // An address beyond ASCII stands in a header as it is (RFC 6532), and nothing else does.
    let ascii = bytes.split(|byte| *byte == b'\n').all(|line| line.is_ascii() || line.starts_with(b"To: "));
    assert!(ascii && !bytes.windows(2).any(|pair| pair[0] != b'\r' && pair[1] == b'\n'), "CRLF, 7 bits");
    let mail = MessageParser::default().parse(bytes).expect("a letter");
    assert_eq!(mail.parts.len(), 3, "multipart/alternative with two parts");
    Note {
        to: mail.to().and_then(|to| to.first()).and_then(|to| to.address()).expect("an address").to_owned(),
        subject: mail.subject().expect("a subject").to_owned(),
        text: mail.body_text(0).expect("a text").into_owned(),
        html: mail.body_html(0).expect("HTML").into_owned(),
    }
}
