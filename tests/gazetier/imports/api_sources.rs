//! WordPress and Ghost by their interfaces: columns are those of the export, with the same ids; what a server gets wrong is
//! told and takes nothing away.

use serde_json::{Value, json};

use super::{
    LATER,
    exports::{GHOST, POST, post, wordpress},
    sites_api::{KEY, Site, SiteServer, answer},
};
use crate::support::{Outcome, Scene, peak, without_numbers};

/// A scene whose columns come from a site.
fn scene(source: &str) -> Scene {
    Scene::empty()
        .config(
            "[[sources]]\nkind = \"markdown\"\npath = \"columns\"\n",
            &format!("[[sources]]\nname = \"site\"\n{source}\n"),
        )
        .config("[digest]\n", "[fetch]\nprivate_hosts = [\"127.0.0.1\"]\n\n[digest]\n")
}

fn at(server: &SiteServer) -> String {
    format!("kind = \"wordpress\"\nurl = \"http://127.0.0.1:{}/\"", server.port)
}

fn ghost_at(server: &SiteServer) -> String {
    format!("kind = \"ghost\"\nurl = \"http://127.0.0.1:{}/blog/\"\nkey = \"{KEY}\"", server.port)
}

/// A post of WordPress with its number, changed on the day of November that has it.
fn wp(id: u32, title: &str) -> Value {
    json!({
        "id": id, "status": "publish", "slug": format!("p{id}"), "link": format!("https://jetee.example.org/{id}/"),
        "guid": {"rendered": format!("https://jetee.example.org/?p={id}")},
        "title": {"rendered": title}, "excerpt": {"rendered": ""},
        "content": {"rendered": format!("<p>Texte de {id}.</p>\n"), "protected": false},
        "date": format!("2026-11-1{}T08:00:00", id % 9), "date_gmt": format!("2026-11-1{}T07:00:00", id % 9),
        "modified_gmt": format!("2026-11-1{}T07:00:00", id % 9),
    })
}

fn with(mut post: Value, fields: Value) -> Value {
    let own = post.as_object_mut().expect("a post");
    own.extend(fields.as_object().expect("fields").clone());
    post
}

/// What readers of the feed of all columns see.
fn items(scene: &Scene) -> Vec<Value> {
    scene.ok(&["publish", "--at", LATER]);
    scene.items("feed.json")
}

fn of(scene: &Scene, field: &str) -> Vec<String> {
    let mut values: Vec<String> =
        items(scene).iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect();
    values.sort();
    values
}

/// A run as cron calls it.
fn by_cron(scene: &Scene, at: &str) -> Outcome {
    let outcome = scene.run(&["run", "--at", at]);
    assert!(!outcome.stderr.contains(KEY), "{outcome:?}");
    outcome
}

#[test]
fn wordpress_gives_what_its_readers_see() {
    let embedded = json!({
        "author": [{"id": 2, "name": "Anouk Le Goff", "slug": "anouk"}],
        "wp:featuredmedia": [{
            "source_url": "https://jetee.example.org/wp-content/phare.jpg", "alt_text": "Le phare &amp; la mer",
            "mime_type": "image/jpeg", "media_details": {"width": 1600, "height": 900, "filesize": 120_000}
        }],
        "wp:term": [
            [{"taxonomy": "category", "name": "Billets"}, {"taxonomy": "category", "name": "Humeur"}],
            {"0": {"taxonomy": "post_tag", "name": "mer"}}
        ]
    });
    let posts = vec![
        with(
            wp(1, "Les &eacute;coles &#8211; une <em>digue</em>"),
            json!({
                "content": {"rendered": "<p>Premier paragraphe<br />\nsur deux lignes.</p>\n<p><!--more--></p>\n<p>Suite.</p>\n"},
                "excerpt": {"rendered": "<p>Premier paragraphe sur &hellip; <a href=\"#\" class=\"more-link\">Lire la suite</a></p>"},
                "modified_gmt": "2026-11-12T09:30:00", "_embedded": embedded,
            }),
        ),
        with(
            wp(2, "À deux"),
            json!({
                "excerpt": {"rendered": "<p>Un <strong>extrait</strong>.</p>\n"},
                "authors": [{"display_name": "Anouk Le Goff"}, {"display_name": "Yann Kerbrat"}],
            }),
        ),
        with(
            wp(3, "Par termes"),
            json!({"_embedded": {
                "author": [{"name": "Anouk Le Goff", "slug": "anouk"}],
                "wp:term": [[{"taxonomy": "author", "name": "anouk"}, {"taxonomy": "author", "name": "Yann Kerbrat"}]],
                "wp:featuredmedia": [{"code": "rest_forbidden", "message": "Non"}]
            }}),
        ),
        with(wp(4, "Protégé"), json!({"content": {"rendered": "SECRET", "protected": true}})),
        with(wp(5, "Privé"), json!({"status": "private", "content": {"rendered": "SECRET"}})),
    ];
    let server = SiteServer::wordpress(posts);
    let scene = scene(&at(&server));
    let outcome = scene.run(&["sync"]);
    let items = serde_json::to_string_pretty(&items(&scene)).expect("JSON");
    assert!(!items.contains("SECRET"), "{items}");
    insta::assert_snapshot!(
        "api_wordpress",
        format!("{}\n{}{}{items}\n", outcome.code, outcome.stdout, outcome.stderr)
    );
}

