//! What goes wrong with a database is told with its place and changes nothing; nobody writes into it.

use super::{SYSTEMS, System, articles, block, published, rows, scene};
use crate::support::{Outcome, SILENCE, Scene, without_numbers};

/// The only complaint of a sync.
fn complaint(scene: &Scene) -> String {
    let outcome = scene.run(&["sync"]);
    assert_eq!(outcome.code, 65, "{outcome:?}");
    let line = outcome.stderr.lines().next().unwrap_or_default();
    line.to_owned()
}

#[test]
fn a_database_that_is_out_of_reach_or_empty_withdraws_nothing() {
    for system in SYSTEMS {
        let (scene, database) = scene(system, &block(system));
        database.run(articles(system));
        database.run(&rows(system));
        assert_eq!(scene.ok(&["sync"]), "2 columns added\n");
        database.run("DELETE FROM articles");
        assert!(complaint(&scene).ends_with(": the query gives no row: nothing is changed"), "{}", complaint(&scene));
        database.run("DROP TABLE articles");
        let told = complaint(&scene);
        assert!(told.ends_with(": nothing is changed") && told.contains("articles"), "{told}");
        if system != System::Sqlite {
            // A port that nobody listens on.
            let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").port();
            let url = with_port(&database.url, port);
            scene.reconfigure(&database.url, &url);
            let told = complaint(&scene);
            let place = format!("127.0.0.1:{port}/");
            assert!(told.contains(&place) && told.contains("connection refused: nothing is changed"), "{told}");
            assert!(!told.contains("geheim") && !told.contains("gazetier@"), "{told}");
        } else {
            std::fs::remove_file(scene.path("cms.db")).expect("a file");
            assert!(complaint(&scene).contains("cms.db"), "{}", complaint(&scene));
            assert!(!scene.path("cms.db").exists());
        }
        // Cron is told once, and again when it was mended and breaks again.
        assert_eq!(scene.run(&["run"]).stderr, "");
        assert_eq!(published(&scene, &["title"]).len(), 2, "{system:?}");
    }
}

/// An address with another port.
fn with_port(url: &str, port: u16) -> String {
    let mut url: url::Url = url.parse().expect("an address");
    url.set_port(Some(port)).expect("a port");
    url.to_string()
}

#[test]
fn a_map_that_does_not_fit_names_the_key_and_what_there_is() {
    for system in SYSTEMS {
        for (block, told) in [
            (
                "query = \"SELECT num AS id, titre, le AS published FROM articles\"\ncolumns = { title = \"title\" }",
                "sources.columns: title = \"title\": the query gives no such column, but id, titre, published: nothing",
            ),
            (
                "query = \"SELECT num AS id, titre AS title FROM articles\"",
                "sources.columns: nothing gives published: the query gives id, title; write columns = { published = \"…\" }",
            ),
            (
                "query = \"SELECT num AS id, titre AS title, le AS published FROM articles\"\npublished = [\"publish\"]",
                "sources.published: nothing gives the status: the query gives id, title, published; write columns",
            ),
        ] {
            let (scene, database) = scene(system, block);
            database.run(articles(system));
            database.run(&rows(system));
            let complaint = complaint(&scene);
            assert!(complaint.contains(told), "{system:?}: {complaint}");
        }
    }
}

#[test]
fn a_row_that_cannot_be_taken_is_told_once_and_others_are_taken() {
    let mut all_told = Vec::new();
    for system in SYSTEMS {
        let statement = "CREATE TABLE a (id varchar(9), title text, published varchar(30), updated varchar(30), status \
                         varchar(9)); INSERT INTO a VALUES ('1', 'un', '2026-11-01', '2026-11-02', 'publish'), \
                         ('2', '', '2026-11-01', '2026-11-02', 'publish'), (NULL, 'trois', '2026-11-01', NULL, 'publish'), \
                         ('4', 'quatre', NULL, '2026-11-03', 'publish'), ('5', 'cinq', NULL, '2026-11-03', 'draft'), \
                         ('6', 'six', 'soon', '2026-11-03', 'publish'), ('1', 'sept', '2026-11-01', '2026-11-02', \
                         'publish');";
        let (scene, database) = scene(system, "table = \"a\"\n");
        database.run(statement);
        let outcome = scene.run(&["run", "--at", "2026-11-20"]);
        let shown = match database.url.split_once('@') {
            Some((scheme, rest)) => format!("{}://{rest}", scheme.split_once("://").expect("a scheme").0),
            None => "cms.db".to_owned(),
        };
        let mut told: Vec<String> = outcome.stderr.lines().map(|line| line.replace(&shown, "DB")).collect();
        told.sort();
        all_told.push(told.join("\n"));
        assert_eq!(scene.run(&["run", "--at", "2026-11-20"]), SILENCE, "{system:?}");
    }
    insta::assert_snapshot!("rows_refused", all_told[0]);
    assert_eq!((&all_told[1], &all_told[2]), (&all_told[0], &all_told[0]));
}

