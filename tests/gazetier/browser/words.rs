//! What is typed at the desk is never lost, and a click is never swallowed: whatever becomes of the connection, the
//! session, the store, the edition and the other editors meanwhile.

use fantoccini::{Locator, actions::InputSource};
use serde_json::json;

use crate::{
    desk::{Open, SUNDAY, link_of_proof, magazine},
    readers::browser::Browser,
    support::{MONDAY, Scene, column},
};

/// A browser at the desk, as who works at the machine.
async fn at_the_desk(desk: &Open) -> Browser {
    let browser = Browser::open().await;
    browser.size(1300, 900).await;
    // What others do is not heard of before the desk answers: the page may always come too late.
    browser.cdp("Network.enable", json!({})).await;
    browser.cdp("Network.setBlockedURLs", json!({ "urls": ["*/watch*"] })).await;
    browser.client.goto(&desk.way_in).await.expect("the door");
    browser.press("main button").await;
    browser.until("document.getElementById('version')?.value", "0").await;
    browser
}

impl Browser {
    /// Runs a script in the page.
    async fn script(&self, script: &str) -> serde_json::Value {
        self.client.execute(script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Writes in a field as somebody does who types, all at once: nothing is saved before the script ends.
    async fn types(&self, field: &str, text: &str, and_then: &str) {
        let script = format!(
            "const field = document.getElementById({}); field.value = {}; \
             field.dispatchEvent(new InputEvent('input', {{ bubbles: true }})); {and_then}",
            json!(field),
            json!(text)
        );
        self.script(&script).await;
    }

    /// From now on what is sent to the desk waits until [`Browser::let_through`].
    async fn hold_back(&self) {
        self.script(
            "window.real ||= window.fetch; window.held = []; \
             window.fetch = (...what) => new Promise(go => window.held.push(go)).then(() => window.real(...what))",
        )
        .await;
    }

    async fn let_through(&self) {
        self.script("window.fetch = window.real; window.held.splice(0).forEach(go => go())").await;
    }

    /// What the browser keeps of what is not saved.
    async fn kept(&self) -> String {
        self.script("return JSON.stringify(Object.values(localStorage).join())").await.to_string()
    }

    async fn connected(&self, connected: bool) {
        self.cdp("Network.enable", json!({})).await;
        let limits = json!({ "offline": !connected, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.cdp("Network.emulateNetworkConditions", limits).await;
    }
}

const STATE: &str = "document.querySelector('.state').textContent";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_within_the_half_second_is_never_swallowed() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = at_the_desk(&desk).await;
    for (round, field, text) in [(1, "subject", "Un autre sujet"), (2, "opening", "D’autres mots.")] {
        // The reason is typed first, then somebody mends a word and presses at once.
        browser.types("why", "le titre", "").await;
        browser.types(field, text, "document.getElementById('hold').click()").await;
        browser.until(&format!("{STATE}.includes('Retenue (claire') && {STATE}.includes('· le titre')"), true).await;
        browser.until(&format!("document.getElementById('{field}').value"), text).await;
        browser.until("document.getElementById('why').value", "").await;
        browser.press("#release").await;
        // Who lets it go approves it.
        browser.until(&format!("{STATE}.startsWith('Approuvée (claire')"), true).await;
        // What is approved is what was typed, and what was looked at before.
        let more = format!("{text} Encore.");
        browser.types(field, &more, "document.getElementById('approve').click()").await;
        let approvals = "document.getElementById('history').textContent.split('approuvée par claire').length - 1";
        browser.until(approvals, 2 * round).await;
        browser.until(&format!("{STATE}.startsWith('Approuvée (claire')"), true).await;
        browser.until("document.getElementById('undone').hidden", true).await;
        let page = scene.ok(&["digest", "status", "--at", SUNDAY]);
        assert!(page.contains("2026-W47 (n° 1) approved"), "{page}");
    }
    assert_eq!(browser.script("return document.getElementById('version').value").await, json!("4"));
    assert_eq!(browser.kept().await, r#""\"\"""#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enter_in_the_field_for_the_reason_holds_the_edition() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = at_the_desk(&desk).await;
    for script in [true, false] {
        browser.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": !script })).await;
        browser.client.goto(&format!("{}/", desk.base)).await.expect("the desk");
        let why = browser.client.find(Locator::Id("why")).await.expect("a field");
        why.send_keys("le titre\u{e007}").await.expect("keys");
        browser.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": false })).await;
        browser.until(&format!("{STATE}.includes('Retenue (claire') && {STATE}.includes('· le titre')"), true).await;
        browser.press("#release").await;
        browser.until(&format!("{STATE}.startsWith('Approuvée (claire')"), true).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reason_and_the_focus_stay_while_something_is_saved() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = at_the_desk(&desk).await;
    browser.hold_back().await;
    browser.types("subject", "Un autre sujet", "").await;
    browser.until("window.held.length", 1).await;
    // While the save is on its way somebody gives the reason, and presses the button just when it comes back.
    let why = browser.client.find(Locator::Id("why")).await.expect("a field");
    why.send_keys("le titre").await.expect("keys");
    browser.let_through().await;
    browser.until("document.querySelector('#inbox b').textContent", "Un autre sujet").await;
    browser.until("document.activeElement.id", "why").await;
    browser.until("document.getElementById('why').value", "le titre").await;
    browser.hold_back().await;
    browser.types("subject", "Encore un autre", "").await;
    browser.until("window.held.length", 1).await;
    let (x, y, width, height) = {
        browser.script("document.getElementById('hold').scrollIntoView({ block: 'center' })").await;
        let button = browser.client.find(Locator::Id("hold")).await.expect("a button");
        let place = browser
            .script("const box = document.getElementById('hold').getBoundingClientRect(); return [box.x, box.y]")
            .await;
        let (_, _, width, height) = button.rectangle().await.expect("a rectangle");
        (place[0].as_f64().expect("x"), place[1].as_f64().expect("y"), width, height)
    };
    use fantoccini::actions::{MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
    let down = MouseActions::new("mouse".into())
        .then(PointerAction::MoveTo { duration: None, x: x + width / 2.0, y: y + height / 2.0 })
        .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
    browser.client.perform_actions(down).await.expect("a press");
    browser.let_through().await;
    let up = MouseActions::new("mouse".into()).then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    browser.client.perform_actions(up).await.expect("a release");
    browser.until(&format!("{STATE}.includes('· le titre')"), true).await;
    browser.until("document.querySelector('#inbox b').textContent", "Encore un autre").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_decided_stands_in_red_until_it_is() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = at_the_desk(&desk).await;
    scene.ok(&["digest", "hold", "--by", "Yann", "--why", "le titre", "--at", SUNDAY]);
    let undone = "document.getElementById('undone').hidden ? '' : document.getElementById('undone').textContent";
    browser.press("#approve").await;
    browser.until(&format!("({undone}).includes('Pas encore fait · Approuver')"), true).await;
    browser.until(&format!("({undone}).includes('Yann a retenu l’édition entre-temps (le titre)')"), true).await;
    let colour = browser.script("return getComputedStyle(document.getElementById('undone')).color").await;
    assert_eq!(colour, json!("rgb(155, 28, 28)"));
    browser.inspect("desk-undone").await;
    browser.size(1300, 900).await;
    // It stays whatever is saved meanwhile.
    browser.types("subject", "Un autre sujet", "").await;
    browser.until("document.querySelector('#inbox b').textContent", "Un autre sujet").await;
    browser.until(&format!("({undone}).includes('Approuver')"), true).await;
    // What the page shows now is what there is.
    browser.until(&format!("{STATE}.includes('Retenue (Yann')"), true).await;
    browser.press("#release").await;
    browser.until(&format!("{STATE}.startsWith('Approuvée (claire')"), true).await;
    browser.until(undone, "").await;
    // A connection that is lost undoes nothing and keeps the reason.
    browser.connected(false).await;
    browser.types("why", "le chapô", "document.getElementById('hold').click()").await;
    browser.until(&format!("({undone}).includes('Pas encore fait · Retenir')"), true).await;
    browser.until("document.getElementById('why').value", "le chapô").await;
    browser.connected(true).await;
    browser.press("#hold").await;
    browser.until(&format!("{STATE}.includes('· le chapô')"), true).await;
    browser.until(undone, "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_click_sends_one_proof_to_each_and_notes_one_approval() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = at_the_desk(&desk).await;
    browser.script("const button = document.getElementById('send-proof'); button.click(); button.click()").await;
    browser.until("document.querySelector('#notice').textContent.includes('L’épreuve')", true).await;
    browser.script("const button = document.getElementById('approve'); button.click(); button.click()").await;
    browser.until(&format!("{STATE}.startsWith('Approuvée (claire')"), true).await;
    let count = |words: &str| format!("document.getElementById('history').textContent.split('{words}').length - 1");
    browser.until(&count("approuvée par claire"), 1).await;
    browser.until(&count("épreuve envoyée par claire"), 1).await;
    scene.run(&["run", "--at", "2026-11-22T18:10"]);
    let proofs = scene.posted().into_iter().filter(|letter| letter.starts_with("service ")).collect::<Vec<_>>();
    assert_eq!(proofs, ["service maelle@estran.example.org", "service yann@estran.example.org"]);
}

/// Changes the store behind the desk's back.
fn meddle(scene: &Scene, statement: &'static str) {
    std::thread::scope(|threads| threads.spawn(|| scene.sql(statement)).join().expect("a statement"));
}

const TROUBLE: &str = "document.getElementById('trouble').hidden ? '' : document.getElementById('trouble').textContent";

/// What is typed stays in the page and in the browser, and is saved as soon as it can be.
async fn stays(browser: &Browser, text: &str, told: &str) {
    browser.until(&format!("({TROUBLE}).includes({})", json!(told)), true).await;
    browser.until("document.getElementById('opening')?.value", text).await;
    assert!(browser.kept().await.contains(&text[..20]), "{text}");
    browser.until("location.pathname", "/").await;
}

async fn is_saved(browser: &Browser, text: &str) {
    browser.until(TROUBLE, "").await;
    browser.until("document.getElementById('opening').value", text).await;
    browser.until("Object.values(localStorage).join()", "").await;
    browser.client.refresh().await.expect("the page again");
    browser.until("document.getElementById('opening')?.defaultValue", text).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_desk_answers_the_text_stays() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = at_the_desk(&desk).await;
    // The connection is lost.
    browser.connected(false).await;
    let text = "Ce qui a été écrit sans connexion.";
    browser.types("opening", text, "").await;
    stays(&browser, text, "le bureau ne répond pas. Rien n’est perdu").await;
    browser.inspect("desk-unsaved").await;
    browser.size(1300, 900).await;
    browser.connected(true).await;
    is_saved(&browser, text).await;
    // The store is away: 503.
    meddle(&scene, "ALTER TABLE edition_changes RENAME TO away");
    let text = "Ce qui a été écrit sans base.";
    browser.types("opening", text, "").await;
    stays(&browser, text, "le bureau ne répond pas. Rien n’est perdu").await;
    meddle(&scene, "ALTER TABLE away RENAME TO edition_changes");
    is_saved(&browser, text).await;
    // It is too long: 413.
    let long = "Trop long pour le bureau. ".repeat(12_000);
    browser.types("opening", &long, "").await;
    stays(&browser, &long, "c’est trop long pour le bureau").await;
    // Longer than the field, and not than the form.
    let long = "Plus long que le champ. ".repeat(1_000);
    browser.types("opening", &long, "").await;
    stays(&browser, &long, "caractères de trop (24000 / 20000)").await;
    let text = "Ce qui a été raccourci après coup.";
    browser.types("opening", text, "").await;
    is_saved(&browser, text).await;
    // The session has ended: 401. In another tab somebody comes in again.
    let later = "2026-11-22T18:05";
    scene.ok(&["desk", "revoke", "--all", "--at", later]);
    let text = "Ce qui a été écrit après la séance.";
    browser.types("opening", text, "").await;
    stays(&browser, text, "votre session est finie. Rien n’est perdu").await;
    let link = link_of_proof(&scene, &desk, later);
    let enter = format!("const done = arguments[0]; fetch({}, {{ method: 'POST' }}).then(() => done())", json!(link));
    browser.client.execute_async(&enter, vec![]).await.expect("a way in");
    browser.press("#trouble button").await;
    browser.until(TROUBLE, "").await;
    browser.until("document.getElementById('touched').textContent.includes('Maëlle')", true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_outlives_the_page() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = at_the_desk(&desk).await;
    browser.connected(false).await;
    browser.types("opening", "Les mots d’avant.", "").await;
    browser.types("why", "le titre", "").await;
    browser.until(&format!("({TROUBLE}) !== ''"), true).await;
    // The tab is closed, and the desk opened again.
    browser.client.goto("about:blank").await.expect("another page");
    browser.connected(true).await;
    browser.client.goto(&format!("{}/", desk.base)).await.expect("the desk");
    browser.until("document.getElementById('opening')?.value", "Les mots d’avant.").await;
    browser.until("document.getElementById('why').value", "le titre").await;
    browser.until("document.getElementById('version').value", "1").await;
    // Who follows a link within the half second has it saved on the way.
    browser.types("opening", "Les mots d’après.", "document.querySelector('.top nav a[href$=past]').click()").await;
    browser.until("location.pathname", "/past").await;
    browser.client.goto(&format!("{}/", desk.base)).await.expect("the desk");
    browser.until("document.getElementById('opening')?.value", "Les mots d’après.").await;
    browser.until("document.getElementById('version').value", "2").await;
}

/// Another editor's change, made from another page.
async fn another(browser: &Browser, field: &str, text: &str) {
    let other = format!(
        "const done = arguments[0]; fetch('/').then(a => a.text()).then(text => {{ \
         const page = new DOMParser().parseFromString(text, 'text/html'); \
         const body = new URLSearchParams(new FormData(page.getElementById('mend'))); \
         body.set({}, {}); body.set('act', 'save'); \
         return fetch('/', {{ method: 'POST', body }}); }}).then(answer => done(answer.status))",
        json!(field),
        json!(text)
    );
    assert_eq!(browser.client.execute_async(&other, vec![]).await.expect("a change"), json!(200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_change_one_field_both_keep_their_words() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = at_the_desk(&desk).await;
    another(&browser, "opening", "Les mots des autres.").await;
    browser.types("opening", "Les nôtres.", "").await;
    browser.until("document.querySelector('#kept .refused')?.textContent.includes('Les mots des autres.')", true).await;
    browser.until("document.getElementById('opening').value", "Les nôtres.").await;
    assert!(browser.kept().await.contains("Les nôtres."));
    browser.inspect("desk-conflict").await;
    browser.size(1300, 900).await;
    // What else is saved meanwhile neither writes over the others nor empties the notice.
    browser
        .types("preheader", "Une accroche", "document.querySelector('#columns button[value^=\"pin \"]').click()")
        .await;
    browser.until("document.querySelector('#inbox span').textContent", "Une accroche").await;
    browser.until("document.querySelector('#kept .refused')?.textContent.includes('Les mots des autres.')", true).await;
    browser.until("document.getElementById('opening').value", "Les nôtres.").await;
    // Nor does another page of the same browser decide it.
    browser.client.refresh().await.expect("the page again");
    browser.until("document.querySelector('#kept .refused')?.textContent.includes('Les mots des autres.')", true).await;
    browser.until("document.getElementById('opening').value", "Les nôtres.").await;
    browser.client.refresh().await.expect("the page again");
    browser.until("document.querySelector('#kept .refused')?.textContent.includes('Les mots des autres.')", true).await;
    // Nor is anything approved of which somebody has not said whose it is.
    browser.press("#approve").await;
    browser.until("document.getElementById('undone').textContent.includes('n’a pas pu être enregistré')", true).await;
    browser
        .script("[...document.querySelectorAll('#kept button')].find(b => b.textContent === 'Garder le mien').click()")
        .await;
    browser.until("document.getElementById('kept').children.length", 0).await;
    browser.until("Object.values(localStorage).join()", "").await;
    browser.client.refresh().await.expect("the page again");
    browser.until("document.getElementById('opening')?.defaultValue", "Les nôtres.").await;
    // And the other way.
    another(&browser, "opening", "Encore les leurs.").await;
    browser.types("opening", "Encore les nôtres.", "").await;
    browser.until("document.querySelectorAll('#kept button').length", 2).await;
    browser
        .script("[...document.querySelectorAll('#kept button')].find(b => b.textContent === 'Prendre l’autre').click()")
        .await;
    browser.until("document.getElementById('opening').value", "Encore les leurs.").await;
    browser.until("Object.values(localStorage).join()", "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subject_that_nobody_wrote_is_in_nobodys_way() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = at_the_desk(&desk).await;
    // Another editor pins a column: the edition has another subject by itself.
    let other = "const done = arguments[0]; \
                 const body = new URLSearchParams(new FormData(document.getElementById('mend'))); \
                 const pins = document.querySelectorAll('#columns button[value^=\"pin \"]'); \
                 body.set('act', pins[pins.length - 1].value); \
                 fetch('/', { method: 'POST', body }).then(answer => done(answer.status))";
    assert_eq!(browser.client.execute_async(other, vec![]).await.expect("a change"), json!(200));
    browser.types("subject", "Le nôtre", "").await;
    browser.until("document.getElementById('version').value", "2").await;
    browser.until("document.querySelector('#inbox b').textContent", "Le nôtre").await;
    browser.until("document.querySelector('#columns .tag')?.textContent", "à la une").await;
    browser.until("document.getElementById('kept').textContent.includes('les épingles')", true).await;
    browser.until("document.querySelectorAll('#kept .yours').length", 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edition_that_is_sent_while_the_desk_is_open_stops_no_later_change() {
    let scene: Scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = at_the_desk(&desk).await;
    scene.ok(&["digest", "approve", "--at", SUNDAY]);
    scene.ok(&["run", "--at", MONDAY]);
    scene.put("columns/d.md", &column("Une balise", "edito", "2026-11-24"));
    scene.ok(&["sync", "--at", MONDAY]);
    browser.types("opening", "Écrit trop tard pour elle.", "").await;
    let notice = "document.querySelector('#kept .refused')?.textContent";
    browser.until(&format!("{notice}.includes('Semaine 47 de 2026 n’est plus l’édition à venir')"), true).await;
    browser.until(&format!("{notice}.includes('Écrit trop tard pour elle.')"), true).await;
    browser.until("document.querySelector('.period').textContent.startsWith('Semaine 48')", true).await;
    // The next change is one of the edition that comes now, and what was written for the other is still there.
    browser.types("opening", "Pour la suivante.", "").await;
    browser.until("document.getElementById('version').value", "1").await;
    browser.until(&format!("{notice}.includes('Écrit trop tard pour elle.')"), true).await;
    assert!(browser.kept().await.contains("Écrit trop tard pour elle."));
    // Also when the page is opened again, until somebody has seen it.
    browser.client.refresh().await.expect("the page again");
    browser.until(&format!("{notice}?.includes('Écrit trop tard pour elle.')"), true).await;
    browser.until("document.getElementById('opening').value", "Pour la suivante.").await;
    browser.press("#kept button").await;
    browser.until("Object.values(localStorage).join()", "").await;
    // What waits for a decision is the edition that comes now.
    browser.press("#hold").await;
    browser.until(&format!("{STATE}.includes('Retenue (claire')"), true).await;
    assert!(scene.ok(&["digest", "status", "--at", SUNDAY]).contains("2026-W48 (n° 2) held"));
}
