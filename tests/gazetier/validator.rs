//! The independent validator, `validate.py`: started once, asked often.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError},
};

use gazetier::{
    config::Config,
    model::{FeedKey, Instant, Rubrique},
    publish::forms::Addresses,
};
use serde_json::json;

use crate::support::needed;

struct Validator {
    _child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What the validator says of a feed's files, read at an instant: nothing, if all is well.
pub fn findings(config: &Config, rubrique: Option<&Rubrique>, files: &[(String, Vec<u8>)], at: Instant) -> Vec<String> {
    document(config, &key(rubrique), None, files, at)
}

/// The same of any document of a feed: the one to subscribe to, or an archive.
pub fn document(
    config: &Config,
    feed: &FeedKey,
    archive: Option<&str>,
    files: &[(String, Vec<u8>)],
    at: Instant,
) -> Vec<String> {
    let addresses = Addresses::of(config, feed, archive).expect("addresses");
    let text = |ending: &str| {
        let (_, bytes) = files.iter().find(|(path, _)| path.ends_with(ending)).expect("a form of the feed");
        String::from_utf8(bytes.clone()).expect("UTF-8")
    };
    let question = json!({
        "rss": text("rss.xml"),
        "atom": text("atom.xml"),
        "json": text("feed.json"),
        "self": { "rss": addresses.rss, "atom": addresses.atom, "json": addresses.json },
        "at": at.to_rfc3339(),
    });
    ask(&question)
}

/// The same of an Atom document that stands alone.
pub fn of_atom(text: &str, url: &str, at: Instant) -> Vec<String> {
    ask(&json!({ "atom": text, "self": { "atom": url }, "at": at.to_rfc3339() }))
}

fn ask(question: &serde_json::Value) -> Vec<String> {
    static VALIDATOR: OnceLock<Mutex<Validator>> = OnceLock::new();
    let validator = VALIDATOR.get_or_init(|| Mutex::new(start()));
    let mut validator = validator.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(validator.questions, "{question}").expect("the validator listens");
    let mut answer = String::new();
    validator.answers.read_line(&mut answer).expect("the validator answers");
    serde_json::from_str(&answer).expect("a list")
}

fn start() -> Validator {
    let mut child = Command::new(needed("GAZETIER_TEST_PYTHON"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gazetier/validate.py"))
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python");
    let questions = child.stdin.take().expect("a pipe");
    let answers = BufReader::new(child.stdout.take().expect("a pipe"));
    Validator { _child: child, questions, answers }
}

/// The feed of a rubrique, or of all columns.
pub fn key(rubrique: Option<&Rubrique>) -> FeedKey {
    rubrique.map_or(FeedKey::All, |rubrique| FeedKey::Rubrique(rubrique.slug.clone()))
}
