//! The desk as a browser without a script meets it, and as somebody meets it who has no business
//! there: who comes in, from where a change is taken, what stands in a page, and two editors at
//! once.

mod acts;
pub mod together;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use crate::{
    sink::{Fault, Options, Sink, faults},
    support::{MONDAY, SILENCE, Scene, column},
    wire::scene_with_subscribers,
};

/// The evening before.
pub const SUNDAY: &str = "2026-11-22T18:00";

/// An open desk.
pub struct Open {
    process: Child,
    /// Where it is, without the last slash.
    pub base: String,
    /// The address that lets in who works at the machine.
    pub way_in: String,
}

impl Open {
    pub fn at(scene: &Scene, at: &str) -> Self {
        Self::by(scene.command(&["digest", "preview", "--at", at]))
    }

    /// By a command that says where the desk is.
    pub fn by(mut command: Command) -> Self {
        let mut process = command.env("USER", "claire").stdout(Stdio::piped()).spawn().expect("the program");
        let mut line = String::new();
        let out = process.stdout.take().expect("its words");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let way_in = line.strip_prefix("the desk: ").unwrap_or_else(|| panic!("{line}")).trim().to_owned();
        let (base, _) = way_in.split_once("/enter/").expect("a way in");
        Self { process, base: base.to_owned(), way_in }
    }

    /// That of `gazetier serve`, which gives no way in.
    pub fn served(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the program");
        let out = BufReader::new(process.stdout.take().expect("its words"));
        let line = out.lines().nth(1).expect("a line").expect("a line");
        let base = line.strip_prefix("the desk on ").and_then(|rest| rest.split(';').next()).expect("a place");
        Self { process, base: base.to_owned(), way_in: String::new() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the desk answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub place: String,
    cookie: String,
    policy: String,
    pub text: String,
}

impl Answer {
    /// The cookie that it sets.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }
}

/// A browser without a script.
pub struct Visitor<'a> {
    desk: &'a Open,
    agent: ureq::Agent,
    cookie: String,
    origin: Option<String>,
}

impl<'a> Visitor<'a> {
    pub fn stranger(desk: &'a Open) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .proxy(None)
            .build();
        Self { desk, agent: agent.into(), cookie: String::new(), origin: Some(desk.base.clone()) }
    }

    pub fn editor(desk: &'a Open, way_in: &str) -> Self {
        let mut visitor = Self::stranger(desk);
        let path = way_in.strip_prefix(&desk.base).expect("an address of the desk");
        let answer = visitor.post(path, &[]);
        assert_eq!((answer.status, answer.place.as_str()), (303, "/"), "{answer:?}");
        visitor.cookie = answer.cookie.split(';').next().expect("a cookie").to_owned();
        visitor
    }

    /// Its forms come from pages of this origin.
    pub fn comes_from(&mut self, origin: &str) {
        self.origin = Some(origin.to_owned());
    }

    pub fn get(&self, path: &str) -> Answer {
        let request = self.agent.get(format!("{}{path}", self.desk.base)).header("Cookie", &self.cookie);
        read(request.call().expect("an answer"))
    }

    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut request = self.agent.post(format!("{}{path}", self.desk.base)).header("Cookie", &self.cookie);
        if let Some(origin) = &self.origin {
            request = request.header("Origin", origin);
        }
        read(request.send_form(fields.iter().copied()).expect("an answer"))
    }

    /// Decides about an edition, with what a page of it has in its forms.
    pub fn decide(&self, page: &str, act: &str, changed: &[(&str, &str)]) -> Answer {
        let own = ["period", "decision", "hash", "readers"].map(|name| (name, decision_value(page, name)));
        let mut fields: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fields.push(("act", act));
        for (name, text) in changed {
            fields.retain(|field| field.0 != *name);
            fields.push((name, text));
        }
        self.post("/decide", &fields)
    }

    /// Sends the form of the coming edition, with these fields changed.
    pub fn mend(&self, changed: &[(&str, &str)]) -> Answer {
        self.mend_with(&self.get("/").text, changed)
    }

