//! Lists of readers from store to store and from other programs, what is known of one reader, and rubriques that
//! are called otherwise.

mod exports;
mod people;
mod programs;
mod rubriques;
mod statements;
mod streams;
mod whole;

use crate::support::{MONDAY, Outcome, Scene};

/// The same scene on both backends.
fn both() -> [Scene; 2] {
    [Scene::empty(), Scene::empty().on_postgres()]
}

/// Imports `list.csv` with a text in it. What the list holds, which stands before what became of it, is left out.
fn import(scene: &Scene, text: &str, more: &[&str]) -> Outcome {
    scene.put("list.csv", text);
    let outcome = scene.run(&[&["subscribers", "import", "list.csv", "--at", MONDAY], more].concat());
    let stdout = outcome.stdout.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    Outcome { stdout, ..outcome }
}

fn told(code: i32, stdout: &str, stderr: &str) -> Outcome {
    Outcome { code, stdout: stdout.to_owned(), stderr: stderr.to_owned() }
}

/// What a listing says of each reader: the address, the state, and why it is suppressed.
fn states(scene: &Scene) -> Vec<String> {
    let list = scene.ok(&["subscribers", "list"]);
    let line = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let why = cells.get(4).and_then(|why| why.split(' ').next()).map(|why| format!(" {why}")).unwrap_or_default();
        format!("{} {}{why}", cells[0].split('@').next().expect("a name"), cells[1])
    };
    list.lines().map(line).collect()
}

/// What an import says when nothing is wrong.
fn counted(words: &str) -> Outcome {
    told(0, &format!("{words}\n"), "")
}
