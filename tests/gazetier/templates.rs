//! A magazine's own templates, as its designer meets them: taken out of the program, changed, seen in letters and pages,
//! and told with file and line where they are wrong, before anything goes out.

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    approval::service_letters,
    desk::{Open, SUNDAY, Visitor},
    readers::{
        house::{Answer, House, at_home},
        mail::notes,
    },
    support::{MONDAY, SILENCE, Scene, column, until},
};

/// What the program has, and a magazine may have otherwise.
const NAMES: [&str; 30] = [
    "digest-full.mjml",
    "digest-full.txt",
    "digest-list.mjml",
    "digest-list.txt",
    "digest.mjml",
    "digest.txt",
    "letter/foot.mjml",
    "letter/foot.txt",
    "letter/head.mjml",
    "letter/head.txt",
    "letter/lead-end.mjml",
    "letter/lead.mjml",
    "letter/masthead.mjml",
    "letter/others.mjml",
    "letter/others.txt",
    "letter/top.mjml",
    "service.mjml",
    "service.txt",
    "web/archive.html",
    "web/confirm.html",
    "web/failure.html",
    "web/layout.html",
    "web/name.html",
    "web/newsletters.html",
    "web/note.html",
    "web/page.css",
    "web/preferences.html",
    "web/rhythm.html",
    "web/rubriques.html",
    "web/subscribe.html",
];

/// A scene with a folder for templates, which is empty.
fn with_templates(scene: Scene) -> Scene {
    fs::create_dir(scene.path("own")).expect("a folder");
    scene.config("[theme]\n", "[theme]\ntemplates = \"own\"\n")
}

fn magazine() -> Scene {
    let scene = Scene::empty()
        .write("subscribers.csv", "email\na@example.org\n")
        .write("columns/a.md", &column("Une marée", "edito", "2026-11-18"))
        .write("columns/b.md", &column("Un banc", "carnet", "2026-11-19"));
    with_templates(scene)
}

/// Changes a piece of a template, which must be there; it is taken out of the program where it is not yet.
fn change(scene: &Scene, name: &str, from: &str, to: &str) {
    if !scene.path("own").join(name).exists() {
        scene.ok(&["templates", "eject", name]);
    }
    let file = format!("own/{name}");
    let text = scene.read(&file);
    assert!(text.contains(from), "{name} holds no {from:?}");
    scene.put(&file, &text.replace(from, to));
}

/// What is told, with the line in which a piece of a template stands first.
fn with_line(scene: &Scene, name: &str, piece: &str, told: &str) -> String {
    let text = scene.read(&format!("own/{name}"));
    let line = text.lines().position(|line| line.contains(piece)).map_or(0, |line| line + 1);
    told.replace("LINE", &line.to_string())
}

/// The coming edition as the program writes it into a folder: HTML and text.
fn preview(scene: &Scene) -> (String, String) {
    scene.ok(&["digest", "preview", "--folder", "seen", "--at", MONDAY]);
    (scene.read("seen/digest.html"), scene.read("seen/digest.txt"))
}

#[test]
fn what_is_taken_and_not_changed_gives_the_same_letters() {
    let scene = Scene::sample();
    scene.ok(&["sync", "--at", SUNDAY]);
    let before = preview(&scene);
    let scene = with_templates(scene);
    let told = scene.ok(&["templates", "eject"]);
    let all: String = NAMES.iter().map(|name| format!("wrote ./own/{name}\n")).collect();
    assert_eq!(told.replace("wrote own/", "wrote ./own/"), all);
    assert_eq!(scene.files("own"), NAMES);
    for name in NAMES {
        let compiled = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(name);
        assert_eq!(scene.read(&format!("own/{name}")), fs::read_to_string(compiled).expect("a template"));
    }
    assert_eq!(preview(&scene), before);
}

