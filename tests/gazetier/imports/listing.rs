//! Listings: a page of columns copied as text, the client's own among them.

use std::{collections::BTreeMap, fs, path::Path};

use super::{LATER, refusal};
use crate::support::Scene;

const FIXTURE: &str = include_str!("../../fixtures/listing.txt");
const DATES: [&str; 4] = ["--newest", "2026-11-20", "--step", "7d"];

/// Two columns, for pages that differ in one thing.
const SMALL: &str = "Points de vue\n\
    Édito\nLa mer monte\nTrois millimètres par an, et nul ne s’en plaint.\n\
    Humeur\nRessac\nOn nous promettait le bruit des vagues.\n";

/// A column as a page has it: the line of its title, the slug of its label, title and standfirst.
#[derive(Debug, Clone, PartialEq)]
struct Printed {
    line: usize,
    rubrique: Option<&'static str>,
    title: String,
    standfirst: String,
}

/// The test's own reading of a page without mistakes.
fn printed(page: &str) -> Vec<Printed> {
    let slug = |line: &str| match line.to_lowercase().replace('é', "e").as_str() {
        "edito" => Some("edito"),
        "humeur" => Some("humeur"),
        _ => None,
    };
    let mut lines = page.lines().zip(1..).skip(1);
    let mut columns = Vec::new();
    while let Some((text, line)) = lines.next() {
        let rubrique = slug(text);
        let (title, line) = if rubrique.is_some() { lines.next().expect("a title") } else { (text, line) };
        let (standfirst, _) = lines.next().expect("a standfirst");
        columns.push(Printed { line, rubrique, title: title.into(), standfirst: standfirst.into() });
    }
    columns
}

/// What the feed of all columns, or of a rubrique, tells of them, newest first: title, standfirst, date.
fn told(scene: &Scene, feed: &str) -> Vec<(String, String, String)> {
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let items = scene.items(feed);
    items.iter().map(|i| (text(&i["title"]), text(&i["content_text"]), text(&i["date_published"]))).collect()
}

/// Imports a page twice and compares what the feeds tell with every line of it.
fn imported_whole(page: &str, unlabelled: &[usize]) -> Vec<Printed> {
    let scene = Scene::empty().write("page.txt", page);
    let columns = printed(page);
    let import = [&["import", "page.txt"][..], &DATES].concat();
    let outcome = scene.run(&import);
    let warnings: String = unlabelled
        .iter()
        .map(|line| {
            let column = columns.iter().find(|column| column.line == *line).expect("a title at this line");
            assert_eq!(column.rubrique, None);
            format!(
                "gazetier: warning: page.txt:{line}: {:?} has no rubrique: it is in the feed of all columns alone\n",
                column.title
            )
        })
        .collect();
    let count = columns.len();
    assert_eq!(
        (outcome.code, outcome.stdout, outcome.stderr),
        (0, format!("{count} columns read: {count} added, 0 changed, 0 as they were\n"), warnings)
    );
    scene.ok(&["publish", "--at", LATER]);

    // A week of the calendar has an hour more where summer time ends: 25 October.
    let newest: chrono::DateTime<chrono::Utc> = "2026-11-19T23:00:00Z".parse().expect("an instant");
    let winter: chrono::DateTime<chrono::Utc> = "2026-10-25T01:00:00Z".parse().expect("an instant");
    let dated = |(column, weeks): (&Printed, i32)| {
        let date = newest - chrono::Duration::days(7) * weeks;
        let date = if date < winter { date - chrono::Duration::hours(1) } else { date };
        let date = date.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        (column.rubrique, (column.title.clone(), column.standfirst.clone(), date))
    };
    let expected: Vec<_> = columns.iter().zip(0..).map(dated).collect();
    for (feed, slug) in [("feed.json", None), ("edito/feed.json", Some("edito")), ("humeur/feed.json", Some("humeur"))]
    {
        let of_feed = expected.iter().filter(|(rubrique, _)| slug.is_none() || *rubrique == slug);
        assert_eq!(told(&scene, feed), of_feed.map(|(_, column)| column.clone()).collect::<Vec<_>>(), "{feed}");
    }
    assert_eq!(told(&scene, "carnet/feed.json"), []);

    assert_eq!(scene.ok(&import), format!("{count} columns read: 0 added, 0 changed, {count} as they were\n"));
    assert_eq!(scene.ok(&["publish", "--at", LATER]), "nothing new to publish\n");
    columns
}

