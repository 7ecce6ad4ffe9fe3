//! The commands of the tutorial and the how-tos, run as a reader would type them: a page is one session of a shell, in a
//! folder of its own. Where output is shown below a block, it is compared; `…` stands for anything.

use std::{
    fs,
    os::unix::fs::symlink,
    process::{Command, Stdio},
};

use super::{
    blocks::{Block, blocks},
    page, root,
};
use crate::{
    smtp::free_port,
    support::{MONDAY, Scene, fresh_database, needed},
};

/// The pages whose commands are run: here, by `operations` and in the machine of `packages`.
pub const RUN: [&str; 10] = [
    "OPERATIONS.md",
    "TUTORIAL.md",
    "howto/backup.md",
    "howto/deliverability.md",
    "howto/gdpr.md",
    "howto/machines.md",
    "howto/relay.md",
    "howto/timers.md",
    "howto/web-server.md",
    "reference/store.md",
];

/// A page that is walked through.
struct Walk<'a> {
    page: &'a str,
    scene: Scene,
    /// What is another thing in a test than on a reader's machine.
    swaps: Vec<(&'a str, String)>,
}

impl<'a> Walk<'a> {
    fn of(page: &'a str, scene: Scene) -> Self {
        let folder = scene.path("").display().to_string();
        Self { page, scene, swaps: vec![("/srv/magazine", folder)] }
    }

    fn swap(mut self, from: &'a str, to: &str) -> Self {
        self.swaps.push((from, to.to_owned()));
        self
    }

    fn swapped(&self, text: &str) -> String {
        self.swaps.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    /// Runs all blocks of commands in one shell; says how many there were.
    fn run(self) -> usize {
        let all = blocks(self.page, &page(self.page));
        let commands: Vec<(usize, String)> =
            all.iter().enumerate().filter_map(|(at, block)| command(at, block)).collect();
        let mut script = String::from("set -eu\nexec 2>&1\n");
        for (at, command) in &commands {
            script += &format!("printf '\\001%s\\n' {at}\n{}\n", self.swapped(command));
        }
        let output = self.shell(&script);
        let told = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success(), "docs/{}: {}", self.page, told.replace('\u{1}', "--- block "));
        let mut said: Vec<(usize, String)> = Vec::new();
        for part in told.split('\u{1}').skip(1) {
            let (at, text) = part.split_once('\n').expect("a number");
            said.push((at.parse().expect("a number"), text.to_owned()));
        }
        assert_eq!(said.len(), commands.len(), "{told}");
        for (at, text) in said {
            let Some(shown) = all.get(at + 1).filter(|next| next.follows && next.language == "text") else { continue };
            let text = self.swaps.iter().fold(text, |text, (from, to)| text.replace(to.as_str(), from));
            let is_as_shown =
                is_like(&shown.text.lines().collect::<Vec<_>>(), &text.lines().map(str::trim_end).collect::<Vec<_>>());
            assert!(is_as_shown, "docs/{}:{} shows\n{}\nand it says\n{text}", self.page, shown.line, shown.text);
        }
        commands.len()
    }

    fn shell(&self, script: &str) -> std::process::Output {
        let programs = tempfile::tempdir().expect("a folder");
        symlink(env!("CARGO_BIN_EXE_gazetier"), programs.path().join("gazetier")).expect("a link");
        let python = programs.path().join("python3");
        symlink(needed("GAZETIER_TEST_AIOSMTPD"), python).expect("a link");
        let home = self.scene.path("home");
        fs::create_dir_all(&home).expect("a folder");
        symlink(root(), home.join("gazetier")).expect("a link");
        let path = std::env::var("PATH").expect("a path");
        let program = self.scene.command(&[]);
        let mut shell = Command::new("sh");
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell.env("PATH", format!("{}:{path}", programs.path().display())).env("HOME", home).env("USER", "maelle");
        shell.current_dir(self.scene.path("")).stdin(Stdio::null());
        shell.arg("-c").arg(script).output().expect("a shell")
    }
}

/// What is typed, of a block that is one; of a line for cron, what cron would run.
fn command(at: usize, block: &Block) -> Option<(usize, String)> {
    match block.language.as_str() {
        "sh" => Some((at, block.text.clone())),
        "cron" => {
            let lines =
                block.text.lines().filter(|line| !line.split_whitespace().next().is_some_and(|w| w.contains('=')));
            let commands = lines.map(|line| {
                let words: Vec<&str> = line.splitn(6, ' ').collect();
                let [minute, hour, day, month, weekday, command] = words[..] else { panic!("{line}") };
                for field in [minute, hour, day, month, weekday] {
                    assert!(field.bytes().all(|b| b.is_ascii_digit() || b"*/,-".contains(&b)), "{line}");
                }
                // Two things that are named by the second are not done in one.
                format!("sleep 1\n({command})\n")
            });
            Some((at, commands.collect()))
        }
        _ => None,
    }
}

