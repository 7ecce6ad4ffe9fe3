//! The three layouts of a letter, the words around its columns, and an edition as a book.

use std::{fs::File, io::Read, process::Command};

use crate::{
    desk::{Open, SUNDAY, Visitor, magazine as desk_magazine, together::send},
    support::{MONDAY, Scene, column},
};

fn preview(scene: &Scene) -> (String, String) {
    scene.ok(&["sync", "--at", MONDAY]);
    scene.ok(&["digest", "preview", "--folder", "seen", "--at", MONDAY]);
    (scene.read("seen/digest.html"), scene.read("seen/digest.txt"))
}

/// Twelve columns, some with pictures, of which one leads with a text.
fn twelve() -> Scene {
    let scene = Scene::empty().write("subscribers.csv", "email\na@example.org\n");
    let rubriques = ["edito", "humeur", "carnet"];
    for n in 0..12 {
        let mut text = column(&format!("Chronique {n}"), rubriques[n % 3], &format!("2026-11-20T08:{n:02}"));
        if n % 3 == 2 {
            text = text.replace("rubrique:", "image: {url: images/a.jpg, alt: Une dune, credit: Zoé}\nrubrique:");
        }
        scene.put(&format!("columns/{n}.md"), &text.replace("Corps.", &"Un mot. ".repeat(120 * (n + 1))));
    }
    scene
}

fn named<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).map(|rest| rest.split(end).next().unwrap_or_default()).collect()
}

#[test]
fn a_long_letter_has_a_table_of_contents_times_and_small_pictures() {
    let (html, text) = preview(&twelve());
    insta::assert_snapshot!("magazine_text", text);
    assert!(html.contains(">Au sommaire</h2>"), "{html}");
    // The lead's is the large one; the first of each rubrique that has one shows it small.
    assert_eq!(html.matches("<img").count(), 2, "{html}");
    assert_eq!(html.matches("align=\"right\" width=\"184\"").count(), 1, "{html}");
    assert_eq!(named(&html, "font-size:13px;line-height:18px;color:#5a6670\">", "</span>"), ["Zoé"]);
    let short = Scene::empty().write("columns/a.md", &column("Une marée", "edito", "2026-11-18"));
    let (html, text) = preview(&short.write("columns/b.md", &column("Un banc", "edito", "2026-11-19")));
    assert!(!html.contains("Au sommaire") && !text.contains("AU SOMMAIRE"), "{text}");
    // The lead has named the rubrique of the one that follows.
    assert_eq!((html.matches(">Édito<").count(), text.matches("ÉDITO").count()), (1, 1), "{text}");
}

#[test]
fn a_letter_is_a_list_of_titles_or_one_column_in_full() {
    let (list, text) = preview(&twelve().config("max_columns = 30", "max_columns = 30\nlayout = \"list\""));
    insta::assert_snapshot!("list_text", text);
    assert_eq!((list.matches("<img").count(), list.matches("<h3").count()), (0, 11), "{list}");
    let full = twelve().config("max_columns = 30", "max_columns = 30\nlayout = \"full\"");
    let lead = column("Le phare", "carnet", "2026-11-21").replace(
        "Corps.",
        "Un *soir*.\n\n## La lampe\n\n- un\n- [deux](https://estran.example.org/deux)\n\n> Elle tourne.\n\n\
         ![Le phare](images/phare.jpg)\n\n![](images/vague.jpg)\n",
    );
    let (html, text) = preview(&full.write(
        "columns/lead.md",
        &lead.replace("rubrique:", "image: {url: images/phare.jpg, alt: Le phare}\nrubrique:"),
    ));
    insta::assert_snapshot!("full_text", text);
    assert!(html.contains(">Un <em>soir</em>.</p>") && html.contains(">La lampe</h3>"), "{html}");
    assert_eq!((html.matches("<img").count(), html.matches(">Lire\u{a0}la\u{a0}suite<").count()), (1, 0), "{html}");
    let told = Scene::empty().config("max_columns = 30", "layout = \"grid\"").run(&["digest", "status"]);
    assert!(
        told.code == 78 && told.stderr.contains("digest.layout: \"grid\" is no layout: write \"magazine\""),
        "{told:?}"
    );
}

#[test]
fn an_approval_falls_with_the_layout_and_with_a_text_that_stands_in_full() {
    let scene = Scene::empty()
        .config("# approval = true", "approval = true\nlayout = \"full\"")
        .write("subscribers.csv", "email\na@example.org\n")
        .write("columns/a.md", &column("Une marée", "edito", "2026-11-18"));
    scene.ok(&["sync", "--at", "2026-11-20"]);
    let fallen = |at: &str| scene.run(&["run", "--at", at]).stderr.contains("it has changed since");
    scene.ok(&["digest", "approve", "--by", "Maëlle", "--at", SUNDAY]);
    assert!(!fallen("2026-11-22T18:10"));
    scene.put("columns/a.md", &column("Une marée", "edito", "2026-11-18").replace("Corps.", "Un autre corps."));
    assert!(fallen("2026-11-22T18:20"));
    scene.ok(&["digest", "approve", "--by", "Maëlle", "--at", "2026-11-22T18:30"]);
    scene.reconfigure("layout = \"full\"", "layout = \"list\"");
    assert!(fallen("2026-11-22T18:40"));
}