    /// The same from a page that was there before.
    pub fn mend_with(&self, page: &str, changed: &[(&str, &str)]) -> Answer {
        let version = value(page, "version");
        let mut fields = vec![("period", "2026-W47"), ("version", &version), ("act", "save")];
        for (name, text) in changed {
            fields.retain(|field| field.0 != *name);
            fields.push((name, text));
        }
        if !changed.iter().any(|(name, _)| *name == "opening") {
            fields.push(("opening", "Bonjour."));
        }
        self.post("/", &fields)
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let header = |name: &str| {
        response.headers().get(name).map(|value| value.to_str().expect("ASCII").to_owned()).unwrap_or_default()
    };
    let (place, cookie, policy) = (header("location"), header("set-cookie"), header("content-security-policy"));
    let status = response.status().as_u16();
    Answer { status, place, cookie, policy, text: response.body_mut().read_to_string().expect("a text") }
}

/// The value of a field in the forms in which one decides.
fn decision_value(page: &str, name: &str) -> String {
    let (_, forms) = page.split_once("decision-title").unwrap_or_else(|| panic!("no decision: {page}"));
    value(forms, name)
}

/// The value of a form's field in a page.
pub fn value(page: &str, name: &str) -> String {
    let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("no {name}: {page}"));
    after.split('"').next().expect("a value").to_owned()
}

pub fn magazine() -> Scene {
    let hostile = "</script><script>alert(1)</script> & \"l’été\"";
    let scene = Scene::empty()
        .config(
            "# editors = [\"Maëlle Corvaisan <maelle@estran.example.org>\"]",
            "editors = [\"Maëlle <maelle@estran.example.org>\", \"yann@estran.example.org\"]",
        )
        .config("# approval = true", "approval = true")
        .write("subscribers.csv", "email\na@example.org\n")
        .write("columns/a.md", &column("Une marée", "edito", "2026-11-18"))
        .write("columns/b.md", &column(&format!("'{}'", hostile.replace('\'', "''")), "edito", "2026-11-19"))
        .write("columns/c.md", &column("Un banc", "carnet", "2026-11-20"));
    scene.ok(&["sync", "--at", SUNDAY]);
    scene
}

#[test]
fn nobody_comes_in_without_a_token() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let stranger = Visitor::stranger(&desk);
    for path in ["/", "/past", "/past/2026-W47", "/preview/2026-W47", "/enter/", "/enter/aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let answer = stranger.get(path);
        assert!(matches!(answer.status, 401 | 404), "{path}: {answer:?}");
        assert!(!answer.text.contains("Une marée") && !answer.text.contains("claire"), "{path}: {answer:?}");
        assert_eq!(answer.cookie, "", "{path}");
    }
    for path in ["/", "/decide", "/proof", "/links", "/leave", "/enter/aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        assert_eq!(stranger.post(path, &[("act", "approve"), ("period", "2026-W47")]).status, 401, "{path}");
    }
    // To look at the address is not yet to come in: programs that look at links do.
    let path = desk.way_in.strip_prefix(&desk.base).expect("an address");
    let door = stranger.get(path);
    assert_eq!((door.status, door.cookie.as_str()), (200, ""));
    assert!(door.text.contains("Bonjour, claire"));
    let entered = stranger.post(path, &[]);
    assert!(entered.cookie.ends_with("; Path=/; Max-Age=1209600; HttpOnly; SameSite=Strict"), "{entered:?}");
    // Who has left is out.
    let claire = Visitor::editor(&desk, &desk.way_in);
    assert_eq!(claire.get("/").status, 200);
    assert!(claire.post("/leave", &[]).cookie.starts_with("gazetier_desk=; "), "a cookie that ends");
    assert_eq!(claire.get("/").status, 401, "and a session");
}

