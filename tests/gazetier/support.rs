//! The words that tests are written in: a scene is a folder with a configuration, columns and
//! subscribers, in which the real program runs. What is missing on the machine fails the test.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use gazetier::{
    config::{Secret, StoreUrl},
    model::ReaderId,
};
use tempfile::TempDir;

/// The instant of most tests: a Monday morning at which the digest is due.
pub const MONDAY: &str = "2026-11-23T08:00";

/// A folder in which the program runs.
pub struct Scene {
    folder: TempDir,
    store: Option<String>,
}

/// What a run of the program came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Scene {
    /// A scene with the project's own configuration, columns and subscribers.
    pub fn sample() -> Self {
        let scene = Self::empty();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::copy(root.join("subscribers.csv"), scene.path("subscribers.csv")).expect("the sample subscribers");
        for entry in fs::read_dir(root.join("columns")).expect("the sample columns") {
            let from = entry.expect("an entry").path();
            let to = scene.path("columns").join(from.file_name().expect("a name"));
            if from.is_file() {
                fs::copy(&from, &to).expect("a copy");
            }
        }
        let images = scene.path("columns/images");
        fs::create_dir_all(&images).expect("a folder");
        fs::copy(root.join("columns/images/phare.jpg"), images.join("phare.jpg")).expect("the sample image");
        scene
    }

    /// A scene with the project's configuration, no columns and no subscribers.
    pub fn empty() -> Self {
        let scene = Self { folder: tempfile::tempdir().expect("a folder"), store: None };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::copy(root.join("config.toml"), scene.path("config.toml")).expect("the sample configuration");
        fs::create_dir(scene.path("columns")).expect("a folder");
        // Scenes stand side by side: each desk takes a port of its own.
        scene.reconfigure("listen = \"127.0.0.1:8381\"", "listen = \"127.0.0.1:0\"");
        scene.write("subscribers.csv", "email,name,rubriques\n")
    }

    /// The same scene with its store on a Postgres database of its own.
    pub fn on_postgres(mut self) -> Self {
        self.store = Some(fresh_database());
        self
    }

    /// The same scene with its store on a Postgres database that there is.
    pub fn with_store(mut self, url: &str) -> Self {
        self.store = Some(url.to_owned());
        self
    }

    /// The scene's database, if it is on Postgres.
    pub fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    /// Writes a file.
    pub fn write(self, name: &str, text: &str) -> Self {
        self.put(name, text);
        self
    }

    /// Writes a file into a scene that has begun.
    pub fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Replaces a piece of the configuration, which must be there.
    pub fn config(self, from: &str, to: &str) -> Self {
        self.reconfigure(from, to);
        self
    }

    /// The same in a scene that has begun.
    pub fn reconfigure(&self, from: &str, to: &str) {
        let text = self.read("config.toml");
        assert!(text.contains(from), "config.toml holds no {from:?}");
        self.put("config.toml", &text.replacen(from, to, 1));
    }

    /// A path in the scene.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The text of a file in the scene.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The items of a published JSON feed, such as `feed.json` or `humeur/feed.json`.
    pub fn items(&self, feed: &str) -> Vec<serde_json::Value> {
        let feed: serde_json::Value = serde_json::from_str(&self.read(&format!("feeds/{feed}"))).expect("JSON");
        feed["items"].as_array().expect("items").clone()
    }

    /// The names of the files below a folder of the scene, in order, but for the one that says whose the feeds are;
    /// none if it is not there.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![self.path(folder)];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(&next).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.path(folder)).expect("a path below");
                    names.push(name.display().to_string());
                }
            }
        }
        names.retain(|name| name != ".gazetier");
        names.sort();
        names
    }

    /// The letters in the outbox, by edition and reader: `2026-W47 alix@example.org`; those that serve one
    /// person stand under `service`. In order.
    pub fn posted(&self) -> Vec<String> {
        self.posted_in("outbox")
    }

    /// The same of another folder.
    pub fn posted_in(&self, folder: &str) -> Vec<String> {
        let letters = letters_in(&self.path(folder)).into_iter();
        let mut posted: Vec<String> = letters.map(|letter| format!("{} {}", letter.period, letter.to)).collect();
        posted.sort();
        posted
    }

    /// The file of a reader's letter of an edition.
    pub fn letter_file(&self, address: &str, period: &str) -> PathBuf {
        let mut found = letters_in(&self.path("outbox"))
            .into_iter()
            .filter(|letter| letter.to == address && letter.period == period);
        let letter = found.next().unwrap_or_else(|| panic!("no {period} for {address}: {:?}", self.posted()));
        assert!(found.next().is_none(), "{address} has two letters of {period}");
        self.path("outbox").join(letter.name)
    }

    /// A reader's letter of an edition, as it stands in the outbox.
    pub fn letter_to(&self, address: &str, period: &str) -> String {
        fs::read_to_string(self.letter_file(address, period)).expect("a letter")
    }

    /// What a reader is known by outside the store, by the letter's file.
    pub fn reader_id(&self, address: &str, period: &str) -> ReaderId {
        let file = self.letter_file(address, period);
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
        name.split('.').nth(1).expect("an id").parse().expect("an id")
    }

    /// Where the scene's store is.
    pub fn store_url(&self) -> StoreUrl {
        match &self.store {
            Some(url) => StoreUrl::Postgres { url: Secret::new(url.clone()), schema: None },
            None => StoreUrl::Sqlite(self.path("gazetier.db")),
        }
    }

    /// Changes the store behind the program's back; says how many rows. Where that may be letters, their blocks
    /// are to be looked at.
    pub fn sql(&self, statement: &'static str) -> u64 {
        let count = self.execute(statement);
        if statement.starts_with("UPDATE letters") {
            self.execute(
                "INSERT INTO letter_blocks (edition_id, block, due_at, lease_until) \
                 SELECT DISTINCT edition_id, id / 64, CAST(0 AS BIGINT), CAST(0 AS BIGINT) FROM letters WHERE true \
                 ON CONFLICT (edition_id, block) DO UPDATE SET due_at = 0, lease_until = 0",
            );
        }
        count
    }

    fn execute(&self, statement: &'static str) -> u64 {
        use sqlx::{Connection, PgConnection, SqliteConnection};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            match &self.store {
                Some(url) => {
                    let mut line = PgConnection::connect(url).await.expect("Postgres");
                    sqlx::query(statement).execute(&mut line).await.expect("a statement").rows_affected()
                }
                None => {
                    let path = self.path("gazetier.db").display().to_string();
                    let mut line = SqliteConnection::connect(&path).await.expect("SQLite");
                    sqlx::query(statement).execute(&mut line).await.expect("a statement").rows_affected()
                }
            }
        })
    }

    /// Asks the store for pairs of texts behind the program's back.
    pub fn pairs(&self, question: &'static str) -> Vec<(String, String)> {
        use sqlx::{Connection, PgConnection, SqliteConnection};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            match &self.store {
                Some(url) => {
                    let mut line = PgConnection::connect(url).await.expect("Postgres");
                    sqlx::query_as(question).fetch_all(&mut line).await.expect("pairs")
                }
                None => {
                    let path = self.path("gazetier.db").display().to_string();
                    let mut line = SqliteConnection::connect(&path).await.expect("SQLite");
                    sqlx::query_as(question).fetch_all(&mut line).await.expect("pairs")
                }
            }
        })
    }

    /// How the letters of the only edition stand: the states that are not empty, and their sum.
    pub fn letters(&self) -> (BTreeMap<String, i64>, i64) {
        let status: serde_json::Value = serde_json::from_str(&self.ok(&["digest", "status", "--json"])).expect("JSON");
        assert_eq!(status.as_array().map(Vec::len), Some(1), "{status}");
        let states = status[0]["letters"].as_object().expect("letters");
        let states = states.iter().map(|(name, count)| (name.clone(), count.as_i64().expect("a count")));
        (states.filter(|(_, count)| *count > 0).collect(), status[0]["frozen"].as_i64().expect("a count"))
    }

    /// The program with these arguments, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gazetier"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GAZETIER_")) {
            command.env_remove(name);
        }
        // The year of the tests is not the machine's.
        command.env("GAZETIER_FUTURE", "true");
        // Whatever proxy the machine uses, what a test listens on is here.
        command.env("NO_PROXY", "127.0.0.1").env_remove("no_proxy");
        if let Some(url) = &self.store {
            command.env("GAZETIER_STORE_URL", url);
        }
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.command(arguments).output().expect("the program").into()
    }

    /// Runs the program, which must succeed; gives its standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:?}");
        outcome.stdout
    }
}