fn count(columns: &[Printed], rubrique: Option<&str>) -> usize {
    columns.iter().filter(|column| column.rubrique == rubrique).count()
}

#[test]
fn every_column_of_a_listing_is_published_as_it_is_printed() {
    let columns = imported_whole(FIXTURE, &[41]);
    assert_eq!((count(&columns, Some("edito")), count(&columns, Some("humeur")), columns.len()), (8, 7, 16));
}

/// The page of the house that ordered this program: it lies beside the project and is not part of it.
#[test]
fn the_page_that_this_was_made_for_is_published_as_it_is_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seed");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: {} is not there", folder.display());
        return;
    };
    let pages: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    let [page] = &pages[..] else { panic!("one page is expected in {}: {pages:?}", folder.display()) };
    let page = fs::read_to_string(page).expect("the page");
    let lines: Vec<usize> = printed(&page).iter().filter(|c| c.rubrique.is_none()).map(|c| c.line).collect();
    let columns = imported_whole(&page, &lines);
    assert_eq!(
        (count(&columns, Some("edito")), count(&columns, Some("humeur")), count(&columns, None), columns.len()),
        (9, 15, 1, 25)
    );
}

#[test]
fn line_ends_blank_lines_a_mark_and_the_spelling_of_labels_change_nothing() {
    let published = |page: &str| {
        let scene = Scene::empty().write("page.txt", page);
        scene.ok(&[&["import", "page.txt"][..], &DATES].concat());
        scene.ok(&["publish", "--at", LATER]);
        ["rss.xml", "atom.xml", "feed.json"].map(|name| scene.read(&format!("feeds/{name}")))
    };
    let plain = published(SMALL);
    assert!(plain[0].contains("Trois millimètres"));
    for (what, page) in [
        ("CRLF", SMALL.replace('\n', "\r\n")),
        ("CR", SMALL.replace('\n', "\r")),
        ("a byte order mark", format!("\u{feff}{SMALL}")),
        ("blank lines", SMALL.replace('\n', "\n\n \t\n")),
        ("indentation", SMALL.replace('\n', "  \n\t")),
        ("no last line end", SMALL.trim_end().to_owned()),
        ("upper case", SMALL.replace("Édito\n", "ÉDITO\n").replace("Humeur\n", "HUMEUR\n")),
        ("no accent", SMALL.replace("Édito\n", "edito\n")),
        ("an accent apart", SMALL.replace("Édito\n", "E\u{301}DITO\n")),
    ] {
        assert_ne!(page, SMALL, "{what}");
        assert_eq!(published(&page), plain, "{what}");
    }
}

#[test]
fn an_edited_listing_changes_its_columns_and_they_keep_their_ids_and_dates() {
    for scene in [Scene::empty(), Scene::empty().on_postgres()] {
        let scene = scene.write("page.txt", FIXTURE);
        let import = [&["import", "page.txt"][..], &DATES].concat();
        let ids = |scene: &Scene| -> BTreeMap<String, (String, String)> {
            scene.ok(&["publish", "--at", LATER]);
            let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
            let named = |i: serde_json::Value| (text(&i["title"]), (text(&i["id"]), text(&i["date_published"])));
            scene.items("feed.json").into_iter().map(named).collect()
        };
        scene.ok(&import);
        let before = ids(&scene);
        assert_eq!(before.len(), 16);

        let (heading, rest) = FIXTURE.split_once('\n').expect("a heading");
        let last = rest.rfind("Édito\n").expect("a last column");
        let (rest, last) = rest.split_at(last);
        let old = &printed(FIXTURE)[0].title;
        let new = "Faut-il apprendre la carte marine aux enfants des villes\u{202f}?";
        let promised = "On nous promettait le bruit des vagues";
        assert!(rest.contains(promised));
        let added = "Humeur\nLe bulot n’a rien demandé\nIl vivait au fond, sans projet. On l’a mis à la carte.\n";
        let rest = rest.replace(old, new).replace(promised, "Rien n’est resté de ce qui fut écrit ici, sauf un haut");
        scene.put("page.txt", &format!("{heading}\n{added}{}\n{rest}", last.trim_end()));

        assert_eq!(scene.ok(&import), "17 columns read: 1 added, 2 changed, 14 as they were\n");
        let mut expected = before.clone();
        let kept = expected.remove(old).expect("the edited column");
        expected.insert(new.to_owned(), kept);
        let mut after = ids(&scene);
        let (id, date) = after.remove("Le bulot n’a rien demandé").expect("the new column");
        assert!(id.ends_with(":listing/paroles-de-greve/le-bulot-n-a-rien-demande"), "{id}");
        assert_eq!(date, "2026-11-19T23:00:00Z");
        assert_eq!(after, expected);
        assert!(told(&scene, "humeur/feed.json").iter().any(|(title, standfirst, _)| {
            title == "Ressac" && standfirst.starts_with("Rien n’est resté de ce qui fut écrit ici")
        }));
    }
}