/// The link to the desk in the newest proof of an editor.
pub fn link_of_proof(scene: &Scene, desk: &Open, at: &str) -> String {
    let before = scene.files("outbox");
    scene.ok(&["digest", "proof", "maelle@estran.example.org", "--at", at]);
    let mail = scene.files("outbox").into_iter().find(|name| !before.contains(name)).expect("a proof");
    let mail = scene.read(&format!("outbox/{mail}"));
    let parsed = mail_parser::MessageParser::default().parse(&mail).expect("a proof");
    let text = parsed.body_text(0).expect("a text").into_owned();
    let token = text.lines().find_map(|line| line.split_once("/enter/")).expect("a way in").1.trim().to_owned();
    format!("{}/enter/{token}", desk.base)
}

#[test]
fn sessions_are_listed_and_ended_and_links_end_by_themselves() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.ok(&["sync", "--take-over", "--at", SUNDAY]);
        let desk = Open::at(&scene, SUNDAY);
        let link = link_of_proof(&scene, &desk, SUNDAY);
        let (claire, maelle) = (Visitor::editor(&desk, &desk.way_in), Visitor::editor(&desk, &link));
        let again = Visitor::editor(&desk, &link);
        assert_ne!(again.cookie, maelle.cookie, "each browser has a session of its own");
        assert!(!link.contains(maelle.cookie.split('=').nth(1).expect("a secret")), "which is not the link");
        let list = scene.ok(&["desk", "list", "--at", SUNDAY]);
        // A proof goes once in a minute: the next ones are asked for later.
        let later = |minutes: u32| format!("2026-11-22T18:{minutes:02}");
        let who: Vec<&str> = list.lines().map(|line| line.split('\t').next().expect("a name")).collect();
        assert_eq!(who, ["operator", "maelle@estran.example.org", "maelle@estran.example.org"]);
        assert!(list.contains("since 2026-11-22 18:00, until 2026-12-06 18:00, from 127.0.0.1"), "{list}");
        // Who leaves is out, with the cookie that they had.
        assert_eq!(again.post("/leave", &[]).status, 200);
        assert_eq!((again.get("/").status, maelle.get("/").status), (401, 200));
        // One is sent away, and the link that was passed on with her.
        let said = scene.ok(&["desk", "revoke", "maelle@estran.example.org", "--at", SUNDAY]);
        assert_eq!(said, "1 sessions are ended; links that were sent open nothing any more\n");
        let path = link.strip_prefix(&desk.base).expect("a path").to_owned();
        let stranger = Visitor::stranger(&desk);
        assert_eq!((maelle.get("/").status, claire.get("/").status), (401, 200));
        assert_eq!((stranger.get(&path).status, stranger.post(&path, &[]).status), (401, 401));
        // The next proof lets her in again.
        let link = link_of_proof(&scene, &desk, &later(2));
        assert_eq!(Visitor::editor(&desk, &link).get("/").status, 200);
        assert!(scene.ok(&["desk", "revoke", "--all", "--at", SUNDAY]).starts_with("2 sessions are ended"));
        assert_eq!(claire.get("/").status, 401);
        assert_eq!(stranger.post(desk.way_in.strip_prefix(&desk.base).expect("a path"), &[]).status, 401);
        assert_eq!(scene.ok(&["desk", "list", "--at", SUNDAY]), "nobody is at the desk\n");
        // Who is named no more, and named again later, begins anew.
        let link = link_of_proof(&scene, &desk, &later(4));
        let cookie = Visitor::editor(&desk, &link).cookie;
        drop(desk);
        let config = scene.read("config.toml");
        scene.put("config.toml", &config.replace("\"Maëlle <maelle@estran.example.org>\", ", ""));
        drop(Open::at(&scene, SUNDAY));
        scene.put("config.toml", &config);
        let desk = Open::at(&scene, SUNDAY);
        let mut back = Visitor::stranger(&desk);
        back.cookie = cookie;
        assert_eq!(back.get("/").status, 401);
        assert_eq!(
            back.get(link.rsplit_once("/enter/").map(|(_, token)| format!("/enter/{token}")).expect("a path").as_str())
                .status,
            401
        );
        // A link in a letter ends some days after the edition's hour.
        let path =
            link_of_proof(&scene, &desk, &later(6)).split_once("/enter/").map(|(_, token)| format!("/enter/{token}"));
        let path = path.expect("a path");
        assert_eq!(Visitor::stranger(&desk).get(&path).status, 200);
        drop(desk);
        let desk = Open::at(&scene, "2026-12-01T08:00");
        assert_eq!(Visitor::stranger(&desk).get(&path).status, 401);
    }
}