#[test]
fn from_an_export_to_the_address_all_columns_keep_their_ids() {
    let text = |id: u32| format!("{POST}<content:encoded><![CDATA[<p>Texte de {id}.</p>]]></content:encoded>");
    let export = wordpress(&(1..=3).map(|id| post(id, &format!("Titre {id}"), &text(id))).collect::<String>());
    let server = SiteServer::wordpress((1..=4).map(|id| wp(id, &format!("Titre {id}"))).collect());
    let before = scene("kind = \"wordpress\"\npath = \"export.xml\"").write("export.xml", &export);
    assert_eq!(before.ok(&["sync"]), "3 columns added\n");
    let ids = of(&before, "id");
    before.reconfigure("kind = \"wordpress\"\npath = \"export.xml\"", &at(&server));
    let told = before.run(&["sync"]).stderr;
    assert!(told.contains("gazetier sync --take-over site"), "{told}");
    let told = before.ok(&["sync", "--take-over", "site"]);
    assert!(told.starts_with("1 columns added"), "{told}");
    assert_eq!(of(&before, "id"), [ids.as_slice(), &["https://jetee.example.org/?p=4".to_owned()]].concat());
    // Who begins with the address has the same.
    let fresh = scene(&at(&server));
    assert_eq!(fresh.ok(&["sync"]), "4 columns added\n");
    for field in ["id", "url", "title", "content_html", "date_published"] {
        assert_eq!(of(&fresh, field), of(&before, field), "{field}");
    }
}

#[test]
fn what_has_changed_on_a_site_is_asked_for_alone() {
    let server = SiteServer::wordpress((1..=8).map(|id| wp(id, &format!("Titre {id}"))).collect());
    let scene = scene(&at(&server));
    assert_eq!(scene.ok(&["sync"]), "8 columns added\n");
    assert_eq!(server.heard(), ["page", "newest", "all", "list"]);
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
    assert_eq!(server.heard(), ["newest"]);
    server.change(|site| site.posts[1] = with(wp(2, "Autre"), json!({"modified_gmt": "2026-11-19T07:00:00"})));
    assert_eq!(scene.ok(&["sync"]), "1 columns changed\n");
    assert_eq!(server.heard(), ["newest", "changed"]);
    // Gone, with a password, and one whose hour came: changed before, and new.
    server.change(|site| {
        site.posts.remove(0);
        let protected = json!({"content": {"protected": true}, "modified_gmt": "2026-11-19T08:00:00"});
        site.posts[1] = with(wp(3, "Titre 3"), protected);
        site.posts.push(with(wp(9, "Titre 9"), json!({"date_gmt": "2026-11-19T09:00:00"})));
    });
    assert_eq!(scene.ok(&["sync"]), "1 columns added, 1 columns changed, 1 columns withdrawn\n");
    assert_eq!(server.heard(), ["newest", "changed", "list", "these"]);
    assert_eq!(of(&scene, "title"), ["Autre", "Titre 4", "Titre 5", "Titre 6", "Titre 7", "Titre 8", "Titre 9"]);
    // A server with validators is asked with them, and one that lost a post says so by the number of all.
    server.change(|site| {
        site.etag = Some("\"a\"".to_owned());
        site.posts[5] = with(wp(7, "Titre sept"), json!({"modified_gmt": "2026-11-19T10:00:00"}));
    });
    assert_eq!(scene.ok(&["sync"]), "1 columns changed\n");
    server.heard();
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
    assert_eq!(server.heard(), ["newest known"]);
    server.change(|site| drop(site.posts.remove(2)));
    assert_eq!(scene.ok(&["sync"]), "1 columns withdrawn\n");
}

