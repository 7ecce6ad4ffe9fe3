//! The documents: what they show is tried, so that nobody follows one to something that is not there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    handbook,
    imports::exports::{POST, post, wordpress},
    support::Scene,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A block of docs/SOURCES.md, by the heading that it stands under and its language.
pub fn block(heading: &str, language: &str) -> String {
    let page = fs::read_to_string(root().join("docs/SOURCES.md")).expect("docs/SOURCES.md");
    let (_, section) = page.split_once(&format!("# {heading}\n")).expect("the heading");
    let (_, block) = section.split_once(&format!("```{language}\n")).expect("a block");
    block.split_once("```").expect("its end").0.to_owned()
}

/// What each kind of source gives whose block stands in docs/SOURCES.md, laid out as the system lays it out.
#[test]
fn what_sources_are_called_in_the_documents_is_how_they_are_taken() {
    let export =
        wordpress(&post(1, "La digue", &format!("{POST}<content:encoded><![CDATA[Corps.]]></content:encoded>")));
    let ghost = r#"{"db":[{"meta":{"version":"5.80.0"},"data":{"posts":[{"id":"a1","title":"La digue","slug":"la-digue","html":"<p>Corps.</p>","type":"post","status":"published","visibility":"public","published_at":"2026-11-18T08:00:00.000Z","updated_at":"2026-11-18T08:00:00.000Z"}],"tags":[],"users":[],"posts_tags":[],"posts_authors":[]}}]}"#;
    let front = "---\ntitle: La digue\ndate: 2026-11-18\n---\nCorps.\n";
    let mut told = String::new();
    for (heading, file, text) in [
        ("French typography", "jetee.WordPress.2026-11-20.xml", export.as_str()),
        ("Hugo", "content/posts/la-digue.md", "+++\ntitle = \"La digue\"\ndate = 2026-11-18\n+++\nCorps.\n"),
        ("Zola", "content/blog/2026-11-18-la-digue.md", "+++\ntitle = \"La digue\"\n+++\nCorps.\n"),
        ("Jekyll", "_posts/2026-11-18-la-digue.md", "---\ntitle: La digue\nlayout: post\n---\nCorps.\n"),
        ("Pelican", "content/la-digue.md", "Title: La digue\nDate: 2026-11-18 08:00\n\nCorps.\n"),
        ("Eleventy", "content/blog/la-digue.md", front),
        ("Decap", "content/posts/la-digue.md", front),
        ("Tables", "export.csv", "nid,node_title,created\n7,La digue,2026-11-18 08:00\n"),
        ("WordPress", "jetee.WordPress.2026-11-20.xml", &export),
        ("Ghost", "jetee.ghost.2026-11-20.json", ghost),
    ] {
        let scene =
            Scene::empty().config("[[sources]]\nkind = \"markdown\"\npath = \"columns\"\n", &block(heading, "toml"));
        scene.put(file, text);
        let outcome = scene.run(&["sync"]);
        let columns = scene.ok(&["columns", "list"]);
        told += &format!("# {heading}\n{}{}{columns}", outcome.stdout, outcome.stderr);
    }
    let scene = Scene::empty();
    scene.put("columns.jsonl", &block("JSON Lines", "json"));
    told += &format!("# JSON Lines\n{}{}", scene.ok(&["import", "columns.jsonl"]), scene.ok(&["columns", "list"]));
    insta::assert_snapshot!("sources", told);
}

/// What the program says to `--help`, by the command.
struct Helps(BTreeMap<Vec<String>, String>);

impl Helps {
    fn of(&mut self, command: &[String]) -> &str {
        self.0.entry(command.to_vec()).or_insert_with(|| {
            let mut program = Command::new(env!("CARGO_BIN_EXE_gazetier"));
            let output = program.args(command).arg("--help").env("COLUMNS", "500").output().expect("the program");
            String::from_utf8(output.stdout).expect("UTF-8")
        })
    }

    /// Whether a command has one of this name below it.
    fn has(&mut self, command: &[String], name: &str) -> bool {
        let help = self.of(command);
        let below = help.split_once("\nCommands:\n").map_or("", |(_, below)| below);
        below.lines().take_while(|line| !line.is_empty()).any(|line| line.split_whitespace().next() == Some(name))
    }
}

/// The documents, and the lines of code in them that call the program.
fn calls() -> Vec<(PathBuf, String)> {
    let docs = handbook::pages().into_iter().map(|(_, path)| path);
    let pages = docs.chain(["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root().join(name)));
    let mut calls = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).expect("a page");
        // Spans and blocks alike stand between marks; a block's first word may be its language.
        for code in text.split('`').skip(1).step_by(2).chain(text.split("```").skip(1).step_by(2)) {
            for line in code.lines() {
                let line = line.split(" # ").next().unwrap_or(line);
                for part in line.split(['|', ';', '(']).flat_map(|part| part.split("&&")) {
                    let part = part.trim().trim_start_matches("$ ");
                    let call = ["gazetier ", "cargo run --release -- "].iter().find_map(|call| part.strip_prefix(call));
                    // A line of Postfix's master.cf begins with a name of its own.
                    calls.extend(
                        call.filter(|call| !call.starts_with("unix ")).map(|call| (page.clone(), call.to_owned())),
                    );
                }
            }
        }
    }
    calls
}

#[test]
fn commands_and_options_in_the_documents_are_there() {
    let mut helps = Helps(BTreeMap::new());
    let mut wrong = BTreeSet::new();
    let calls = calls();
    assert!(calls.len() > 100, "{}", calls.len());
    for (page, call) in calls {
        let page = page.file_name().expect("a name").to_string_lossy().into_owned();
        let mut command: Vec<String> = Vec::new();
        let words = call.split_whitespace().map(|word| word.trim_matches(|c: char| "[].,:…".contains(c)));
        for word in words {
            if let Some(option) = word.strip_prefix("--") {
                let name = option.split(['=', '[', ']']).next().unwrap_or(option);
                if !name.is_empty() && !helps.of(&command).contains(&format!("--{name}")) {
                    wrong.insert(format!("{page}: gazetier {call}: no --{name}"));
                }
            } else if helps.has(&command, word) {
                command.push(word.to_owned());
            } else if command.is_empty() && word.chars().all(|c| c.is_ascii_lowercase()) {
                wrong.insert(format!("{page}: gazetier {call}: no command {word}"));
            }
        }
    }
    assert_eq!(wrong.into_iter().collect::<Vec<_>>(), Vec::<String>::new());
}