#[test]
fn a_change_is_taken_from_the_desks_own_pages_alone() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let mut claire = Visitor::editor(&desk, &desk.way_in);
    let page = claire.get("/").text;
    let hash = value(&page, "hash");
    let approve = [("act", "approve"), ("period", "2026-W47"), ("hash", hash.as_str())];
    let port = desk.base.rsplit(':').next().expect("a port").to_owned();
    for origin in [
        None,
        Some("null".to_owned()),
        Some("https://estran.example.org".to_owned()),
        Some(format!("https://127.0.0.1:{port}")),
        Some(format!("http://localhost:{port}")),
        Some("http://127.0.0.1:1".to_owned()),
        Some(format!("http://127.0.0.1:{port}.example.org")),
    ] {
        claire.origin.clone_from(&origin);
        for (path, fields) in [("/decide", &approve[..]), ("/", &[("version", "0"), ("subject", "Non")][..])] {
            assert_eq!(claire.post(path, fields).status, 403, "{origin:?}");
        }
        let path = desk.way_in.strip_prefix(&desk.base).expect("an address");
        let entered = claire.post(path, &[]);
        assert_eq!((entered.status, entered.cookie.as_str()), (403, ""), "{origin:?}");
    }
    let after = claire.get("/").text;
    assert_eq!((value(&after, "version").as_str(), value(&after, "hash")), ("0", hash));
    assert!(after.contains("elle attend une approbation"), "{after}");
}

#[test]
fn nothing_is_obeyed_that_stands_in_a_column() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    let said = claire.mend(&[("subject", "\"><img src=x onerror=alert(2)>\r\nBcc: a@example.org"), ("act", "save")]);
    assert_eq!((said.status, said.place.as_str()), (303, "/?said=saved"), "{said:?}");
    for path in
        ["/", "/?view=text", "/?view=source", "/?view=headers&variant=edito", "/?variant=%22%3E%3Cb%3E&view=%22"]
    {
        let page = claire.get(path);
        assert_eq!(page.status, 200);
        assert_eq!(page.text.matches("<script>").count(), 1, "{path}: the desk's own");
        assert!(!page.text.contains("<img"), "{path}");
        assert!(page.policy.starts_with("default-src 'none'; style-src 'sha256-"), "{}", page.policy);
        assert!(!page.policy.contains("unsafe"), "{}", page.policy);
        for part in ["frame-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(page.policy.contains(part), "{}", page.policy);
        }
    }
    // The letter itself stands in a box of sand, where nothing runs and nothing is sent.
    let letter = claire.get("/preview/2026-W47?variant=&mode=dark");
    assert!(
        letter.policy.starts_with("sandbox allow-popups allow-same-origin; default-src 'none'; img-src https: http:;"),
        "{letter:?}"
    );
    assert!(!letter.text.contains("<script") && !letter.text.contains("prefers-color-scheme"), "{letter:?}");
    assert!(claire.get("/").text.contains("sandbox=\"allow-popups allow-same-origin\""));
    assert_eq!(claire.get("/preview/2026-W46?variant=").status, 404);
    assert!(
        claire.get("/?view=headers").text.contains("Subject: &#34;&#62;&#60;img src=x onerror=alert(2)&#62; Bcc: a")
    );
}