#[test]
fn what_a_site_gets_wrong_is_told_once_and_takes_nothing_away() {
    let server = SiteServer::wordpress((1..=3).map(|id| wp(id, &format!("Titre {id}"))).collect());
    let scene = scene(&at(&server));
    assert_eq!(scene.ok(&["sync"]), "3 columns added\n");
    let shown = format!("http://127.0.0.1:{}/", server.port);
    let json = "Content-Type: application/json\r\n";
    for (word, fault, told) in [
        ("", answer("500 Oh", "", ""), "the server answers 500"),
        (
            "per_page",
            answer("200 OK", "", "<!DOCTYPE html><p>x"),
            "page 1 of the list of its posts: the answer is an HTML page",
        ),
        (
            "per_page",
            answer(
                "200 OK",
                "X-WP-Total: 1\r\n",
                "<br />\n<b>Notice</b>:  Undefined index: x in <b>/a/b.php</b>\n[{\"id\":1}]",
            ),
            "a message stands before the JSON, perhaps of an extension: \"Notice: Undefined index: x in /a/b.php\"",
        ),
        (
            "per_page",
            answer("200 OK", json, "[{\"id\":1}]"),
            "the answer does not say how many posts there are (X-WP-Total)",
        ),
        ("per_page", answer("200 OK", "X-WP-Total: 0\r\n", "[]"), "the site gives no post: nothing is changed"),
        (
            "per_page",
            answer("200 OK", "X-WP-Total: 9\r\n", "[{\"id\":1},{\"i"),
            "the answer is no JSON that can be read",
        ),
        ("per_page", answer("200 OK", "", ""), "the answer is empty"),
        ("per_page", answer("401 No", "", ""), "give this source `user` and `password_env`"),
        ("per_page", answer("200 OK", "X-WP-Total: 1\r\n", "{\"a\":[1]}"), "is no list of posts"),
    ] {
        // Something is new, so that more is asked for.
        server.change(|site| {
            let day = site.posts.len() + 9;
            let post = with(wp(3, &format!("Titre {day}")), json!({"modified_gmt": "2026-11-18T07:00:00"}));
            site.posts[2] = post;
            site.fault = Some((word, fault));
        });
        let outcome = by_cron(&scene, "2026-11-20T08:00");
        assert!(
            outcome.code == 65 && outcome.stderr.contains(&shown) && outcome.stderr.contains(told),
            "{told}: {outcome:?}"
        );
        let again = by_cron(&scene, "2026-11-20T08:10");
        assert!(!again.stderr.contains(&shown), "{told}: {again:?}");
        server.change(|site| site.fault = None);
        by_cron(&scene, "2026-11-20T08:20");
    }
    // Half a list.
    let half = answer("200 OK", "X-WP-Total: 4\r\n", "[{\"id\":1,\"modified_gmt\":\"2026-11-19T07:00:00\"}]");
    server.change(|site| {
        site.posts.push(wp(4, "Titre 4"));
        site.fault = Some(("id%2Cmodified_gmt", half));
    });
    let told = "the list of its posts is not whole, or changes while it is read (1 posts of 4): nothing is withdrawn";
    let outcome = by_cron(&scene, "2026-11-20T08:30");
    assert!(outcome.code == 65 && outcome.stderr.contains(told), "{outcome:?}");
    assert_eq!(of(&scene, "title").len(), 3);
    server.change(|site| site.fault = None);
    by_cron(&scene, "2026-11-20T08:40");
    assert_eq!(of(&scene, "title").len(), 4);
    server.change(|site| site.fault = Some(("", answer("503 Later", "Retry-After: 3600\r\n", ""))));
    assert!(by_cron(&scene, "2026-11-20T09:00").stderr.contains("the server answers 503"));
    server.heard();
    assert_eq!(by_cron(&scene, "2026-11-20T09:50").stderr, "");
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[test]
fn the_interface_is_found_where_it_is_and_a_login_stays_with_its_site() {
    for (path, pretty) in [("", true), ("", false), ("wp-json/", true), ("?rest_route=/", false)] {
        let server = SiteServer::wordpress(vec![wp(1, "Un")]);
        // `anouk:abcd EFGH`
        server.change(|site| {
            (site.without_pretty, site.login) = (!pretty, Some("YW5vdWs6YWJjZCBFRkdI".to_owned()));
        });
        let url = format!("url = \"http://127.0.0.1:{}/{path}\"", server.port);
        let scene = scene(&format!("kind = \"wordpress\"\n{url}\nuser = \"anouk\"\npassword_env = \"WP_PASSWORD\""));
        let output = scene.command(&["sync"]).env("WP_PASSWORD", "abcd EFGH").output().expect("the program");
        let outcome: Outcome = output.into();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "1 columns added\n"), "{path}: {outcome:?}");
        let heard = server.heard();
        assert!(heard.iter().all(|asked| asked.contains("login")), "{heard:?}");
        let output = scene.command(&["sync"]).env("WP_PASSWORD", "other").output().expect("the program");
        let outcome: Outcome = output.into();
        let told = "the server answers 401: it does not take this `user` and the application password";
        assert!(outcome.code == 65 && outcome.stderr.contains(told), "{path}: {outcome:?}");
    }
    // A site that names another server's interface does not give the login away.
    let other = SiteServer::wordpress(vec![wp(1, "Un")]);
    let server = SiteServer::wordpress(vec![]);
    let link = format!("Link: <http://127.0.0.1:{}/wp-json/>; rel=\"https://api.w.org/\"\r\n", other.port);
    server.change(|site| site.fault = Some(("", answer("200 OK", &link, ""))));
    let scene = scene(&format!("{}\nuser = \"anouk\"\npassword_env = \"WP_PASSWORD\"", at(&server)));
    let output = scene.command(&["sync"]).env("WP_PASSWORD", "abcd EFGH").output().expect("the program");
    assert_eq!(Outcome::from(output).stdout, "1 columns added\n");
    assert_eq!(server.heard(), ["page login"]);
    assert_eq!(other.heard(), ["newest", "all", "list"]);
    // Nor does a redirect.
    let link = format!("Location: http://127.0.0.1:{}/\r\n", other.port);
    server.change(|site| site.fault = Some(("", answer("302 Found", &link, ""))));
    other.change(|site| site.posts.push(wp(2, "Deux")));
    scene.reconfigure("name = \"site\"", "name = \"autre\"");
    let output = scene.command(&["sync"]).env("WP_PASSWORD", "abcd EFGH").output().expect("the program");
    let outcome = Outcome::from(output);
    assert_eq!(outcome.stdout, "1 columns added\n", "{outcome:?}");
    assert!(other.heard().iter().all(|asked| !asked.contains("login")));
    // No private address, unless it is named.
    scene.reconfigure("private_hosts = [\"127.0.0.1\"]", "private_hosts = []");
    let output = scene.command(&["sync"]).env("WP_PASSWORD", "abcd EFGH").output().expect("the program");
    let outcome = Outcome::from(output);
    assert!(outcome.code == 65 && outcome.stderr.contains("which is not on the public internet"), "{outcome:?}");
}