/// Whether lines are those that are shown, in which `…` stands for anything, and alone for any lines.
fn is_like(shown: &[&str], said: &[&str]) -> bool {
    match (shown.split_first(), said.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((&"…", rest)), _) => (0..=said.len()).any(|skipped| is_like(rest, &said[skipped..])),
        (Some(_), None) => false,
        (Some((one, shown)), Some((other, said))) => is_like_line(one.trim_end(), other) && is_like(shown, said),
    }
}

fn is_like_line(shown: &str, said: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(rest) = parts.next().and_then(|first| said.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    let rest = middle.iter().try_fold(rest, |rest, part| rest.split_once(part).map(|(_, rest)| rest));
    rest.is_some_and(|rest| rest.ends_with(last))
}

fn after_an_edition() -> Scene {
    let scene = Scene::sample().config("# editors = ", "editors = ");
    scene.ok(&["run", "--at", MONDAY]);
    scene
}

#[test]
fn the_tutorial_leads_to_letters() {
    let port = free_port().to_string();
    // A machine that is busy needs longer.
    let wait = format!(
        "until python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}))' 2>/dev/null; do sleep 0.1; done"
    );
    let walk = Walk::of("TUTORIAL.md", Scene::empty()).swap("127.0.0.1:2525", &format!("127.0.0.1:{port}"));
    assert_eq!(walk.swap("sleep 2", &wait).run(), 9);
}

#[test]
fn a_relay_is_named_and_tried() {
    assert_eq!(Walk::of("howto/relay.md", after_an_edition()).run(), 2);
}

#[test]
fn letters_are_signed_and_reports_read() {
    assert_eq!(Walk::of("howto/deliverability.md", after_an_edition()).run(), 2);
}

#[test]
fn web_servers_get_their_snippets() {
    assert_eq!(Walk::of("howto/web-server.md", after_an_edition()).run(), 2);
}

#[test]
fn the_store_moves_to_postgres() {
    let database = fresh_database();
    let walk = Walk::of("howto/machines.md", after_an_edition());
    assert_eq!(walk.swap("postgres://gazetier@db.example.org/gazetier", &database).run(), 2);
}

#[test]
fn backups_are_kept_and_tried() {
    assert_eq!(Walk::of("howto/backup.md", after_an_edition()).run(), 3);
}

#[test]
fn who_asks_for_their_data_is_answered() {
    assert_eq!(Walk::of("howto/gdpr.md", after_an_edition()).run(), 4);
}

#[test]
fn the_views_are_loaded_as_the_page_says() {
    let scene = after_an_edition().write("views.sql", &page("reference/views.sql"));
    assert_eq!(Walk::of("reference/store.md", scene).run(), 1);
}

/// Of the page on timers, what needs systemd is done in the machine of `packages`; the rest here.
#[test]
fn cron_runs_its_line() {
    let all = blocks("howto/timers.md", &page("howto/timers.md"));
    let crons = all.iter().enumerate().filter(|(_, block)| block.language == "cron");
    let lines: String = crons.filter_map(|(at, block)| command(at, block)).map(|(_, command)| command).collect();
    assert!(lines.contains("gazetier run"), "{lines}");
    let walk = Walk::of("howto/timers.md", after_an_edition());
    let output = walk.shell(&format!("set -eu\nexec 2>&1\n{}", walk.swapped(&lines)));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The commands of the page on timers that need root and systemd.
pub fn with_systemd() -> String {
    let all = blocks("howto/timers.md", &page("howto/timers.md"));
    all.iter().filter(|block| block.language == "sh").map(|block| format!("{}\n", block.text)).collect()
}

#[test]
fn what_is_shown_is_told_from_what_is_not() {
    assert!(is_like(&["a", "…", "b…c"], &["a", "x", "y", "b123c"]));
    assert!(is_like(&["a", "…"], &["a"]));
    assert!(!is_like(&["a"], &["a", "b"]));
    assert!(!is_like(&["a", "…", "b"], &["a", "x"]));
    assert!(is_like_line("x … y … z", "x 1 y 2 z") && !is_like_line("x … y", "x 1 z") && !is_like_line("x", "xy"));
}