#[test]
fn everything_works_by_plain_forms() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.ok(&["sync", "--at", SUNDAY]);
        let desk = Open::at(&scene, SUNDAY);
        let claire = Visitor::editor(&desk, &desk.way_in);
        let order = |page: &str| -> Vec<String> {
            let ids = page.split("data-id=\"").skip(1).map(|rest| rest.split('"').next().expect("an id"));
            // The script has the word too.
            ids.filter(|id| id.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned).collect()
        };
        let page = claire.get("/").text;
        let start = order(&page);
        assert_eq!(start.len(), 3);
        // The two editorials change places; the second is pinned; the diary waits.
        assert_eq!(claire.mend(&[("act", &format!("down {}", start[0]))]).status, 303);
        assert_eq!(order(&claire.get("/").text), [&*start[1], &*start[0], &*start[2]]);
        assert_eq!(claire.mend(&[("act", &format!("pin {}", start[0]))]).status, 303);
        assert_eq!(order(&claire.get("/").text), [&*start[0], &*start[1], &*start[2]]);
        let out = claire.mend(&[
            ("act", &format!("out {}", start[2])),
            ("subject", "Deux éditos"),
            ("opening", "Bonjour, *vous*."),
        ]);
        assert_eq!(out.status, 303);
        let page = claire.get("/?view=text").text;
        assert_eq!(order(&page), [&*start[0], &*start[1]]);
        assert!(page.contains("Bonjour, *vous*.") && page.contains("value=\"Deux éditos\""), "{page}");
        assert_eq!(value(&page, "version"), "3");
        assert!(!page.split("<pre").nth(1).expect("the text").contains("UN BANC"));
        // It comes back, and an order by dragging is an order.
        assert_eq!(claire.mend(&[("act", &format!("in {}", start[2]))]).status, 303);
        assert_eq!(claire.mend(&[("act", &format!("unpin {}", start[0]))]).status, 303);
        let dragged = format!("order {},{},{}", start[2], start[1], start[0]);
        assert_eq!(claire.mend(&[("act", &dragged), ("subject", "")]).status, 303);
        let page = claire.get("/").text;
        assert_eq!(order(&page), [&*start[1], &*start[0], &*start[2]], "the configuration orders the rubriques");
        // What is no column of the edition is nothing.
        assert_eq!(claire.mend(&[("act", "pin 999"), ("subject", "")]).status, 303);
        assert_eq!(value(&claire.get("/").text, "version"), value(&page, "version"));

        // Held, let go, approved: each with a name, and what is approved is what was looked at.
        let say = |act: &str, changed: &[(&str, &str)]| claire.decide(&claire.get("/").text, act, changed).status;
        assert_eq!(say("hold", &[("why", "le titre")]), 303);
        assert!(claire.get("/").text.contains("Retenue (claire, 22\u{a0}novembre à 18:0"));
        // What the desk does not know is not a release.
        for act in ["", "reelase", "HOLD"] {
            assert_eq!(say(act, &[]), 400, "{act:?}");
        }
        assert!(claire.get("/").text.contains("Retenue (claire, 22\u{a0}novembre à 18:0"));
        assert_eq!(say("release", &[]), 303);
        assert_eq!(say("approve", &[("hash", "something else")]), 409);
        assert_eq!(say("approve", &[]), 303);
        assert!(claire.get("/").text.contains("Approuvée (claire, 22\u{a0}novembre à 18:0"));
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        assert_eq!(scene.posted(), ["2026-W47 a@example.org"]);
        // Frozen: no change is taken any more, and the past shows what was sent.
        assert_eq!(claire.mend(&[("subject", "Trop tard")]).status, 409);
        let past = claire.get("/past/2026-W47?view=text");
        assert!(past.text.contains("Bonjour") && past.text.contains("1 / 1 lettre<"), "{}", past.text);
        assert_eq!(claire.get("/past/2026-W46").status, 404);
    }
}

