//! Postgres as operators have it: with few connections, behind a pooler, restarted, or not there.

use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    proxy::Proxy,
    support::{MONDAY, Outcome, SILENCE, Scene, needed},
};

fn psql(url: &str, statement: &str) -> String {
    let output =
        Command::new("psql").args(["-X", "-A", "-t", "-q", "-d", url, "-c", statement]).output().expect("psql");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Allows a scene's database so many connections.
fn limit(scene: &Scene, connections: i32) {
    let url = scene.store().expect("a database");
    let name = url.rsplit('/').next().expect("a name");
    psql(&needed("GAZETIER_TEST_POSTGRES"), &format!("ALTER DATABASE {name} CONNECTION LIMIT {connections}"));
}

fn start(scene: &Scene, url: &str, arguments: &[&str]) -> Child {
    let mut command = scene.command(arguments);
    command.env("GAZETIER_STORE_URL", url).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program")
}

fn end(child: Child) -> Outcome {
    child.wait_with_output().expect("the program").into()
}

#[test]
fn two_connections_are_enough() {
    let scene = Scene::sample().on_postgres();
    limit(&scene, 2);
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    assert_eq!(scene.files("outbox").len(), 3);
    scene.ok(&["publish", "--check", "--at", MONDAY]);
}

#[test]
fn runs_that_have_to_share_few_connections_all_come_to_their_end() {
    let scene = Scene::sample().on_postgres();
    limit(&scene, 9);
    let url = scene.store().expect("a database").to_owned();
    let runs: Vec<Child> = (0..4).map(|_| start(&scene, &url, &["run", "--at", MONDAY])).collect();
    for run in runs {
        assert_eq!(end(run), SILENCE);
    }
    assert_eq!(scene.files("outbox").len(), 3);
}

#[test]
fn why_there_is_no_connection_is_told() {
    let told = |scene: &Scene, url: &str| {
        let begun = Instant::now();
        let outcome = end(start(scene, url, &["digest", "status"]));
        assert!(begun.elapsed() < Duration::from_secs(30), "{outcome:?}");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (69, ""));
        outcome.stderr
    };
    let scene = Scene::sample().on_postgres();
    scene.ok(&["sync", "--at", MONDAY]);
    let url = scene.store().expect("a database").to_owned();
    let server = url.rsplit_once('@').and_then(|(_, rest)| rest.split_once('/')).expect("a server").0.to_owned();
    limit(&scene, 0);
    let name = url.rsplit('/').next().expect("a name");
    let expected = format!(
        "gazetier: cannot open the store (postgres at {server}): too many connections: too many connections for \
         database \"{name}\"\n"
    );
    assert_eq!(told(&scene, &url), expected);
    // Somebody takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = silent.local_addr().expect("an address");
    let expected = format!(
        "gazetier: cannot open the store (postgres at {place}): no answer, or no connection came free, in time\n"
    );
    assert_eq!(told(&scene, &format!("postgres://gazetier@{place}/gazetier")), expected);
    let expected =
        format!("gazetier: cannot open the store (postgres at {server}): database \"missing\" does not exist\n");
    assert_eq!(told(&scene, &format!("postgres://gazetier@{server}/missing")), expected);
}

#[test]
fn tables_of_a_newer_program_are_left_alone() {
    for scene in [Scene::sample(), Scene::sample().on_postgres()] {
        scene.ok(&["sync", "--at", MONDAY]);
        scene.sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             SELECT 999, 'x', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
        );
        let outcome = scene.run(&["run", "--at", MONDAY]);
        let expected =
            "gazetier: cannot prepare the store's tables: they were made by a newer gazetier: run that one\n";
        assert_eq!((outcome.code, outcome.stderr.as_str()), (69, expected));
    }
}