/// The posts of the export that Ghost gives to everybody, as its interface gives them.
fn ghost_posts() -> Vec<Value> {
    let named = |names: &[&str]| names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>();
    vec![
        json!({
            "id": "6500000000000000000000a1", "title": "Une digue", "slug": "une-digue", "visibility": "public", "access": true,
            "html": "<p>Voyez <a href=\"https://estran.example.org/autre/\">l’autre</a>.</p><!--kg-gated-block:begin nonMember:false memberSegment:\"status:free\" --><p>SECRET</p><!--kg-gated-block:end-->",
            "url": "https://estran.example.org/une-digue/",
            "feature_image": "https://estran.example.org/content/images/digue.jpg", "feature_image_alt": "La digue, le soir",
            "feature_image_caption": "Photo : <em>A. L. G.</em>", "custom_excerpt": "Deux façons d’attendre.",
            "published_at": "2026-11-18T07:00:00.000+00:00", "updated_at": "2026-11-19T07:00:00.000+00:00",
            "authors": named(&["Anouk Le Goff", "Yann Kerbrat"]), "tags": named(&["#interne", "Humeur", "mer"]),
        }),
        json!({
            "id": "6500000000000000000000a2", "title": "Pour les membres", "slug": "membres", "visibility": "paid", "access": false,
            "html": "<p>Début.</p>", "url": "https://estran.example.org/membres/", "excerpt": "SECRET",
            "published_at": "2026-11-17T07:00:00.000+00:00", "updated_at": "2026-11-17T07:00:00.000+00:00",
        }),
        // A server that gives more than it should.
        json!({
            "id": "6500000000000000000000a3", "title": "Tout pour les membres", "slug": "tout", "visibility": "members",
            "html": "<p>SECRET</p>", "url": "https://estran.example.org/tout/",
            "published_at": "2026-11-16T07:00:00.000+00:00", "updated_at": "2026-11-16T07:00:00.000+00:00",
        }),
    ]
}