#[test]
fn editors_sign_the_opening_and_say_the_last_word() {
    let scene = desk_magazine();
    scene.reconfigure(
        "# signed = \"Maëlle Corvaisan\" ",
        "signed = \"Maëlle Corvaisan\"\nportrait = \"https://estran.example.org/maelle.jpg\" ",
    );
    scene.reconfigure("# closing = ", "closing = ");
    scene.reconfigure("# archive_url = ", "archive_url = ");
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    let page = claire.get("/").text;
    assert!(page.contains("name=\"signed\" value=\"Maëlle Corvaisan\"") && page.contains("maelle.jpg"), "{page}");
    let (html, text) = preview(&scene);
    assert!(html.contains("src=\"https://estran.example.org/maelle.jpg\""), "{html}");
    assert!(html.contains("alt=\"Portrait de Maëlle Corvaisan\"") && text.contains("\nMaëlle Corvaisan\n"), "{text}");
    assert!(html.contains("href=\"mailto:?subject=") && html.contains(">Faire suivre cette lettre</a>"), "{html}");
    // Somebody else has no portrait of the one who usually signs.
    let words = [("signed", "Yann"), ("closing", "À *bientôt*.")];
    assert_eq!(send(&claire, &page, "/", &words).status, 303);
    let page = claire.get("/").text;
    assert!(page.contains("la signature, le mot de la fin"), "{page}");
    let (html, text) = preview(&scene);
    assert!(!html.contains("maelle.jpg") && html.contains("À <em>bientôt</em>."), "{html}");
    assert!(text.contains("\nYann\n") && text.contains("\nÀ *bientôt*.\n"), "{text}");
    let approved = claire.decide(&page, "approve", &[]);
    assert_eq!(approved.status, 303, "{}", approved.text);
    // It is part of what an approval holds for.
    assert_eq!(
        send(&claire, &claire.get("/").text, "/", &[("portrait", "https://estran.example.org/yann.jpg")]).status,
        303
    );
    assert!(claire.get("/").text.contains("is-fallen"), "{}", claire.get("/").text);
    assert!(preview(&scene).0.contains("yann.jpg"));
    // One click back.
    assert_eq!(send(&claire, &claire.get("/").text, "/", &[("act", "back 1")]).status, 303);
    assert!(!preview(&scene).0.contains("yann.jpg"));
    let wrong = [("portrait", "/yann.jpg")];
    assert_eq!(send(&claire, &claire.get("/").text, "/", &wrong).status, 303);
    assert!(claire.get("/").text.contains("ces liens ne mènent nulle part\u{202f}: /yann.jpg"));
}

#[test]
fn the_desk_shows_the_letter_as_inboxes_and_mail_programs_do() {
    let scene = desk_magazine();
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    let inboxes = claire.get("/?view=inboxes").text;
    assert!(inboxes.contains("class=\"mock is-gmail\"") && inboxes.contains("class=\"mock is-apple\""), "{inboxes}");
    let frame = |view: &str| {
        let page = claire.get(&format!("/?view={view}")).text;
        let address = named(&page, "<iframe title=\"", "></iframe>")[0].split("src=\"").nth(1).expect("an address");
        let address = address.trim_end_matches('"').replace("&#38;", "&");
        (page, claire.get(&address).text)
    };
    let (page, outlook) = frame("outlook");
    assert!(page.contains("Il laisse tomber\u{202f}: ") && page.matches("<iframe").count() == 1, "{page}");
    assert!(
        !outlook.contains("@media") && !outlook.contains("max-width:600px") && !outlook.contains("<!--[if"),
        "{outlook}"
    );
    let (_, night) = frame("gmail");
    assert!(!night.contains("#fbf9f4") && night.contains("html{background:#161616"), "{night}");
    let (_, orange) = frame("orange");
    assert!(!orange.contains("role=\"presentation\"") && orange.contains("min-width:600px"), "{orange}");
    let (page, la_poste) = frame("laposte");
    assert!(!la_poste.contains("<style") && page.matches("<iframe").count() == 2, "{la_poste}");
    // The preflight has points for each.
    let page = claire.get("/").text;
    for points in [
        "Apple Mail\u{202f}: 100 sur 100",
        "Gmail\u{202f}: ",
        "Outlook (Windows)\u{202f}: ",
        "Orange\u{202f}: ",
        "laposte.net\u{202f}: ",
    ] {
        assert!(page.contains(points), "{points}: {page}");
    }
}

/// A file of an edition's book.
fn bytes_in_book(scene: &Scene, name: &str) -> Vec<u8> {
    let file = File::open(scene.path("numero.epub")).expect("a book");
    let mut book = zip::ZipArchive::new(file).expect("a zip");
    let mut bytes = Vec::new();
    book.by_name(name).unwrap_or_else(|_| panic!("no {name}")).read_to_end(&mut bytes).expect("bytes");
    bytes
}