#[test]
fn of_two_editors_at_once_the_second_is_told_what_has_changed() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    // Maëlle's own way in is in her proof.
    scene.ok(&["digest", "proof", "maelle@estran.example.org", "--at", SUNDAY]);
    let mails = scene.files("outbox");
    let mail = scene.read(&format!("outbox/{}", mails[0]));
    let parsed = mail_parser::MessageParser::default().parse(&mail).expect("a proof");
    let text = parsed.body_text(0).expect("a text").into_owned();
    let token = text.lines().find_map(|line| line.split_once("/enter/")).expect("a way in").1.trim();
    let maelle = Visitor::editor(&desk, &format!("{}/enter/{token}", desk.base));
    assert_ne!(format!("{}/enter/{token}", desk.base), desk.way_in);

    assert_eq!(maelle.mend(&[("subject", "Le sujet de Maëlle")]).status, 303);
    let late = claire.mend(&[("version", "0"), ("subject", "Le sujet de Claire"), ("opening", "Mes mots.")]);
    assert_eq!(late.status, 409);
    assert!(late.text.contains("Maëlle a changé le sujet"), "{}", late.text);
    assert!(late.text.contains("Le sujet de Claire") && late.text.contains("Mes mots."), "{}", late.text);
    let page = claire.get("/").text;
    assert!(page.contains("value=\"Le sujet de Maëlle\""), "{page}");
    assert_eq!(value(&page, "version"), "1");
    // With the version that she now knows, hers is kept.
    assert_eq!(claire.mend(&[("subject", "Le sujet des deux")]).status, 303);
}

#[test]
fn what_is_red_stops_the_approval_and_says_how_to_mend_it() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    assert_eq!(claire.mend(&[("opening", "[par ici](/chroniques)")]).status, 303);
    let page = claire.get("/").text;
    assert!(page.contains("ces liens ne mènent nulle part\u{202f}: /chroniques"), "{page}");
    assert!(page.contains("écrivez-les en entier, avec https://"));
    assert!(page.contains("id=\"approve\" data-live-state disabled"));
    let refused = claire.decide(&page, "approve", &[]);
    assert_eq!(refused.status, 422);
    assert_eq!(claire.mend(&[("opening", "Bonjour.")]).status, 303);
    assert!(!claire.get("/").text.contains("id=\"approve\" data-live-state disabled"));
}

#[test]
fn what_was_held_over_its_hour_is_let_go_at_the_desk() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.ok(&["digest", "hold", "--by", "Yann", "--why", "le titre", "--at", SUNDAY]);
        scene.put("columns/d.md", &column("Une balise", "edito", "2026-11-26"));
        // The next hour has come: what was held keeps its columns, and what is new waits for its approval.
        let told = scene.run(&["run", "--at", "2026-11-30T08:00"]);
        assert!(told.stderr.contains("2026-W48: its hour has come and nobody has approved it"), "{told:?}");
        let desk = Open::at(&scene, "2026-11-30T09:00");
        let claire = Visitor::editor(&desk, &desk.way_in);
        let coming = claire.get("/").text;
        assert!(coming.contains("Une balise") && !coming.contains("Un banc"), "{coming}");
        assert!(claire.get("/past").text.contains("2026-W47"));
        let past = claire.get("/past/2026-W47");
        assert_eq!(past.status, 200, "{}", past.text);
        assert!(past.text.contains("value=\"release\""), "{}", past.text);
        assert_eq!(claire.decide(&past.text, "release", &[]).status, 303);
        assert_eq!(claire.decide(&past.text, "release", &[]).status, 303, "pressed twice, it is said once");
        let noted = claire.get("/past/2026-W47").text;
        assert_eq!(noted.matches("libérée par claire").count(), 1, "{noted}");
        let maelle = Visitor::editor(&desk, &link_of_proof(&scene, &desk, "2026-11-30T09:00"));
        assert_eq!(maelle.decide(&past.text, "release", &[]).status, 422, "it goes out already");
        scene.run(&["run", "--at", "2026-11-30T09:10"]);
        let letters: Vec<String> =
            scene.posted().into_iter().filter(|letter| !letter.starts_with("service ")).collect();
        assert_eq!(letters, ["2026-W47 a@example.org"]);
        assert!(claire.get("/past/2026-W47?view=text").text.contains("Un banc"));
    }
}