#[test]
fn nobody_writes_into_a_database() {
    // What a query does beside giving rows, or behind its end.
    let tail = "1 AS id, 'a' AS title, '2026-01-01' AS published) AS a; DELETE FROM articles; SELECT * FROM (SELECT \
                1 AS id, 'a' AS title, '2026-01-01' AS published";
    for system in SYSTEMS {
        let functions = match system {
            System::Sqlite => None,
            System::Postgres => {
                Some("CREATE FUNCTION f() RETURNS bigint AS 'DELETE FROM articles; SELECT 1::bigint' LANGUAGE sql")
            }
            System::Mariadb => {
                Some("CREATE FUNCTION f() RETURNS bigint MODIFIES SQL DATA BEGIN DELETE FROM articles; RETURN 1; END")
            }
        };
        let call = "SELECT f() AS id, 'a' AS title, '2026-01-01' AS published";
        for query in [Some(format!("SELECT {tail}")), functions.map(|_| call.to_owned())].into_iter().flatten() {
            let (scene, database) = scene(system, &format!("query = \"{query}\"\n"));
            database.run(articles(system));
            database.run(&rows(system));
            functions.into_iter().for_each(|statement| database.run(statement));
            assert!(complaint(&scene).ends_with(": nothing is changed"), "{system:?} {query}: {}", complaint(&scene));
            scene.reconfigure(&format!("query = \"{query}\"\n"), &block(system));
            assert_eq!(scene.ok(&["sync"]), "2 columns added\n", "{system:?}");
        }
    }
}

#[test]
fn a_password_is_in_a_file_or_a_variable_and_in_no_message() {
    let (scene, database) = scene(System::Mariadb, "table = \"a\"\n");
    database.run("CREATE TABLE a (id int, title text, published date); INSERT INTO a VALUES (1, 'un', '2026-11-01')");
    scene.reconfigure(":geheim@", "@");
    let told = complaint(&scene);
    assert!(told.contains("Access denied for user 'gazetier'"), "{told}");
    scene.put("password", "geheim\n");
    scene.reconfigure("table = \"a\"\n", "table = \"a\"\npassword_file = \"password\"\n");
    assert_eq!(scene.ok(&["sync"]), "1 columns added\n");
    scene.put("password", "falsch, ganz falsch\n");
    let told = complaint(&scene);
    assert!(told.contains("Access denied") && !told.contains("falsch"), "{told}");
    scene.reconfigure("password_file = \"password\"", "password_env = \"CMS_PASSWORD\"");
    let outcome: Outcome = scene.command(&["sync"]).env("CMS_PASSWORD", "geheim").output().expect("the program").into();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "nothing new in the sources\n"), "{outcome:?}");
    let outcome = scene.run(&["sync"]);
    assert_eq!(outcome.code, 78);
    assert!(
        outcome.stderr.contains("sources.password_env (number 1 of [[sources]]): the environment has no CMS_PASSWORD"),
        "{outcome:?}"
    );
}

#[test]
fn what_the_configuration_says_of_a_database_is_checked() {
    for (block, told) in [
        ("kind = \"sql\"\ntable = \"a\"", "sources.url: it is missing: write \"postgres://USER@HOST/DATABASE\""),
        (
            "kind = \"sql\"\nurl = \"oracle://a/b\"\ntable = \"a\"",
            "sources.url: write \"postgres://USER@HOST/DATABASE\"",
        ),
        ("kind = \"sql\"\nurl = \"mysql://a\"\ntable = \"a\"", "sources.url: it names no database"),
        ("kind = \"sql\"\nurl = \"mysql:///b\"\ntable = \"a\"", "sources.url: it names no host"),
        ("kind = \"sql\"\nurl = \"sqlite:a.db\"", "sources.query: write the query that gives the columns, or a table"),
        (
            "kind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"a\"\nquery = \"SELECT\"",
            "sources.query: there is a table too: write one of them",
        ),
        ("kind = \"sql\"\nurl = \"sqlite:a.db\"\nquery = \" ; \"", "sources.query: it is empty"),
        (
            "kind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"a\"\ncolumns = { titel = \"a\" }",
            "sources.columns: \"titel\" is no field of a column: there are id, guid",
        ),
        (
            "kind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"a\"\nformat = \"bbcode\"",
            "sources.format: \"bbcode\" is not known: write html",
        ),
        (
            "kind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"a\"\ntimezone = \"Paris\"",
            "sources.timezone: \"Paris\" is no time zone",
        ),
        (
            "kind = \"sql\"\nurl = \"mysql://u:p@h/d\"\ntable = \"a\"\npassword_file = \"config.toml\"",
            "sources.password_env: the address has a password too",
        ),
        (
            "kind = \"csv\"\npath = \"a.csv\"\ntable = \"a\"",
            "sources.table: only a source of the kind \"sql\" has it: leave it out",
        ),
        (
            "kind = \"sql\"\nurl = \"sqlite:a.db\"\ntable = \"a\"\n[[sources]]\nname = \"b\"\nkind = \"sql\"\nurl = \
             \"sqlite:a.db\"\ntable = \"a\"",
            "sources.query: two sources ask a.db for the same",
        ),
    ] {
        let scene = Scene::empty()
            .config("[[sources]]\nkind = \"markdown\"\npath = \"columns\"\n", &format!("[[sources]]\n{block}\n"));
        let outcome = scene.run(&["sync"]);
        assert_eq!(outcome.code, 78, "{block}: {outcome:?}");
        assert!(without_numbers(&outcome.stderr).contains(told), "{block}: {}", outcome.stderr);
    }
    let scene = Scene::empty().write("a.csv", "id,title\n");
    let outcome = scene.run(&["import", "--format", "sql", "a.csv"]);
    assert!(outcome.code == 2 && outcome.stderr.contains("there are markdown"), "{outcome:?}");
}
