//! The desk in a real browser, from the way in to the letter that goes out: Chromium, led by
//! chromedriver.

mod faults;
mod words;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use fantoccini::{Client, Locator, actions::InputSource, key::Key};
use serde_json::json;

use crate::{
    desk::{Open, SUNDAY},
    readers::browser::Browser,
    smtp::{Sink, free_port, through},
    support::{MONDAY, SILENCE, Scene, needed},
};

impl Browser {
    /// Makes the window so large, with scripts.
    async fn size(&self, width: u32, height: u32) {
        self.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": false })).await;
        let light = json!({ "features": [{ "name": "prefers-color-scheme", "value": "light" }] });
        self.cdp("Emulation.setEmulatedMedia", light).await;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Keeps a picture of the window, if somebody wants to look.
    async fn picture(&self, name: &str) {
        if let Ok(folder) = std::env::var("GAZETIER_TEST_PICTURES") {
            let picture = self.client.screenshot().await.expect("a picture");
            fs::write(Path::new(&folder).join(format!("{name}.png")), picture).expect("a file");
        }
    }

    /// Waits until a script gives what is wanted.
    async fn until(&self, script: &str, wanted: impl Into<serde_json::Value>) {
        let wanted = wanted.into();
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let found = self.client.execute(&format!("return {script}"), vec![]).await;
            if found.as_ref().is_ok_and(|found| *found == wanted) {
                return;
            }
            assert!(Instant::now() < end, "{script}: {found:?}, not {wanted}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn press(&self, css: &str) {
        let element = self.client.wait().for_element(Locator::Css(css)).await.unwrap_or_else(|e| panic!("{css}: {e}"));
        element.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// What axe-core finds wrong with the page.
    async fn violations(&self) -> Vec<String> {
        let axe = Path::new(&needed("GAZETIER_TEST_MODULES")).join("axe-core/axe.min.js");
        let axe = fs::read_to_string(axe).expect("axe-core");
        let ask = "const done = arguments[arguments.length - 1]; axe.run(document).then(found => done(found.violations \
                   .map(v => v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary).join('; '))))";
        let found = self.client.execute_async(&format!("{axe};{ask}"), vec![]).await.expect("axe-core runs");
        serde_json::from_value(found).expect("findings")
    }
}

fn magazine(sink: &Sink) -> Scene {
    let port = free_port();
    let scene = through(Scene::sample(), sink.port)
        .config("listen = \"127.0.0.1:0\"", &format!("listen = \"127.0.0.1:{port}\""))
        .config("# approval = true", "approval = true")
        .config(
            "# editors = [\"Maëlle Corvaisan <maelle@estran.example.org>\"]",
            "editors = [\"Maëlle Corvaisan <maelle@estran.example.org>\", \"yann@estran.example.org\"]",
        );
    scene.ok(&["sync", "--at", SUNDAY]);
    scene
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_way_in_to_the_letter_that_goes_out() {
    let sink = Sink::start(&[]);
    let scene = magazine(&sink);
    let desk = Open::at(&scene, SUNDAY);
    let browser = Browser::open().await;
    browser.size(1500, 1000).await;
    let page = &browser.client;

    page.goto(&desk.way_in).await.expect("the door");
    assert_eq!(browser.violations().await, [""; 0], "the door");
    browser.press("main button").await;
    browser.until("document.querySelector('.state')?.textContent.includes('attend une approbation')", true).await;
    // At both widths, in light and in dark, and nothing sticks out.
    browser.inspect("desk").await;
    browser.size(1500, 1000).await;
    assert_eq!(browser.violations().await, [""; 0], "the desk");

    // The subject: the inbox, the meter and the store follow while one writes.
    let subject = page.find(Locator::Id("subject")).await.expect("the subject");
    subject.clear().await.expect("a field to clear");
    subject.send_keys("Ce que dit la vase").await.expect("a field to write in");
    browser.until("document.querySelector('#inbox b').textContent", "Ce que dit la vase").await;
    browser.until("document.querySelector('#subject-length span').textContent.startsWith('18 / 60')", true).await;
    browser.until("document.getElementById('version').value > 0", true).await;
    browser.until("document.activeElement.id", "subject").await;

    // A column is pinned: it leads the letter at once, also on the phone.
    let pin = "[...document.querySelectorAll('#columns li')].find(li => li.textContent.includes('Petit lexique'))";
    page.execute(&format!("{pin}.querySelector('button[value^=\"pin \"]').click()"), vec![]).await.expect("a button");
    browser.until(&format!("{pin}.querySelector('.tag')?.textContent"), "à la une").await;
    browser.until("document.activeElement.value.startsWith('unpin ')", true).await;
    let shown = "[...document.querySelectorAll('.phone iframe')].map(f => f.contentDocument?.querySelector('h2.big')\
                 ?.textContent.trim()).join()";
    browser.until(shown, "Petit lexique de la vase").await;
    let phone = page.find(Locator::Css(".phone .screen")).await.expect("the phone");
    let (_, _, width, _) = phone.rectangle().await.expect("a rectangle");
    assert!((360.0..=380.0).contains(&width), "{width}");
    let phone = page.find(Locator::Css(".phone iframe")).await.expect("the phone");
    phone.enter_frame().await.expect("the frame");
    page.wait().for_element(Locator::Css("h2.big")).await.expect("the lead");
    let lead = page.find(Locator::Css("h2.big")).await.expect("the lead").text().await.expect("a text");
    assert_eq!(lead, "Petit lexique de la vase");
    assert_eq!(browser.client.execute("return innerWidth", vec![]).await.expect("a width"), json!(width as u32 - 16));
    page.enter_parent_frame().await.expect("the desk");

    // By keyboard: the first editorial goes down, and the focus stays with it.
    let first = "document.querySelector('#columns .list li .title')";
    let before = page.execute(&format!("return {first}.textContent"), vec![]).await.expect("a title");
    page.execute("document.querySelector('#columns button[value^=\"down \"]').focus()", vec![]).await.expect("focus");
    let focused = page.active_element().await.expect("the focus");
    focused.send_keys(&String::from(char::from(Key::Enter))).await.expect("a key");
    browser.until(&format!("{first}.textContent !== {before}"), true).await;
    let moved = "document.activeElement.closest('li').querySelector('.title').textContent";
    browser.until(moved, before.clone()).await;

    // By dragging: back to where it was.
    drag(page, "#columns .list li:nth-child(2)", "#columns .list li:nth-child(1)").await;
    browser.until(&format!("{first}.textContent"), before).await;

    // What readers will get, as text.
    browser.press(".tabs button[value=text]").await;
    page.wait().for_element(Locator::Css("pre.page")).await.expect("the text");
    // As it is: what the driver calls a text has no no-break spaces.
    let text = page.execute("return document.querySelector('pre.page').textContent", vec![]).await.expect("a text");
    let text = text.as_str().expect("a text").to_owned();
    assert!(text.contains("Petit lexique de la vase"), "{text}");
    assert_eq!(browser.violations().await, [""; 0], "the text");
    // As inboxes and mail programs show it.
    for view in ["inboxes", "outlook", "gmail", "text"] {
        browser.press(&format!(".tabs button[value={view}]")).await;
        let chosen = format!("document.querySelector('.tabs button[value={view}]').getAttribute('aria-current')");
        browser.until(&chosen, "true").await;
        assert_eq!(browser.violations().await, [""; 0], "{view}");
    }
    browser.press(".tabs button[value=dark]").await;
    browser.until("document.querySelector('.wide iframe').src.includes('mode=dark')", true).await;

    // The proof arrives, marked as one, with the way to the desk.
    browser.press("#send-proof").await;
    browser.until("document.querySelector('#notice').textContent.trim()", "L’épreuve est partie.").await;
    let end = Instant::now() + Duration::from_secs(20);
    while sink.count() < 2 && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let proofs = sink.mails();
    let to: Vec<&str> = proofs.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!(to, ["maelle@estran.example.org", "yann@estran.example.org"]);
    for proof in &proofs {
        let parsed = mail_parser::MessageParser::default().parse(&proof.text).expect("a proof");
        assert_eq!(parsed.subject(), Some("Épreuve · Ce que dit la vase"));
        let (html, text) = (parsed.body_html(0).expect("HTML"), parsed.body_text(0).expect("a text"));
        for part in [html, text] {
            assert!(part.contains("Ceci est une épreuve."), "{part}");
            assert!(part.contains(&format!("{}/enter/", desk.base)), "{part}");
            assert!(!part.contains("0stands0here0"), "{part}");
        }
        assert!(parsed.header_raw("List-Unsubscribe").is_none());
    }

    // Approved by the one who looked; nothing goes before its hour.
    browser.press("#approve").await;
    browser
        .until(
            "document.querySelector('.state').textContent.startsWith('Approuvée (claire, 22\u{a0}novembre à 18:')",
            true,
        )
        .await;
    assert_eq!(browser.violations().await, [""; 0], "approved");
    assert_eq!(scene.run(&["run", "--at", "2026-11-23T07:29"]), SILENCE);
    assert_eq!(sink.count(), 2);
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    let letters: Vec<_> =
        sink.mails().into_iter().filter(|mail| !mail.recipient.ends_with("estran.example.org")).collect();
    assert_eq!(letters.len(), 3);
    let mut whole = 0;
    for letter in &letters {
        let parsed = mail_parser::MessageParser::default().parse(&letter.text).expect("a letter");
        assert_eq!(parsed.subject(), Some("Ce que dit la vase"));
        let sent = parsed.body_text(0).expect("a text");
        let token = sent.split("/quitter/").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a token");
        whole += usize::from(flat(&sent.replace(token, "…")) == flat(&text));
    }
    assert_eq!(whole, 1, "who wants all gets, word for word, what was looked at");

    // The past.
    page.goto(&format!("{}/past", desk.base)).await.expect("the past");
    browser.press("main a").await;
    browser.until("document.querySelector('.state')?.textContent", "Envoyée").await;
    assert_eq!(browser.violations().await, [""; 0], "the past");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_too_late_sees_what_has_changed_and_loses_nothing() {
    let sink = Sink::start(&[]);
    let scene = magazine(&sink);
    let desk = Open::at(&scene, SUNDAY);
    let browser = Browser::open().await;
    browser.size(1300, 900).await;
    // The page hears of it by the desk's answer alone.
    browser.cdp("Network.enable", json!({})).await;
    browser.cdp("Network.setBlockedURLs", json!({ "urls": ["*/watch*"] })).await;
    let page = &browser.client;
    page.goto(&desk.way_in).await.expect("the door");
    browser.press("main button").await;
    browser.until("document.getElementById('version')?.value", "0").await;
    // Somebody else changes the edition meanwhile.
    let other = "const body = new URLSearchParams(new FormData(document.getElementById('mend'))); \
                 body.set('subject', 'Le leur'); body.set('act', 'save'); \
                 const done = arguments[arguments.length - 1]; \
                 fetch('/', {method: 'POST', body, headers: {'x-desk': 'live'}}).then(answer => done(answer.status))";
    assert_eq!(page.execute_async(other, vec![]).await.expect("a change"), json!(200));
    let opening = page.find(Locator::Id("opening")).await.expect("the opening words");
    opening.clear().await.expect("a field to clear");
    opening.send_keys("Les nôtres.").await.expect("a field to write in");
    browser.until("document.querySelector('#kept .refused') !== null", true).await;
    let notice = page.find(Locator::Id("kept")).await.expect("a notice").text().await.expect("a text");
    assert!(notice.contains("claire a changé le sujet"), "{notice}");
    browser.until("document.getElementById('subject').value", "Le leur").await;
    // Two fields, two editors: both are saved, and nobody types anything twice.
    browser.until("document.getElementById('opening').value", "Les nôtres.").await;
    browser.until("document.getElementById('version').value", "2").await;
    browser.until("document.getElementById('kept').textContent.includes('claire a changé le sujet')", true).await;
    assert_eq!(browser.violations().await, [""; 0]);
}

/// Text without the ways in which lines may end.
fn flat(text: &str) -> String {
    text.split([' ', '\n', '\r']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Drags one element above another with the mouse.
async fn drag(page: &Client, from: &str, to: &str) {
    use fantoccini::actions::{MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
    let ask = "document.querySelector(arguments[1]).scrollIntoView({block: 'center'}); \
               return [...arguments].map(css => { \
               const box = document.querySelector(css).getBoundingClientRect(); return [box.left + 40, box.top + 6]; })";
    let places = page.execute(ask, vec![json!(from), json!(to)]).await.expect("places");
    let places: Vec<(f64, f64)> = serde_json::from_value(places).expect("two points");
    let [(x, y), (to_x, to_y)] = places[..] else { panic!("{places:?}") };
    let to_place = |x: f64, y: f64| PointerAction::MoveTo { duration: Some(Duration::from_millis(60)), x, y };
    let mouse = MouseActions::new("mouse".into())
        .then(to_place(x, y))
        .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
        .then(to_place(x, y - 10.0))
        .then(to_place(to_x, to_y + 6.0))
        .then(to_place(to_x, to_y))
        .then(to_place(to_x, to_y + 2.0))
        .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    page.perform_actions(mouse).await.expect("a drag");
}
