//! The desk as editors work at it: two at once, without a script, by keyboard, in windows of any size.

use fantoccini::{Locator, key::Key};
use serde_json::json;

use crate::{
    desk::{Open, SUNDAY, link_of_proof, magazine},
    readers::browser::Browser,
    support::column,
};

/// A browser that has come in by a link.
async fn come_in(link: &str) -> Browser {
    let browser = Browser::open().await;
    browser.size(1300, 900).await;
    browser.client.goto(link).await.expect("the door");
    browser.press("main button").await;
    browser.until("document.getElementById('version') !== null", true).await;
    browser
}

async fn script(browser: &Browser, script: &str) -> serde_json::Value {
    browser.client.execute(script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}"))
}

/// Writes in a field, behind what is there.
async fn write(browser: &Browser, field: &str, text: &str) {
    let field = browser.client.find(Locator::Id(field)).await.expect("a field");
    field.send_keys(text).await.expect("keys");
}

const FIELD: &str = "document.getElementById";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_editors_see_one_another_and_what_each_of_them_writes() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let link = link_of_proof(&scene, &desk, SUNDAY);
    let claire = come_in(&desk.way_in).await;
    let maelle = come_in(&link).await;
    claire.until("document.getElementById('here').textContent.includes('Maëlle')", true).await;
    maelle.until("document.getElementById('here').textContent.includes('claire')", true).await;
    // Each writes in a field of her own, at once.
    write(&claire, "preheader", "L’accroche de Claire").await;
    write(&maelle, "opening", " Les mots de Maëlle.").await;
    for browser in [&claire, &maelle] {
        browser.until(&format!("{FIELD}('preheader').value"), "L’accroche de Claire").await;
        browser.until(&format!("{FIELD}('opening').value.endsWith(' Les mots de Maëlle.')"), true).await;
        browser.until("document.querySelector('#inbox span').textContent", "L’accroche de Claire").await;
        // Nobody is asked anything.
        browser.until("document.querySelectorAll('#kept button').length < 2", true).await;
    }
    // What the other is writing in the same field is told at once, and nothing is lost.
    script(
        &claire,
        "window.real = window.fetch; window.fetch = (...what) => what[1]?.method === 'POST' \
         ? Promise.reject(new TypeError()) : window.real(...what)",
    )
    .await;
    write(&claire, "subject", " de Claire").await;
    write(&maelle, "subject", " de Maëlle").await;
    claire.until("document.getElementById('kept').textContent.includes(' de Maëlle')", true).await;
    claire.until(&format!("{FIELD}('subject').value.endsWith(' de Claire')"), true).await;
    // A decision of the one is seen by the other.
    maelle.press("#hold").await;
    claire.until("document.querySelector('.state').textContent.includes('Retenue (Maëlle')", true).await;
    claire.inspect("desk-two").await;
    // Who leaves is no longer there.
    maelle.client.goto("about:blank").await.expect("another page");
    claire.size(1300, 900).await;
    claire.until("document.getElementById('here').textContent", "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_script_nothing_typed_goes_with_the_page() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = come_in(&desk.way_in).await;
    for (round, press) in [".tabs button[value=text]", "[formaction$=links]", "#send-proof"].into_iter().enumerate() {
        browser.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
        browser.client.goto(&format!("{}/", desk.base)).await.expect("the desk");
        write(&browser, "opening", &format!(" Phrase {round}.")).await;
        browser.press(press).await;
        browser.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": false })).await;
        let kept = format!("{FIELD}('opening')?.defaultValue.endsWith(' Phrase {round}.')");
        browser.until(&kept, true).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_preview_stays_where_somebody_reads() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = come_in(&desk.way_in).await;
    browser.size(1300, 500).await;
    let frame = "document.querySelector('.wide iframe')";
    browser.until(&format!("{frame}.contentDocument.querySelector('h2') !== null"), true).await;
    script(&browser, &format!("{frame}.contentWindow.scrollTo(0, 321); window.was = {frame}.src")).await;
    write(&browser, "opening", " Quelques mots de plus.").await;
    browser.until(&format!("{frame}.src !== window.was"), true).await;
    browser.until("document.querySelectorAll('.wide iframe').length", 1).await;
    browser.until(&format!("{frame}.contentDocument.body.textContent.includes('Quelques mots de plus.')"), true).await;
    browser.until(&format!("{frame}.contentWindow.scrollY"), 321).await;
    // Another view comes without another page: what is typed meanwhile stays in its field.
    script(&browser, "window.stays = true").await;
    write(&browser, "opening", " Encore.").await;
    browser.press(".tabs button[value=text]").await;
    browser.until("document.querySelector('pre.page')?.textContent.includes('Encore.')", true).await;
    browser.until("location.search.includes('view=text') && window.stays", true).await;
    browser.press("[formaction$=links]").await;
    browser.until("document.querySelector('#notice').textContent.trim() !== '' && window.stays", true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wide_letter_is_wide_in_every_window() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = come_in(&desk.way_in).await;
    for width in [1920, 1536, 1440, 1408, 1200, 1024, 800, 700] {
        browser.size(width, 900).await;
        // The letter's own breakpoint is at 600 px; what is shown fits its frame.
        browser.until("document.querySelector('.wide iframe').contentWindow.innerWidth >= 640", true).await;
        let fits = "(() => { const frame = document.querySelector('.wide iframe').getBoundingClientRect(); \
                    const screen = document.querySelector('.wide .screen').getBoundingClientRect(); \
                    return Math.abs(frame.width - screen.width) < 4 && Math.abs(frame.height - screen.height) < 4; })()";
        browser.until(fits, true).await;
        let over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        browser.until(over, 0).await;
        browser.picture(&format!("desk-wide-{width}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_columns_are_a_short_way_by_keyboard() {
    let scene = magazine();
    for number in 10..70 {
        scene.put(&format!("columns/n{number}.md"), &column(&format!("Chronique {number}"), "edito", "2026-11-18"));
    }
    scene.ok(&["sync", "--at", SUNDAY]);
    let desk = Open::at(&scene, SUNDAY);
    let browser = come_in(&desk.way_in).await;
    let tags = "[...document.querySelectorAll('#columns .tag')].filter(tag => tag.textContent === 'titre seul').length";
    browser.until(&format!("{tags} > 15"), true).await;
    let press = async |key: Key| {
        let focused = browser.client.active_element().await.expect("the focus");
        focused.send_keys(&String::from(char::from(key))).await.expect("a key");
    };
    script(&browser, "document.querySelector('.skip').focus()").await;
    let mut steps = 0;
    while script(&browser, "return document.activeElement.id").await != json!("approve") {
        press(Key::Tab).await;
        steps += 1;
        assert!(steps < 45, "the way to approve");
    }
    // By the way in the page it is shorter still, without a script too.
    script(&browser, "document.querySelector('.jump a[href=\"#decision-title\"]').focus()").await;
    press(Key::Enter).await;
    press(Key::Tab).await;
    browser.until("document.activeElement.id", "approve").await;
    browser.size(1440, 1000).await;
    browser.picture("desk-sixty-1440").await;
    browser.inspect("desk-sixty").await;
    browser.size(1300, 900).await;
    // The arrows go from column to column.
    script(&browser, "document.querySelector('#columns .list button:not(:disabled)').focus()").await;
    let place = "[...document.querySelectorAll('#columns .list > li')].indexOf(document.activeElement.closest('li'))";
    press(Key::Down).await;
    press(Key::Down).await;
    browser.until(place, 2).await;
    press(Key::Up).await;
    browser.until(place, 1).await;
    assert_eq!(browser.violations().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_line_that_saves_covers_nothing() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let browser = come_in(&desk.way_in).await;
    // A window at 400 %.
    browser.size(320, 256).await;
    browser.until("getComputedStyle(document.querySelector('.save')).position", "static").await;
    browser.size(1300, 700).await;
    for title in ["columns-title", "preflight-title", "proof-title", "decision-title"] {
        script(&browser, &format!("document.querySelector('.jump a[href=\"#{title}\"]').click()")).await;
        let free = format!(
            "(() => {{ const box = document.getElementById('{title}').getBoundingClientRect(); \
             return document.elementFromPoint(box.left + 4, box.top + 14)?.id; }})()"
        );
        browser.until(&free, title).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_the_site_does_not_have_yet_is_seen() {
    let scene = magazine();
    let picture = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/columns/images/phare.jpg")).expect("a picture");
    std::fs::write(scene.path("columns/phare.jpg"), picture).expect("a picture");
    let text = column("Avec un phare", "edito", "2026-11-21");
    scene.put("columns/e.md", &text.replacen("---\n", "---\nimage:\n  url: phare.jpg\n  alt: Un phare\n", 1));
    scene.ok(&["sync", "--at", SUNDAY]);
    let desk = Open::at(&scene, SUNDAY);
    let browser = come_in(&desk.way_in).await;
    for frame in ["wide", "phone"] {
        let width = format!(
            "document.querySelector('.{frame} iframe').contentDocument.querySelector('img.alt')?.naturalWidth > 0"
        );
        browser.until(&width, true).await;
    }
}
