//! The fences of the house (DESIGN, section 3), held by reading the source: who may import whom,
//! which crates stay in which rooms, who may ask for the time and who may touch a file.

mod scan;

use std::{fs, path::Path};

use scan::{Scan, scan};

/// The rooms by floor: each imports what is on a lower floor, and nobody on its own.
const FLOORS: [&[&str]; 9] = [
    &["locales", "templates"],
    &["model"],
    &["config"],
    &["store", "fetch", "dns"],
    &["edition", "ingest", "publish"],
    &["send", "bounce"],
    &["outbox", "doctor"],
    &["web"],
    &["cli"],
];

/// Crates that stay in some rooms or files.
const CRATES: [(&str, &[&str]); 11] = [
    ("aws_lc_rs", &["config/dkim.rs", "send/dkim.rs", "model/signed.rs", "model/uuid.rs"]),
    ("sqlx", &["store/", "ingest/sql/"]),
    ("lettre", &["edition/render/"]),
    ("rss", &["publish/forms/"]),
    ("atom_syndication", &["publish/forms/"]),
    ("feed_rs", &["ingest/records/"]),
    ("askama", &["edition/render.rs", "edition/render/", "publish/forms/page.rs", "templates/", "web/"]),
    ("minijinja", &["templates/"]),
    ("mail_parser", &["bounce/"]),
    ("hickory_resolver", &["dns/"]),
    ("rustix", &["bounce/", "send/smtp/", "publish/", "store/open.rs", "doctor/files.rs"]),
];

/// What makes bytes of values: no file, no network, no store.
const PURE: [&str; 4] = ["edition/render.rs", "edition/render/", "publish/forms/", "templates/"];

/// Who may ask what time it is.
const CLOCK: &[&str] = &["cli/", "web/"];

/// What reaches the disk, the network, other programs or the terminal.
const OUTSIDE: [&str; 14] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::os",
    "std::thread",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::io::Write",
    "tokio",
    "tempfile",
    "open",
    "imagesize",
];
/// The same as methods of a path, and as macros.
const OUTSIDE_METHODS: [&str; 9] = [
    "canonicalize",
    "exists",
    "is_dir",
    "is_file",
    "metadata",
    "read_dir",
    "read_link",
    "symlink_metadata",
    "try_exists",
];
const OUTSIDE_MACROS: [&str; 4] = ["print", "println", "eprint", "eprintln"];

/// Where a fence has a gate: the file, the beginning of the complaint, and why. A gate that nobody
/// uses is walled up.
const GATES: [(&str, &str, &str); 0] = [];

