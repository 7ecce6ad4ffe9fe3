//! The blocks of docs/SOURCES.md, over tables as WordPress and SPIP lay them out, with rows of our own.

use super::{Database, System};
use crate::{documents::block, imports::LATER, support::Scene};

/// What a sync by the documented block gives, and what it tells.
fn story(heading: &str, tables: &str, url: &str, password: &str, changes: &[&str]) -> String {
    let scene = Scene::empty();
    let database = Database::new(System::Mariadb, &scene);
    database.run(tables);
    let block = block(heading, "toml");
    assert!(block.contains(url) && block.contains(password), "{block}");
    let block = block.replace(url, &database.url).replace(&format!("password_env = \"{password}\"\n"), "");
    let scene = scene.config("[[sources]]\nkind = \"markdown\"\npath = \"columns\"\n", &block);
    let outcome = scene.run(&["sync"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    scene.ok(&["publish", "--at", LATER]);
    let items = serde_json::to_string_pretty(&scene.items("feed.json")).expect("JSON");
    assert!(!items.contains("SECRET"), "{items}");
    let place = format!("mysql://{}", database.url.split_once('@').expect("a login").1);
    let mut told = format!("{}{}{items}\n", outcome.stdout, outcome.stderr.replace(&place, "DB"));
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
    for change in changes {
        database.run(change);
        told += &scene.ok(&["sync"]);
    }
    scene.ok(&["publish", "--at", LATER]);
    let left = scene.items("feed.json").into_iter().map(|item| item["title"].to_string());
    told + &left.collect::<Vec<_>>().join("\n")
}

#[test]
fn wordpress_is_read_from_its_tables() {
    let told = story(
        "WordPress's database",
        include_str!("wordpress.sql"),
        "mysql://gazetier@localhost/wordpress",
        "WORDPRESS_PASSWORD",
        &[
            "UPDATE wp_posts SET post_title = 'Autre', post_modified_gmt = '2026-11-19 08:00:00' WHERE ID = 6",
            "UPDATE wp_posts SET post_status = 'trash' WHERE ID = 6",
            "DELETE FROM wp_posts WHERE ID = 5",
        ],
    );
    insta::assert_snapshot!("wordpress", told);
}

#[test]
fn spip_is_read_from_its_tables() {
    let told = story(
        "SPIP's database",
        include_str!("spip.sql"),
        "mysql://gazetier@localhost/spip",
        "SPIP_PASSWORD",
        &[
            "UPDATE spip_articles SET visites = visites + 1",
            "UPDATE spip_articles SET titre = 'Le phare', date_modif = '2026-11-19 08:00:00', texte = 'Autre.' WHERE id_article = 4",
            "UPDATE spip_articles SET statut = 'publie' WHERE id_article = 5",
            "UPDATE spip_articles SET statut = 'poubelle' WHERE id_article = 4",
        ],
    );
    insta::assert_snapshot!("spip", told);
}