/// Runs the program and gives the most memory that it held, in kilobytes.
pub fn peak(scene: &Scene, arguments: &[&str]) -> u64 {
    let program = scene.command(arguments);
    // What the machine counts is the largest of all programs that were waited for: here, one.
    let mut shell = Command::new(needed("GAZETIER_TEST_PYTHON"));
    shell.current_dir(scene.path("."));
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let script = "import resource, subprocess, sys\n\
                  code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)\n\
                  print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    shell.args(["-c", script]).arg(program.get_program()).args(program.get_args());
    let output = shell.stderr(Stdio::inherit()).output().expect("Python");
    let told = String::from_utf8(output.stdout).expect("UTF-8");
    let (code, most) = told.trim().split_once(' ').expect("two numbers");
    assert_eq!(code, "0", "{arguments:?}");
    most.parse().expect("a number")
}

/// A letter in an outbox.
struct Posted {
    /// Its edition's label, or `service`.
    period: String,
    to: String,
    name: String,
}

/// The letters in a folder.
fn letters_in(folder: &Path) -> Vec<Posted> {
    let names = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("UTF-8")).filter(|name| name.ends_with(".eml"));
    names
        .map(|name| {
            let bytes = fs::read(folder.join(&name)).expect("a letter");
            let letter = mail_parser::MessageParser::default().parse(&bytes).expect("a letter");
            let to = letter.to().and_then(|to| to.first()).and_then(|to| to.address()).expect("an address").to_owned();
            Posted { period: name.split('.').next().expect("a label").to_owned(), to, name }
        })
        .collect()
}