#[test]
fn ghost_gives_what_its_export_gives() {
    let export = scene("kind = \"ghost\"\npath = \"ghost.json\"").write("ghost.json", GHOST);
    export.ok(&["sync"]);
    let server = SiteServer::ghost(ghost_posts());
    let scene = scene(&ghost_at(&server));
    let outcome = scene.run(&["sync"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "3 columns added\n"), "{outcome:?}");
    assert!(outcome.stderr.contains("6500000000000000000000a3: its text is for members"), "{outcome:?}");
    assert!(!serde_json::to_string(&items(&scene)).expect("JSON").contains("SECRET"));
    let without_update = |scene: &Scene| {
        let mut items = items(scene);
        items.iter_mut().for_each(|item| item["date_modified"] = Value::Null);
        items
    };
    assert_eq!(without_update(&scene), without_update(&export));
    assert_eq!(scene.sql("SELECT count(*) FROM columns WHERE body_raw LIKE '%SECRET%'"), 0);
    assert_eq!(server.heard(), ["newest", "all", "list"]);
    server.change(|site: &mut Site| {
        site.posts.remove(1);
        site.posts[0] =
            with(site.posts[0].clone(), json!({"title": "Autre digue", "updated_at": "2026-11-19T08:00:00.000+00:00"}));
    });
    assert_eq!(scene.ok(&["sync"]), "1 columns changed, 1 columns withdrawn\n");
    assert_eq!(server.heard(), ["newest", "changed", "list"]);
    scene.reconfigure(KEY, &KEY.replace("22", "33"));
    let outcome = scene.run(&["sync"]);
    assert!(
        outcome.code == 65 && outcome.stderr.contains("the server answers 401: it does not know the key"),
        "{outcome:?}"
    );
    // An address may be told; the key in it is not.
    scene.reconfigure(&KEY.replace("22", "33"), KEY);
    let away = format!("Location: ftp://x.example/?key={KEY}\r\n");
    server.change(|site| site.fault = Some(("", answer("302 Found", &away, ""))));
    let outcome = scene.run(&["sync"]);
    assert!(outcome.stderr.contains("ftp://x.example/?key=… is no web address"), "{outcome:?}");
}

#[test]
fn who_we_are_to_a_site_is_written_as_other_secrets_are() {
    let url = "url = \"https://jetee.example.org/\"";
    for (source, told) in [
        (format!("kind = \"ghost\"\n{url}"), "sources.key: it is missing"),
        (format!("kind = \"ghost\"\n{url}\nkey = \"a1:b2SECRET\""), "sources.key: it is a key of the Admin API"),
        (format!("kind = \"ghost\"\n{url}\nkey = \"a&SECRET\""), "sources.key: it is no Content API key"),
        (
            format!("kind = \"ghost\"\n{url}\nkey = \"a\"\nkey_env = \"PATH\""),
            "sources.key: sources.key_env or key_file is there too",
        ),
        (format!("kind = \"ghost\"\n{url}\nkey_env = \"NOBODY_SETS_IT\""), "the environment has no NOBODY_SETS_IT"),
        ("kind = \"ghost\"\npath = \"a.json\"\nkey = \"a\"".to_owned(), "sources.key: a source of the kind \"ghost\""),
        (format!("kind = \"wordpress\"\n{url}\nuser = \"a\""), "sources.user: sources.password_env must name"),
        (
            format!("kind = \"wordpress\"\n{url}\npassword_env = \"PATH\""),
            "sources.password_env: sources.user is missing",
        ),
        (format!("kind = \"feed\"\n{url}\nuser = \"a\""), "sources.user: a source of the kind \"feed\" has none here"),
        (
            "kind = \"wordpress\"\nurl = \"https://a:SECRET@jetee.example.org/\"".to_owned(),
            "sources.url: user and password don't stand in it",
        ),
    ] {
        let outcome = scene(&source).run(&["status"]);
        let said = without_numbers(&outcome.stderr);
        assert!(outcome.code == 78 && said.contains(told), "{source}: {outcome:?}");
        assert!(!outcome.stderr.contains("SECRET"), "{outcome:?}");
    }
}

#[test]
fn memory_does_not_grow_with_a_site() {
    let text = "La mer monte et descend sans que personne ne compte les marées. ".repeat(300);
    let most = |count: u32| {
        let content = json!({"rendered": format!("<p>{text}</p>")});
        let post = |id| with(wp(id, &format!("Titre {id}")), json!({"content": content}));
        let server = SiteServer::wordpress((1..=count).map(post).collect());
        peak(&scene(&at(&server)), &["sync"])
    };
    let (few, many) = (most(500), most(1_500));
    // The others would be 20 MB and more.
    assert!(many < few + 14_000, "{few} and {many} kB");
}