#[test]
fn a_file_that_is_there_is_never_written_over() {
    let scene = magazine();
    scene.put("own/digest.txt", "{{ v.unsubscribe_url }}\n");
    let told = scene.ok(&["templates", "eject", "digest.mjml", "digest.txt"]).replace("./", "");
    assert_eq!(told, "wrote own/digest.mjml\nleft own/digest.txt as it is\n");
    assert_eq!(scene.read("own/digest.txt"), "{{ v.unsubscribe_url }}\n");
    let told = scene.run(&["templates", "eject", "desk.html"]);
    assert!(told.code == 2 && told.stderr.starts_with("gazetier: there is no template \"desk.html\""), "{told:?}");
    let told = Scene::empty().run(&["templates", "eject"]);
    assert!(told.code == 78 && told.stderr.contains("theme.templates names no folder"), "{told:?}");
}

#[test]
fn a_change_is_seen_in_the_letter() {
    let scene = magazine();
    change(
        &scene,
        "letter/lead-end.mjml",
        "{{ w.read_on }}</a></td>",
        "Lire {{ lead.title }} &amp; <b>vite</b></a></td>",
    );
    change(&scene, "letter/head.txt", "{{ v.number }}", "Numéro {{ v.number }}");
    let scene = scene.write("columns/c.md", &column("\"L’<eau> & 'lui'\"", "edito", "2026-11-20"));
    scene.ok(&["sync", "--at", SUNDAY]);
    let (html, plain) = preview(&scene);
    assert!(html.contains("Lire L’&#60;eau&#62; &#38; &#39;lui&#39; &amp; <b>vite</b></a>"), "{html}");
    assert!(plain.contains("\nNuméro N°"), "{plain}");
    assert_eq!(scene_runs_silently(&magazine_changed()), ["2026-W47 a@example.org"]);
}

/// A magazine whose letter begins with a piece of its own.
fn magazine_changed() -> Scene {
    let scene = magazine().write("own/parts/greeting.txt", "Bonjour {{ v.magazine.name }} !\n");
    change(
        &scene,
        "letter/head.txt",
        "{{ rule }}\n{{ v.name|upper }}",
        "{% include 'parts/greeting.txt' %}\n{{ rule }}",
    );
    scene
}

fn scene_runs_silently(scene: &Scene) -> Vec<String> {
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    assert!(scene.letter_to("a@example.org", "2026-W47").contains("Bonjour L=E2=80=99Estran !"));
    scene.posted()
}

#[test]
fn what_cannot_be_a_template_stops_every_command_before_anything_is_done() {
    let no_folder = "config.toml: theme.templates: there is no folder own: make it";
    for (name, text, told) in [
        ("digest.mjml", "<mjml>\n{% if v.lead %}\n</mjml>", "own/digest.mjml:2: syntax error: "),
        ("web/layout.html", "a\nb\n{{ frame. }}", "own/web/layout.html:3: syntax error: "),
        ("web/name.html", "{% include %}", "own/web/name.html:1: syntax error: "),
        ("digst.mjml", "<mjml/>", "own/digst.mjml: no template has this name: they are digest-full.mjml, "),
        ("desk/coming.html", "", "own/desk/coming.html: no template has this name"),
        ("parts/a.exe", "", "own/parts/a.exe: no template has this name"),
        ("parts/a.txt", &"{% if 1 %}".repeat(20_000), "own/parts/a.txt:1: syntax error: "),
        ("parts/b.txt", &format!("{{{{ {} }}}}", "(".repeat(20_000)), "own/parts/b.txt:1: syntax error: "),
        ("", "", no_folder),
    ] {
        let scene = magazine();
        match name {
            "" => fs::remove_dir(scene.path("own")).expect("a folder that goes"),
            name => scene.put(&format!("own/{name}"), text),
        }
        for arguments in [vec!["run", "--at", MONDAY], vec!["publish"], vec!["serve"], vec!["digest", "status"]] {
            let outcome = scene.run(&arguments);
            let stderr = outcome.stderr.replace("./own", "own");
            assert!(outcome.code == 78 && stderr.contains(told), "{name}: {outcome:?}");
        }
        assert!(scene.files("outbox").is_empty() && scene.files("feeds").is_empty(), "{name}");
        assert!(!scene.path("gazetier.db").exists(), "{name}");
    }
    // What an editor leaves beside a file is no template.
    let scene = magazine().write("own/.digest.mjml.swp", "\u{0}").write("own/digest.mjml~", "{% if %}");
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    fs::write(scene.path("own/digest.txt"), b"a\n\xff").expect("a file");
    assert!(scene.run(&["run"]).stderr.contains("own/digest.txt:2: it is not UTF-8"));
}