fn in_book(scene: &Scene, name: &str) -> String {
    String::from_utf8(bytes_in_book(scene, name)).expect("UTF-8")
}

/// epubcheck has nothing to say against the book.
fn check_book(scene: &Scene) {
    let output = Command::new("java")
        .args(["-jar", "/usr/share/java/epubcheck.jar"])
        .arg(scene.path("numero.epub"))
        .output()
        .expect("java, with epubcheck: run the tests with sh tests/run.sh");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("0 fatals / 0 errors / 0 warnings / 0 infos"), "{said}");
}

#[test]
fn a_book_holds_the_pictures_that_lie_beside_its_columns_and_fetches_none() {
    let scene = Scene::sample();
    let photograph = std::fs::read(scene.path("columns/images/phare.jpg")).expect("a picture");
    let dot =
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    // Whatever they are called.
    std::fs::write(scene.path("columns/images/point.png"), dot).expect("a file");
    scene.put("columns/images/faux.jpg", "no picture");
    scene.put("secret.jpg", "secret");
    let text = column("Le quai", "carnet", "2026-11-22").replace(
        "Corps.",
        "![Le phare encore](images/phare.jpg)\n\n![Un point](images/point.png)\n\n![Ailleurs](https://a.example/x.jpg)\n\n\
         ![Un faux](images/faux.jpg)\n\n![Un secret](../secret.jpg)\n\n![](images/phare.jpg)",
    );
    let image = "image: {url: images/phare.jpg, alt: \"Le \\\"phare\\\" & l’autre\", credit: Zoé}\nrubrique:";
    scene.put("columns/quai.md", &text.replace("rubrique:", image));
    scene.ok(&["sync", "--at", MONDAY]);
    let told = scene.ok(&["digest", "export", "--epub", "numero.epub", "--at", MONDAY]);
    assert!(told.contains("wrote numero.epub\n3 pictures are not in it: "), "{told}");
    check_book(&scene);
    let package = in_book(&scene, "EPUB/package.opf");
    assert_eq!((package.matches("image/jpeg").count(), package.matches("image/gif").count()), (1, 1), "{package}");
    assert_eq!(bytes_in_book(&scene, "EPUB/p1.jpg"), photograph);
    let chapters = package.matches("href=\"c").count();
    let chapters = (1..=chapters).map(|n| in_book(&scene, &format!("EPUB/c{n}.xhtml")));
    let chapter = chapters.into_iter().find(|text| text.contains("<h1 id=\"title\">Le quai")).expect("the chapter");
    assert_eq!((chapter.matches("<img").count(), chapter.matches("<figcaption").count()), (2, 1), "{chapter}");
    for words in ["[Ailleurs]", "[Un faux]", "[Un secret]", "alt=\"Un point\""] {
        assert!(chapter.contains(words), "{words}: {chapter}");
    }
}

#[test]
fn an_edition_is_a_book_without_a_fault_and_a_page_to_print() {
    let hostile = column("'<i>Gras</i> & \"co\"'", "humeur", "2026-11-19").replace(
        "Corps.",
        "Un *soir* & l’autre.\n\n## La lampe\n\n1. un\n2. [deux](https://estran.example.org/deux?a&b)\n\n> Elle tourne.\n\n\
         ![Le phare](images/phare.jpg)\n\n| a | b |\n| --- | --- |\n| c | d |\n\n```\nx < y\n```\n\nFin[^1].\n\n[^1]: Note.\n",
    );
    let english = |scene: Scene| scene.config("language = \"fr\"", "language = \"en\"");
    for scene in
        [Scene::sample(), english(twelve().write("columns/z.md", &hostile).config("# closing = ", "closing = "))]
    {
        scene.ok(&["sync", "--at", MONDAY]);
        let told = scene.ok(&["digest", "export", "--epub", "numero.epub", "--page", "numero.html", "--at", MONDAY]);
        assert!(told.starts_with("wrote numero.epub\n") && told.ends_with("wrote numero.html\n"), "{told}");
        check_book(&scene);
        let again = std::fs::read(scene.path("numero.epub")).expect("a book");
        scene.ok(&["digest", "export", "--epub", "numero.epub", "--at", MONDAY]);
        assert_eq!(std::fs::read(scene.path("numero.epub")).expect("a book"), again);
        let page = scene.read("numero.html");
        assert!(page.contains("@media print") && page.contains("@page") && !page.contains("<script"), "{page}");
        assert!(in_book(&scene, "EPUB/nav.xhtml").contains("doc-toc"));
    }
    let scene = Scene::sample();
    scene.ok(&["run", "--at", MONDAY]);
    // A past one, by its name.
    scene.ok(&["digest", "export", "2026-W47", "--epub", "numero.epub", "--at", "2026-11-25T08:00"]);
    assert!(in_book(&scene, "EPUB/package.opf").contains("2026-W47</dc:identifier>"));
    let nothing = Scene::empty().run(&["digest", "export", "--epub", "x.epub", "--at", "2026-11-20T08:00"]);
    assert!(nothing.code == 65 && nothing.stderr.contains("2026-W47 holds no column"), "{nothing:?}");
    assert_eq!(scene.run(&["digest", "export"]).code, 2);
}