#[test]
fn the_source_keeps_to_its_fences() {
    let mut complaints = Vec::new();
    let mut used = [false; GATES.len()];
    for (file, source) in sources() {
        for complaint in complaints_about(&file, &source) {
            match GATES.iter().position(|(gate, what, _)| *gate == file && complaint.contains(what)) {
                Some(gate) => used[gate] = true,
                None => complaints.push(complaint),
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert!(used.iter().all(|used| *used), "a gate in the fences is used by nobody: {GATES:?}");
}

#[test]
fn the_main_function_calls_the_library_and_does_nothing_else() {
    let source = fs::read_to_string(root().join("main.rs")).expect("src/main.rs");
    assert_eq!(
        scan(&source, "crate").text,
        "use std :: process :: ExitCode ; fn main ( ) - > ExitCode { gazetier :: cli :: main ( ) }"
    );
}

#[test]
fn the_library_forbids_unsafe_code_and_its_rooms_are_those_of_the_plan() {
    let source = fs::read_to_string(root().join("lib.rs")).expect("src/lib.rs");
    let text = scan(&source, "crate").text;
    assert!(text.starts_with("# ! [ forbid ( unsafe_code ) ]"), "{text}");
    let rooms: Vec<&str> = text.split("mod ").skip(1).filter_map(|rest| rest.split(' ').next()).collect();
    let unplanned: Vec<_> = rooms.iter().filter(|room| floor(room).is_none()).collect();
    assert!(unplanned.is_empty(), "no floor is known for {unplanned:?}");
}

#[test]
fn the_statements_ask_no_database_for_the_time() {
    for folder in ["store", "store/migrations"] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let text = if path.is_file() { fs::read_to_string(&path).expect("a text") } else { String::new() };
            for word in ["current_timestamp", "current_date", "now()", "('now'", "unixepoch(", "localtime"] {
                assert!(!text.to_lowercase().contains(word), "{} asks for the time: {word}", path.display());
            }
        }
    }
}

/// Each fence, with what it must stop and what it must let through.
#[test]
fn every_fence_stops_what_it_is_there_for() {
    for (file, source, complaint) in [
        ("model/a.rs", "use crate::config::Config;", "src/model/a.rs:1: model may not use crate::config::Config"),
        (
            "store/a.rs",
            "\nuse crate::{model, publish::{self, Publisher}};",
            "src/store/a.rs:2: store may not use crate::publish",
        ),
        ("edition/a.rs", "fn f() { crate::ingest::clean::clean() }", "edition may not use crate::ingest::clean::clean"),
        ("edition/render/a.rs", "use super::super::super::store::Store;", "crate::store::Store is no value"),
        ("send/a.rs", "type W = crate::web::Desk;", "send may not use crate::web::Desk"),
        ("send/a.rs", "use crate::bounce;", "send may not use crate::bounce"),
        ("web/a.rs", "macro_rules! m { () => { $crate::cli::main() } }", "web may not use crate::cli::main"),
        ("web/a.rs", "use crate::attic::Box;", "web may not use crate::attic::Box"),
        ("web/a.rs", "use crate::*;", "web may not use crate::*"),
        ("web/a.rs", "use crate as house;", "web may not use crate"),
        ("cli/a.rs", "mod inner { use super::x; }", "the module inner stands in the file itself"),
        ("cli/a.rs", "use {clap::Parser, sqlx::{Pool as P}};", "sqlx::Pool is for store/, ingest/sql/ alone"),
        ("cli/a.rs", "#[derive(sqlx::FromRow)] struct A;", "sqlx::FromRow is for store/, ingest/sql/ alone"),
        ("store/a.rs", "use lettre::Message;", "lettre::Message is for edition/render/ alone"),
        ("cli/a.rs", "fn f() -> ::rss::Channel {}", "rss::Channel is for publish/forms/ alone"),
        (
            "cli/a.rs",
            "use atom_syndication as atom; fn f(a: atom::Entry) {}",
            "atom_syndication is for publish/forms/ alone",
        ),
        (
            "publish/forms/rss.rs",
            "use askama::Template;",
            "askama::Template is for edition/render.rs, edition/render/, publish/forms/page.rs, templates/, web/ alone",
        ),
        ("web/a.rs", "use minijinja::Environment;", "minijinja::Environment is for templates/ alone"),
        ("templates/a.rs", "fn f() { std::fs::read(p); }", "std::fs::read reaches outside"),
        ("templates/a.rs", "use crate::locales::Lang;", "templates may not use crate::locales::Lang"),
        ("send/a.rs", "use chrono as c; fn f() { c::Utc::now(); }", "chrono::Utc::now asks for the time"),
        ("send/a.rs", "use chrono::{Local as L}; let f = L::now;", "chrono::Local::now asks for the time"),
        ("store/a.rs", "use std::time::*; fn f() { SystemTime::now(); }", "SystemTime::now asks for the time"),
        (
            "edition/render/a.rs",
            "use std::time; fn f() { time::Instant::now(); }",
            "std::time::Instant::now asks for the time",
        ),
        ("publish/forms/a.rs", "use std::{fs::{self, File}, fmt};", "publish/forms/a.rs:1: std::fs reaches outside"),
        ("edition/render/a.rs", "fn f() { use tokio::fs::read; }", "tokio::fs::read reaches outside"),
        ("edition/render/a.rs", "fn f(p: &Path) { p.is_file(); }", "is_file reaches outside"),
        ("publish/forms/a.rs", "fn f() { eprintln!(\"x\"); }", "eprintln reaches outside"),
        ("publish/forms/a.rs", "use std::io::Write as _;", "std::io::Write reaches outside"),
        ("cli/a.rs", "fn f() { unsafe { g() } }", "unsafe"),
        ("cli/a.rs", "fn f() { x.unwrap(); }", "unwrap gives up"),
        ("cli/a.rs", "fn f() { x\n  .expect(\"y\"); }", "src/cli/a.rs:2: expect gives up"),
        ("cli/a.rs", "fn f() { std::todo!() }", "todo gives up"),
        ("cli/a.rs", "#[cfg(test)] mod t { fn f() {} } fn f() { dbg!(1); }", "dbg gives up"),
    ] {
        let complaints = complaints_about(file, source);
        assert!(complaints.iter().any(|c| c.contains(complaint)), "{source}\ngave {complaints:?}\nnot {complaint}");
    }
    for (file, source) in [
        (
            "publish/forms/a.rs",
            "use super::rss::MEDIA; // use sqlx::Pool;\n/* std::fs /* */ x.unwrap() */ fn f<'a>(x: &'a u8) {}",
        ),
        ("publish/a.rs", "use std::{fs::File, io::Write}; fn f(p: &Path) { p.exists(); }"),
        (
            "publish/forms/a.rs",
            "const A: &str = \"\\\"std::fs\"; const B: char = '\"'; const C: &str = r#\"\"crate::cli::x\"#;",
        ),
        ("cli/a.rs", "use crate::{config, model::Instant, web}; fn f() { chrono::Utc::now(); x.unwrap_or_default(); }"),
        ("web/a.rs", "use std::time::Instant; fn f() { Instant::now(); let rss = feed.rss; a.rss::<u8>(); }"),
        ("send/a.rs", "use tokio::time::Instant; fn f() { Instant::now(); crate::store::x(); self::y(); }"),
        ("model/a.rs", "#[cfg(test)]\nmod tests { use super::*; fn f() { g().expect(\"{\"); } }"),
    ] {
        assert_eq!(complaints_about(file, source), Vec::<String>::new(), "{source}");
    }
}

/// All that is wrong with a file, by its path below `src`.
fn complaints_about(file: &str, source: &str) -> Vec<String> {
    let found = scan(source, &module(file));
    let mut complaints = Vec::new();
    let mut say = |line: usize, what: String| complaints.push(format!("src/{file}:{line}: {what}"));
    let within = |places: &[&str]| places.iter().any(|place| file.starts_with(place));
    let room = file.split_once('/').map(|(room, _)| room);
    for (line, path) in &found.paths {
        if room.is_some_and(|room| !may_use(room, path)) {
            say(*line, format!("{} may not use {path}", room.unwrap_or_default()));
        }
        for (name, places) in CRATES {
            if begins(path, name) && !within(places) {
                say(*line, format!("{path} is for {} alone", places.join(", ")));
            }
        }
        if asks_the_time(path) && !within(CLOCK) {
            say(*line, format!("{path} asks for the time: take the instant as an argument"));
        }
    }
    if within(&PURE) {
        for (line, what) in reaches_outside(&found) {
            say(line, format!("{what} reaches outside"));
        }
        for (line, path) in found.paths.iter().filter(|(_, path)| begins(path, "crate::store")) {
            say(*line, format!("{path} is no value"));
        }
    }
    for (line, word) in &found.keywords {
        say(*line, format!("{word} is forbidden"));
    }
    for (line, name) in &found.inline_modules {
        say(*line, format!("the module {name} stands in the file itself: give it a file of its own"));
    }
    let gives_up = |name: &&(usize, String)| {
        matches!(
            name.1.as_str(),
            "unwrap" | "expect" | "unwrap_err" | "expect_err" | "todo" | "dbg" | "unimplemented" | "panic"
        )
    };
    for (line, name) in found.methods.iter().chain(&found.macros).filter(gives_up) {
        say(*line, format!("{name} gives up: return an error"));
    }
    complaints
}

/// Whether a room may name this path.
fn may_use(room: &str, path: &str) -> bool {
    let mut parts = path.split("::");
    if parts.next() != Some("crate") {
        return true;
    }
    let other = parts.next().unwrap_or_default();
    other == room || floor(other).zip(floor(room)).is_some_and(|(other, own)| other < own)
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

fn asks_the_time(path: &str) -> bool {
    let ends = |name: &str| path == name || path.ends_with(&format!("::{name}"));
    // tokio's Instant counts from anywhere: it measures and tells no time of day.
    let measures = begins(path, "tokio::time");
    ["Utc::now", "Local::now", "SystemTime::now", "Utc::today", "Local::today"].into_iter().any(ends)
        || (ends("Instant::now") && !measures)
}

fn reaches_outside(found: &Scan) -> Vec<(usize, String)> {
    let paths = found.paths.iter().filter(|(_, path)| OUTSIDE.iter().any(|name| begins(path, name)));
    let methods = found.methods.iter().filter(|(_, name)| OUTSIDE_METHODS.contains(&name.as_str()));
    let macros = found.macros.iter().filter(|(_, name)| OUTSIDE_MACROS.contains(&name.as_str()));
    paths.chain(methods).chain(macros).cloned().collect()
}

/// Whether a path is this one or goes on from it.
fn begins(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// `store/desk.rs` is `crate::store::desk`, `store/mod.rs` is `crate::store`.
fn module(file: &str) -> String {
    let bare = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let parts = bare.split('/').filter(|part| !matches!(*part, "lib" | "main"));
    std::iter::once("crate").chain(parts).collect::<Vec<_>>().join("::")
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
}

/// Whether a file is compiled for unit tests alone, as the module says that it belongs to.
fn is_for_tests(path: &Path) -> bool {
    let folder = path.parent().expect("a folder");
    // What the tests of a module are parted into.
    if folder.ends_with("tests") {
        return is_for_tests(&folder.with_extension("rs"));
    }
    let modules = [folder.join("mod.rs"), folder.with_extension("rs")];
    let says_so = |module| fs::read_to_string(module).is_ok_and(|text| text.contains("#[cfg(test)]\nmod tests;"));
    path.ends_with("tests.rs") && modules.iter().any(says_so)
}

/// Every file of the source by its path below `src`, without those of unit tests.
fn sources() -> Vec<(String, String)> {
    let mut sources = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !is_for_tests(&path) {
                let name = path.strip_prefix(root()).expect("a path below src").display().to_string();
                sources.push((name, fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    assert!(sources.len() > 40, "the source was not found");
    sources.sort();
    sources
}