#[test]
fn two_pages_with_a_column_of_one_title_keep_two_columns() {
    let scene =
        Scene::empty().write("a.txt", SMALL).write("b.txt", &SMALL.replace("Points de vue", "Paroles de grève"));
    assert_eq!(
        scene.ok(&[&["import", "a.txt", "b.txt"][..], &DATES].concat()),
        "4 columns read: 4 added, 0 changed, 0 as they were\n"
    );
    let twice = format!("{SMALL}Humeur\nRessac\nCe titre a déjà servi, mais pour une autre colonne.\n");
    let scene = Scene::empty().write("a.txt", &twice);
    scene.ok(&[&["import", "a.txt"][..], &DATES].concat());
    scene.ok(&["publish", "--at", LATER]);
    let mut ids: Vec<String> = scene.items("humeur/feed.json").iter().map(|item| item["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 2, "{ids:?}");
}

#[test]
fn what_no_feed_can_hold_is_taken_out_and_told() {
    let page = SMALL.replace("La mer monte", "La mer\u{b} monte").replace("Trois", "Trois\u{0}\u{fffe}");
    let scene = Scene::empty().write("page.txt", &page);
    let outcome = scene.run(&[&["import", "page.txt"][..], &DATES].concat());
    assert_eq!(
        (outcome.code, outcome.stderr.as_str()),
        (0, "gazetier: warning: page.txt:4: the standfirst held U+0000, U+FFFE, which no feed can hold: taken out\n")
    );
    scene.ok(&["publish", "--at", LATER]);
    let (title, standfirst, _) = told(&scene, "edito/feed.json").remove(0);
    assert_eq!(
        (title.as_str(), standfirst.as_str()),
        ("La mer monte", "Trois millimètres par an, et nul ne s’en plaint.")
    );
}

#[test]
fn a_page_that_cannot_be_taken_is_refused_whole() {
    let mut told = String::new();
    for (what, page) in [
        ("an unknown label", SMALL.replace("Humeur", "Tribune")),
        ("an unknown label between others", format!("{}{}", SMALL.replace("Édito", "Tribune"), &SMALL[14..])),
        (
            "an unknown label after a column without one",
            format!("{FIXTURE}Tribune\nUn titre plus long que son label\nUne phrase qui fait un chapô assez long.\n"),
        ),
        ("no standfirst before a label", SMALL.replace("Trois millimètres par an, et nul ne s’en plaint.\n", "")),
        ("no standfirst at the end", SMALL.replace("On nous promettait le bruit des vagues.\n", "")),
        ("a label at the end", format!("{SMALL}Humeur\n")),
        ("a heading alone", "Points de vue\n".to_owned()),
        ("a title without an end", SMALL.replace("Ressac", &"m".repeat(1_001))),
        ("nothing", String::new()),
        ("nothing but white space", "\u{feff} \r\n\t\n".to_owned()),
    ] {
        assert_ne!(page, SMALL, "{what}");
        let scene = Scene::empty().write("page.txt", &page);
        told += &format!("# {what}\n{}", refusal(&scene, &[&["import", "page.txt"][..], &DATES].concat()));
    }
    let scene = Scene::empty();
    fs::write(scene.path("page.txt"), b"Points de vue\nHumeur\nL'\xe9t\xe9\n").expect("a page");
    told += &format!("# Latin-1\n{}", refusal(&scene, &[&["import", "page.txt"][..], &DATES].concat()));
    told += &format!("# not there\n{}", refusal(&scene, &[&["import", "pages.txt"][..], &DATES].concat()));
    let scene = scene.write("page.txt", SMALL);
    told += &format!("# no dates\n{}", refusal(&scene, &["import", "page.txt"]));
    insta::assert_snapshot!("refusals", told);
}

#[test]
fn dates_that_are_none_are_a_mistake_in_the_command() {
    let scene = Scene::empty().write("page.txt", SMALL);
    for (arguments, reason) in [
        (&["--newest", "2026-11-20"][..], "--step <DURATION>"),
        (&["--step", "7d"], "--newest <DATE>"),
        (&["--newest", "hier", "--step", "7d"], "--newest: \"hier\" is no instant"),
        (&["--newest", "2026-11-20", "--step", "souvent"], "invalid value 'souvent' for '--step <DURATION>'"),
        (&["--newest", "2026-11-20", "--step", "0s"], "--step: write a length of time such as 7d or 12h"),
    ] {
        let outcome = scene.run(&[&["import", "page.txt"], arguments].concat());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains(reason), "{arguments:?}: {outcome:?}");
    }
}

/// A page of three, a week apart.
const WEEKS: &str = "Points de vue\n\
    Humeur\nLe billet\nOn nous promet du soleil, et voici la brume qui s’installe.\n\
    Édito\nLa mer monte\nTrois millimètres par an, et nul ne s’en plaint.\n\
    Humeur\nRessac\nOn nous promettait le bruit des vagues.\n";

#[test]
fn what_a_page_has_become_is_told_before_it_is_done() {
    let scene = Scene::empty().write("page.txt", WEEKS);
    let import = |more: &[&str]| scene.run(&[&["import", "page.txt"][..], &DATES, more].concat());
    assert_eq!(
        import(&["--dry-run"]).stdout,
        "new      page.txt:3: Le billet\nnew      page.txt:6: La mer monte\nnew      page.txt:9: Ressac\n"
    );
    assert_eq!(scene.ok(&["columns", "list"]), "");
    assert_eq!(import(&[]).code, 0);
    // Another text under the title on top, on the same day: mended beyond recognition, or new?
    let page = WEEKS.replace(
        "On nous promet du soleil, et voici la brume qui s’installe.",
        "Les mouettes ont encore mangé le goûter des enfants du port.",
    );
    let page = page.replace("Édito\nLa mer monte\nTrois millimètres par an, et nul ne s’en plaint.\n", "");
    let page = page.replace("bruit des vagues", "bruit des flots");
    scene.put("page.txt", &(page.clone() + "Humeur\nRessac\nOn nous promettait le bruit des flots.\n"));
    let told = import(&["--dry-run"]);
    assert_eq!(
        told.stdout,
        "in doubt page.txt:3: Le billet (new, or \"Le billet\" (points-de-vue/le-billet) mended)\n\
         changed  page.txt:6: Ressac (its text)\n\
         twice    page.txt:9: Ressac (at line 6 already)\n\
         gone     La mer monte (points-de-vue/la-mer-monte)\n"
    );
    let before = scene.ok(&["columns", "list"]);
    let refused = import(&[]);
    assert_eq!(
        (refused.code, refused.stderr.as_str()),
        (
            65,
            "gazetier: page.txt:3: \"Le billet\" may be a new column (--new 3), or \"Le billet\", mended (--same \
             3=points-de-vue/le-billet): say which; nothing was changed\n"
        )
    );
    assert_eq!(scene.ok(&["columns", "list"]), before);
    scene.put("page.txt", &page);
    assert_eq!(import(&["--same", "3=points-de-vue/nichts"]).code, 65);
    assert_eq!(import(&["--new", "4"]).code, 65);
    let told = import(&["--same", "3=points-de-vue/le-billet"]);
    assert_eq!(told.stdout, "2 columns read: 0 added, 2 changed, 0 as they were\n");
    assert_eq!(
        told.stderr,
        "gazetier: warning: page.txt: \"La mer monte\" is on the page no more, and stays in the feeds: to withdraw it: \
         gazetier columns withdraw points-de-vue/la-mer-monte\n"
    );
    assert_eq!(import(&["--new", "3"]).stdout, "2 columns read: 1 added, 0 changed, 1 as they were\n");
    assert_eq!(scene.ok(&["columns", "list"]).lines().count(), 4);
}

#[test]
fn texts_without_breaks_between_words_are_compared() {
    let page = "海辺の便り\nHumeur\n春の海\n朝の浜辺では漁師たちが網を繕いながら今年の鰯の話をしていた。\n";
    let scene = Scene::empty().write("page.txt", page);
    let import = [&["import", "page.txt"][..], &DATES].concat();
    let outcome = scene.run(&import);
    // Their titles hold no letter to make an address of.
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "1 columns read: 1 added, 0 changed, 0 as they were\n"));
    scene.put("page.txt", &page.replace("春の海", "春の海辺").replace("鰯", "鯖"));
    assert_eq!(scene.ok(&import), "1 columns read: 0 added, 1 changed, 0 as they were\n");
}