/// Letters that a relay refused are shown by its reasons, and can be tried again by each of them.
#[test]
fn refused_letters_are_shown_by_their_reasons_and_tried_again() {
    let script = faults(|step, recipient, nth| match (step, recipient, nth) {
        ("RCPT", "s1@example.org" | "s2@example.org", 1) => Fault::Reply(format!("550 5.1.1 <{recipient}>: nobody")),
        ("RCPT", "s3@example.org", 1) => Fault::Reply("550 <b>not</b> permitted".into()),
        _ => Fault::None,
    });
    for postgres in [false, true] {
        let options = Options { script: script.clone(), pipelining: false, chunking: false, ..Options::default() };
        let sink = Sink::start(options);
        let scene = scene_with_subscribers(20, sink.port, "connections = 1");
        let scene = if postgres { scene.on_postgres() } else { scene };
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        assert_eq!(scene.letters().0, [("failed", 3), ("sent", 17)].map(|(s, n)| (s.to_owned(), n)).into());
        let open = Open::at(&scene, MONDAY);
        let claire = Visitor::editor(&open, &open.way_in);
        let shown = |text: &str| {
            let table = text.split("<tbody>").nth(1).and_then(|rest| rest.split("</tbody>").next());
            table.unwrap_or_default().trim().to_owned()
        };
        let page = claire.get("/past/2026-W47");
        assert_eq!(
            shown(&page.text),
            "<tr><th scope=\"row\"><b>550 5.1.1</b> <span>550 5.1.1 &#60;(address)&#62;: nobody</span></th><td>2</td>\n\
             <td><form method=\"post\" action=\"/retry\"><input type=\"hidden\" name=\"period\" value=\"2026-W47\">\n\
             <button name=\"reason\" value=\"550 5.1.1\" class=\"quiet\">Réessayer <span class=\"unseen\">550 5.1.1</span>\
             </button></form></td></tr>\n\
             <tr><th scope=\"row\"><b>550 &#60;b&#62;not&#60;/b&#62; permitted</b> <span></span></th><td>1</td>\n\
             <td><form method=\"post\" action=\"/retry\"><input type=\"hidden\" name=\"period\" value=\"2026-W47\">\n\
             <button name=\"reason\" value=\"550 &#60;b&#62;not&#60;/b&#62; permitted\" class=\"quiet\">Réessayer \
             <span class=\"unseen\">550 &#60;b&#62;not&#60;/b&#62; permitted</span></button></form></td></tr>"
        );
        // Nobody from elsewhere, and not everything at once.
        let retry =
            |visitor: &Visitor, reason: &str| visitor.post("/retry", &[("period", "2026-W47"), ("reason", reason)]);
        assert_eq!(retry(&Visitor::stranger(&open), "550 5.1.1").status, 401);
        assert_eq!(retry(&claire, "").status, 400);
        assert_eq!(scene.letters().0.get("failed"), Some(&3));
        let answer = retry(&claire, "550 5.1.1");
        assert_eq!((answer.status, answer.place.as_str()), (303, "/past/2026-W47?said=retried"));
        assert_eq!(scene.letters().0.get("queued"), Some(&2));
        let page = claire.get(&answer.place);
        assert!(page.text.contains("elles partiront au prochain passage"), "{}", page.text);
        assert!(page.text.contains("lettres refusées remises en file par claire (550 5.1.1)"), "{}", page.text);
        assert!(!shown(&page.text).contains("5.1.1"), "{}", page.text);
        assert_eq!(retry(&claire, "550 5.1.1").place, "/past/2026-W47?said=none");
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        assert_eq!(scene.letters().0, [("failed", 1), ("sent", 19)].map(|(s, n)| (s.to_owned(), n)).into());
    }
}