#[test]
fn lost_connections_are_had_again() {
    let scene = Scene::sample().on_postgres();
    let proxy = Proxy::before(scene.store().expect("a database"));
    let mut cuts = 0;
    for hour in 8..20 {
        scene.put(
            &format!("columns/{hour}.md"),
            &crate::support::column(&format!("À {hour} heures"), "edito", &format!("2026-11-23T{hour:02}:00")),
        );
        let mut run = start(&scene, proxy.url(), &["run", "--at", &format!("2026-11-23T{hour:02}:00")]);
        let mut cut = 0;
        while run.try_wait().expect("the program").is_none() {
            thread::sleep(Duration::from_millis(40));
            // Each run loses what it has some times, at whatever instant that is.
            if cut < 4 {
                cut += usize::from(proxy.cut() > 0);
            }
        }
        let outcome = end(run);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{outcome:?}");
        cuts += cut;
    }
    assert!(cuts >= 20, "{cuts}");
    assert_eq!(scene.files("outbox").len(), 3);
    assert_eq!(scene.items("feed.json").len(), 23);
}

/// Debian's pgbouncer before the tests' server, in transaction mode with two connections.
struct Bouncer {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Bouncer {
    fn before(url: &str, settings: &str) -> Self {
        let (_, server) = url.rsplit_once('@').expect("a server");
        let (server, _) = server.split_once('/').expect("a database");
        let (host, target) = server.split_once(':').expect("a port");
        let folder = tempfile::tempdir().expect("a folder");
        let port = {
            let free = TcpListener::bind("127.0.0.1:0").expect("a port");
            free.local_addr().expect("an address").port()
        };
        let path = folder.path().join("pgbouncer.ini");
        fs::write(folder.path().join("users"), "\"gazetier\" \"\"\n").expect("a file");
        let users = folder.path().join("users");
        let text = format!(
            "[databases]\n* = host={host} port={target}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             auth_type = trust\nauth_file = {}\nunix_socket_dir =\npool_mode = transaction\ndefault_pool_size = 2\n\
             {settings}\n",
            users.display()
        );
        fs::write(&path, text).expect("a file");
        // It does not run as root.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open).expect("a folder");
        let mut command = Command::new(needed("GAZETIER_TEST_PGBOUNCER"));
        if std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").expect("Linux")) == 0 {
            command.args(["-u", "nobody"]);
        }
        command.arg("-q").arg(&path).stderr(Stdio::null());
        let process = command.spawn().expect("pgbouncer");
        let bouncer = Self { process, port, _folder: folder };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "pgbouncer does not start");
            thread::sleep(Duration::from_millis(50));
        }
        bouncer
    }

    fn url(&self, url: &str) -> String {
        let (base, database) = url.rsplit_once('/').expect("a database");
        let (user, _) = base.rsplit_once('@').expect("a user");
        format!("{user}@127.0.0.1:{}/{database}", self.port)
    }
}

/// A week of a magazine by several programs at once, which get whatever server connection is free.
fn a_week_through(scene: &Scene, url: &str) {
    let runs: Vec<Child> = (0..3).map(|_| start(scene, url, &["run", "--at", MONDAY])).collect();
    for run in runs {
        assert_eq!(end(run), SILENCE);
    }
    assert_eq!(scene.files("outbox").len(), 3);
    assert_eq!(scene.files("feeds").len(), 15);
    assert_eq!(end(start(scene, url, &["run", "--at", MONDAY])), SILENCE);
    // One statement by itself is committed, too, before the program says so.
    for n in 0..5 {
        let address = format!("r{n}@example.org");
        assert_eq!(end(start(scene, url, &["subscribers", "add", &address])).code, 0);
        assert_eq!(end(start(scene, url, &["subscribers", "remove", &address])).code, 0);
    }
    let left =
        psql(scene.store().expect("a database"), "SELECT count(*) FROM subscriptions WHERE state = 'unsubscribed'");
    assert_eq!(left, "5\n");
}

#[test]
fn a_pooler_that_gives_out_connections_by_transaction_is_found_out_or_named() {
    // It refuses what it does not know, which tells what it is.
    let scene = Scene::sample().on_postgres();
    let direct = scene.store().expect("a database").to_owned();
    let bouncer = Bouncer::before(&direct, "");
    a_week_through(&scene, &bouncer.url(&direct));
    // It says nothing: then the configuration does.
    let scene = Scene::sample().on_postgres().config("[store]\n", "[store]\npooler = true\n");
    let direct = scene.store().expect("a database").to_owned();
    let bouncer = Bouncer::before(&direct, "ignore_startup_parameters = extra_float_digits,options");
    a_week_through(&scene, &bouncer.url(&direct));
}