/// What the program prints under cron when it has nothing to say.
pub const SILENCE: Outcome = Outcome { code: 0, stdout: String::new(), stderr: String::new() };

/// A column as a Markdown file.
pub fn column(title: &str, rubrique: &str, published: &str) -> String {
    format!(
        "---\ntitle: {title}\nstandfirst: Chapô de {title}.\nrubrique: {rubrique}\npublished: {published}\n---\n\nCorps.\n"
    )
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// What the test script sets up; a test without it fails.
pub fn needed(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is missing: run the tests with sh tests/run.sh"))
}

/// What is said of a configuration, without which of several tables is meant.
pub fn without_numbers(message: &str) -> String {
    let mut pieces = message.split(" (number ");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |told, piece| told + piece.split_once("]])").map_or(piece, |(_, after)| after))
}

/// Waits until something is so, a minute at the most; then it says what was wrong.
pub fn until(wrong: &str, mut is_so: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !is_so() {
        assert!(std::time::Instant::now() < end, "{wrong}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// A Postgres database of the test's own.
pub fn fresh_database() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = needed("GAZETIER_TEST_POSTGRES");
    let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let made = Command::new("psql")
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &server, "-c", &format!("CREATE DATABASE {name}")])
        .output()
        .expect("psql");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (base, _) = server.rsplit_once('/').expect("an address with a database");
    format!("{base}/{name}")
}

/// A Postgres database as another one is now, to which nobody may be connected.
pub fn copied_database(url: &str) -> String {
    let (base, name) = url.rsplit_once('/').expect("an address with a database");
    let copy = format!("{name}_copy");
    let statement = format!("CREATE DATABASE {copy} TEMPLATE {name}");
    let made = Command::new("psql")
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &needed("GAZETIER_TEST_POSTGRES"), "-c", &statement])
        .output()
        .expect("psql");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    format!("{base}/{copy}")
}

/// Numbers as random as a test needs, and the same at every run.
pub struct Dice(pub u64);

impl Dice {
    /// A number from one on, below another.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        from + (self.0 >> 33) % (to - from)
    }
}