#[test]
fn what_fails_while_a_letter_is_made_holds_the_edition_and_is_told_with_its_line() {
    for (name, from, to, told) in [
        (
            "letter/masthead.mjml",
            "{{ v.number }}",
            "{{ v.nummer }}",
            "own/letter/masthead.mjml:LINE: undefined value: `v.nummer` is undefined",
        ),
        ("letter/head.txt", "{{ v.number }}", "{{ v.number.a.b }}", "own/letter/head.txt:LINE: "),
        (
            "digest.txt",
            "{{ lead.about }}",
            "{% include '../config.toml' %}",
            "own/digest.txt:LINE: template not found: ",
        ),
        ("digest.txt", "{{ lead.about }}", "{% include '/etc/passwd' %}", "own/digest.txt:LINE: template not found: "),
        ("digest.txt", "{{ lead.about }}", "{% extends 'digest.txt' %}", "own/digest.txt"),
        (
            "digest.txt",
            "{{ lead.about }}",
            "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}",
            "it does not come to an end",
        ),
        ("digest.mjml", "<mj-body", "<mj-bdy", "own/digest.mjml: what it makes is no MJML: "),
        ("digest.txt", "{{ lead.about }}", "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "own/digest.txt:LINE: "),
        (
            "digest.mjml",
            "{{ w.read_on }}",
            "{% for a in range(50000) %}<p>{% endfor %}{% for a in range(50000) %}</p>{% endfor %}",
            "own/digest.mjml: what it makes is no MJML: more than 100 elements",
        ),
        (
            "digest.mjml",
            "<mj-body ",
            "<mj-include path=\"config.toml\" /><mj-body ",
            "own/digest.mjml: what it makes is no MJML: ",
        ),
    ] {
        let scene = magazine().config("# editors = [", "editors = [\"yann@estran.example.org\", ");
        scene.ok(&["sync", "--at", SUNDAY]);
        change(&scene, name, from, to);
        let told = &with_line(&scene, name, to, told);
        let outcome = scene.run(&["run", "--at", MONDAY]);
        assert!(outcome.code == 65 && outcome.stderr.contains(told), "{to}: {outcome:?}");
        assert!(outcome.stderr.contains("the magazine's own template cannot be used"), "{outcome:?}");
        let broken = "La lettre ne peut pas partir · 2026-W47".to_owned();
        let both = ["maelle", "yann"].map(|name| (format!("{name}@estran.example.org"), broken.clone()));
        assert_eq!(service_letters(&scene), both, "{to}");
        assert!(!scene.posted().iter().any(|line| line.starts_with("2026")), "{to}");
        let seen = scene.run(&["digest", "preview", "--folder", "seen", "--at", MONDAY]);
        assert!(seen.code == 65 && seen.stderr.contains(told), "{to}: {seen:?}");
        let proof = scene.run(&["digest", "proof", "--at", MONDAY]);
        assert!(proof.code == 65 && proof.stderr.contains(told), "{to}: {proof:?}");
        // The desk shows the edition all the same, and what is wrong.
        let desk = Open::at(&scene, MONDAY);
        let page = Visitor::editor(&desk, &desk.way_in).get("/").text;
        assert!(page.contains("le gabarit de la revue ne peut pas servir"), "{page}");
        assert_eq!(scene.run(&["digest", "approve", "--at", MONDAY]).code, 65);
        // Mended, it goes out.
        fs::remove_file(scene.path("own").join(name)).expect("a file that goes");
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T08:10"]), SILENCE);
        assert!(scene.posted().contains(&"2026-W47 a@example.org".to_owned()));
    }
}

#[test]
fn what_mail_programs_would_stumble_over_is_refused_of_own_templates_too() {
    for (name, from, to, told) in [
        ("letter/foot.mjml", "{{ v.unsubscribe_url }}", "{{ v.magazine.url }}", "there is no way to unsubscribe"),
        ("letter/foot.txt", "{{ v.unsubscribe_url }}", "", "there is no way to unsubscribe"),
        ("letter/foot.mjml", "href=\"{{ v.feeds_url }}\"", "href=\"/feeds\"", "these links lead nowhere: /feeds"),
        (
            "letter/masthead.mjml",
            "{{ v.dates }}",
            "<img src=\"https://x.example/a.gif\" />",
            "picture has no description",
        ),
        ("letter/masthead.mjml", "{{ v.dates }}", "{{ '123456789'|list * 10000 }}", "bytes"),
    ] {
        let scene = magazine();
        scene.ok(&["sync", "--at", SUNDAY]);
        change(&scene, name, from, to);
        let outcome = scene.run(&["run", "--at", MONDAY]);
        assert!(outcome.code == 65 && outcome.stderr.contains(told), "{told}: {outcome:?}");
        assert_eq!(scene.files("outbox"), [""; 0]);
    }
}

#[test]
fn an_approval_falls_when_a_template_changes() {
    let scene = magazine().config("# approval = true", "approval = true");
    scene.ok(&["templates", "eject", "letter/masthead.mjml"]);
    scene.ok(&["sync", "--at", "2026-11-20"]);
    scene.ok(&["digest", "approve", "--by", "Maëlle", "--at", SUNDAY]);
    assert_eq!(scene.run(&["run", "--at", "2026-11-22T18:10"]), SILENCE);
    change(&scene, "letter/masthead.mjml", "{{ v.number }}", "{{ v.number }}, enfin");
    let fallen = scene.run(&["run", "--at", "2026-11-22T18:20"]);
    assert!(fallen.stderr.contains("2026-W47: it has changed since Maëlle approved it"), "{fallen:?}");
    assert!(scene.run(&["run", "--at", MONDAY]).stderr.contains("it has changed since"));
    assert_eq!(scene.files("outbox"), [""; 0]);
    change(&scene, "letter/masthead.mjml", ", enfin", "");
    assert_eq!(scene.run(&["run", "--at", "2026-11-23T08:10"]), SILENCE);
    assert_eq!(scene.posted(), ["2026-W47 a@example.org"]);
}

#[test]
fn templates_are_read_again_on_a_hangup_and_wrong_ones_are_not_taken() {
    let page = |words: &str| format!("{{% extends 'web/layout.html' %}}{{% block main %}}{words}{{% endblock %}}");
    let scene = at_home(magazine(), "").write("own/web/subscribe.html", &page("Un"));
    let mut house = House::open(&scene, &["--at", MONDAY]);
    let id = house.process().id().to_string();
    let hang_up = || assert!(Command::new("kill").args(["-s", "HUP", &id]).status().expect("kill").success());
    assert!(house.get("/lettre/").text().contains("\nUn\n"));
    scene.put("own/web/subscribe.html", &page("Deux"));
    assert!(house.get("/lettre/").text().contains("\nUn\n"), "nothing changes while it works");
    hang_up();
    until("the page stays the old one", || house.get("/lettre/").text().contains("\nDeux\n"));
    for (name, text) in [("web/subscribe.html", "{% if %}"), ("service.txt", "{{ v.nothing }}"), ("page.css", "")] {
        scene.put(&format!("own/{name}"), text);
        hang_up();
        std::thread::sleep(Duration::from_millis(300));
        assert!(house.get("/lettre/").text().contains("\nDeux\n"), "{name}");
        fs::remove_file(scene.path("own").join(name)).expect("a file that goes");
    }
}

/// All pages that readers meet, by the links that a first visit to the house has given.
fn pages(house: &House, links: &[String]) -> Vec<Answer> {
    let mut pages = Vec::new();
    for lang in ["fr", "en"] {
        let paths = ["/lettre/", "/lettre/archive/", "/nowhere"].map(str::to_owned);
        for path in paths.iter().chain(links) {
            pages.push(house.get(&format!("{path}?lang={lang}")));
        }
        for form in ["email=x", "email=", "email=a%40example.org&rubriques=none&name=%3Cb%3E&consent=%26"] {
            pages.push(house.post("/lettre/", &format!("lang={lang}&{form}")));
        }
        for link in links {
            for form in
                ["rubriques=none", "do=move&email=x", "do=erase", "do=save&rubriques=edito&name=Zo%C3%A9", "do=x"]
            {
                if !link.contains("quitter") {
                    pages.push(house.post(link, &format!("{form}&consent=no")));
                }
            }
        }
    }
    pages
}

#[test]
fn what_is_taken_and_not_changed_gives_the_same_pages() {
    let scene = at_home(magazine(), "");
    let house = House::open(&scene, &["--at", MONDAY]);
    for address in ["zoe", "yann"] {
        house
            .post("/lettre/", &format!("lang=fr&email={address}%40example.org&name=Zo%C3%A9&rubriques=edito&website="));
    }
    let written = notes(&scene, 2);
    let (joins, waits) = (written[0].link(), written[1].link());
    let joined = house.post(&joins, "");
    assert_eq!(joined.status, 200);
    let text = joined.text();
    let text = text.split("<main>").nth(1).expect("a page");
    let preferences = text.split("href=\"https://estran.example.org").nth(1).and_then(|rest| rest.split('"').next());
    let preferences = preferences.expect("a link").to_owned();
    let leave = house.get(&preferences).text();
    let leave = leave.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a way out").to_owned();
    let links = [joins, waits, preferences, leave];
    // The first visit changes what it may. Each is to a house that has not been asked yet, and asks nobody to wait.
    drop(house);
    pages(&House::open(&scene, &["--at", MONDAY]), &links);
    let compiled = pages(&House::open(&scene, &["--at", MONDAY]), &links);
    scene.ok(&["run", "--at", MONDAY]);
    for folder in [false, true] {
        if folder {
            scene.ok(&["templates", "eject"]);
        }
        let house = House::open(&scene, &["--at", MONDAY]);
        let own = pages(&house, &links);
        assert_eq!(own.len(), compiled.len());
        assert!(own.iter().all(|page| page.status != 429), "somebody is asked to wait");
        for (own, compiled) in own.iter().zip(&compiled).filter(|(own, _)| !own.text().contains("class=\"editions\"")) {
            assert_eq!((own.status, own.text()), (compiled.status, compiled.text()));
            assert_eq!(own.header("content-security-policy"), compiled.header("content-security-policy"));
        }
        let archive = house.get("/lettre/archive/").text();
        scene.put(&format!("archive-{folder}"), &archive);
        assert!(archive.contains("Une marée") || archive.contains("Un banc"), "{archive}");
    }
    assert_eq!(scene.read("archive-false"), scene.read("archive-true"));
    // Every page was among them, with what it shows at times only.
    assert!(compiled.iter().any(|page| page.status == 404));
    let all: String = compiled.iter().map(Answer::text).collect();
    for piece in [
        "id=\"website\"",
        "id=\"sure\"",
        "aria-describedby=\"email-wrong\"",
        "class=\"wrong\"",
        "class=\"done\"",
        "class=\"rather\"",
        "class=\"act\"",
        "name=\"robots\"",
    ] {
        assert!(all.contains(piece), "no page has {piece}");
    }
    // And that of somebody who has left.
    let left = |house: House| {
        assert_eq!(house.post(&links[3], "").status, 200);
        [house.post(&links[3], "").text(), house.get(&links[2]).text()]
    };
    let own = left(House::open(&scene, &["--at", MONDAY]));
    fs::remove_dir_all(scene.path("own")).expect("a folder that goes");
    fs::create_dir(scene.path("own")).expect("a folder");
    assert!(own[1].contains("value=\"rejoin\""), "{}", own[1]);
    assert_eq!(left(House::open(&scene, &["--at", MONDAY])), own);
}

#[test]
fn a_page_of_ones_own_is_served_and_one_that_fails_says_so_to_the_log_alone() {
    let scene = at_home(magazine(), "");
    let base = "{% extends \"default/web/subscribe.html\" %}{% block main %}<p>Entrez, {{ frame.magazine }} !</p>{{ super() }}{% endblock %}";
    scene.put("own/web/subscribe.html", base);
    scene.put("own/web/page.css", "body { color: {{ theme.ink }} }\n");
    scene.put(
        "own/web/archive.html",
        "{% extends \"web/layout.html\" %}\n{% block main %}\n{{ nonsense }}{% endblock %}",
    );
    let mut process =
        scene.command(&["serve", "--at", MONDAY]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it");
    let mut line = String::new();
    let mut out = std::io::BufReader::new(process.stdout.take().expect("its words"));
    std::io::BufRead::read_line(&mut out, &mut line).expect("a line");
    let place = line.trim().strip_prefix("serving on http://").expect("a place").to_owned();
    let get = |path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        crate::readers::house::read(&House::raw_at(&place, request.as_bytes()))
    };
    let page = get("/lettre/");
    assert!(page.text().contains("<p>Entrez, L’Estran !</p>") && page.text().contains("<h1>"), "{}", page.text());
    assert!(page.text().contains("<style>body { color: #1d2730 }</style>"), "{}", page.text());
    let failed = get("/lettre/archive/");
    assert_eq!(failed.status, 500);
    assert_eq!(get("/lettre/x/y").status, 404);
    assert!(failed.text().contains("<title>") && !failed.text().contains("nonsense"), "{}", failed.text());
    process.kill().expect("an end");
    let told = process.wait_with_output().expect("its words").stderr;
    let told = String::from_utf8(told).expect("UTF-8");
    assert!(told.contains("own/web/archive.html:3: undefined value"), "{told}");
}

#[test]
fn the_page_for_what_went_wrong_is_there_even_if_its_template_is_not() {
    for layout in [
        "{{ nonsense }}",
        "{{ frame|shout }}",
        "{% include 'web/layout.html' %}",
        "{% extends 'web/layout.html' %}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{% for a in range(9999) %}{% for b in range(9999) %}.{% endfor %}{% endfor %}",
        "{{ '.' * 2000000000 }}",
    ] {
        let scene = at_home(magazine(), "").write("own/web/layout.html", layout);
        let house = House::open(&scene, &["--at", MONDAY]);
        for (path, status) in [("/lettre/", 500), ("/nowhere", 404)] {
            let page = house.get(path);
            assert_eq!(page.status, status, "{layout}");
            assert!(page.text().starts_with("<!DOCTYPE html>\n<html lang=\"fr\">"), "{}", page.text());
        }
    }
}

#[test]
fn letters_to_one_reader_are_tried_before_anybody_is_served() {
    for (name, from, to, told) in [
        ("service.mjml", "{{ v.title }}", "{{ v.nothing }}", "own/service.mjml:LINE: undefined value"),
        ("service.mjml", "{{ v.button.url }}", "https://x.example/", "own/service.mjml: the link that the letter is"),
        (
            "service.txt",
            "{{ v.button.url }}",
            "",
            "own/service.txt: the link that the letter is written for is missing",
        ),
    ] {
        let scene = at_home(magazine(), "");
        change(&scene, name, from, to);
        let told = &with_line(&scene, name, to, told);
        let outcome = scene.run(&["serve", "--at", MONDAY]);
        assert!(outcome.code == 78 && outcome.stderr.contains(told), "{to}: {outcome:?}");
    }
    let scene = at_home(magazine(), "");
    change(&scene, "service.mjml", "{{ v.title }}", "{{ v.title }}, cher {{ v.magazine }}");
    change(&scene, "service.txt", "{{ v.title }}", "{{ v.title }} !");
    let house = House::open(&scene, &["--at", MONDAY]);
    assert_eq!(house.post("/lettre/", "lang=fr&email=zoe%40example.org&website=").status, 200);
    let note = notes(&scene, 1).remove(0);
    assert!(note.html.contains(", cher L’Estran</h1>") && note.text.lines().next().is_some_and(|l| l.ends_with(" !")));
}
