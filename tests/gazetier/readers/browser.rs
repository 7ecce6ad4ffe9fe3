//! The readers' pages in a real browser: the whole way in and out with scripts switched off, at both
//! widths, in light and in dark, and held against axe-core's rules.

use std::{
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    house::{House, at_home},
    mail::notes,
};
use crate::{
    smtp::free_port,
    support::{MONDAY, Scene, needed},
};

/// A headless Chromium with its driver; both end with the value.
pub struct Browser {
    driver: Child,
    pub client: Client,
    _profile: TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A command of Chromium's own.
#[derive(Debug)]
struct Cdp(&'static str, Value);

impl WebDriverCompatibleCommand for Cdp {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (axum::http::Method, Option<String>) {
        (axum::http::Method::POST, Some(json!({ "cmd": self.0, "params": self.1 }).to_string()))
    }
}

impl Browser {
    pub async fn open() -> Self {
        Self::open_with(&[], &[]).await
    }

    /// The same with more arguments, and with files that its environment names.
    pub async fn open_with(more: &[&str], environment: &[(&str, &Path)]) -> Self {
        let port = free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver");
        let profile = tempfile::tempdir().expect("a folder");
        let user_data = format!("--user-data-dir={}", profile.path().display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--no-proxy-server",
            // Nothing is asked of anybody but ourselves: pictures in a letter stay unseen.
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
            "--accept-lang=fr-FR",
            &user_data,
        ];
        let arguments = [&arguments[..], more].concat();
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".into(), json!({ "args": arguments }));
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "chromedriver does not start");
            sleep(Duration::from_millis(20));
        }
        let mut driver = driver;
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .inspect_err(|_| {
                let _ = driver.kill();
            })
            .expect("a browser");
        Self { driver, client, _profile: profile }
    }

    pub async fn cdp(&self, command: &'static str, parameters: Value) {
        self.client.issue_cmd(Cdp(command, parameters)).await.expect(command);
    }

    /// Looks at a page at both widths, in light and in dark: nothing sticks out, and axe-core finds
    /// nothing.
    pub async fn inspect(&self, name: &str) {
        let axe = std::fs::read_to_string(format!("{}/axe-core/axe.min.js", needed("GAZETIER_TEST_MODULES")))
            .expect("axe-core");
        self.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": false })).await;
        for (width, scheme) in [(700, "light"), (375, "light"), (700, "dark"), (375, "dark")] {
            let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
            self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
            let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            self.cdp("Emulation.setEmulatedMedia", features).await;
            let over = self
                .client
                .execute("return document.documentElement.scrollWidth - document.documentElement.clientWidth", vec![])
                .await;
            assert_eq!(over.expect("a width"), json!(0), "{name} at {width}");
            if let Ok(folder) = std::env::var("GAZETIER_TEST_PICTURES") {
                let path = format!("{folder}/{name}-{width}-{scheme}.png");
                let height = self
                    .client
                    .execute("return document.documentElement.scrollHeight", vec![])
                    .await
                    .expect("a height");
                let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
                self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
                std::fs::write(path, self.client.screenshot().await.expect("a picture")).expect("a file");
            }
            self.client.execute(&axe, vec![]).await.expect("axe-core");
            let found = self
                .client
                .execute_async("var done = arguments[0]; axe.run().then(function (r) { done(r.violations); })", vec![])
                .await
                .expect("axe's findings");
            assert_eq!(found, json!([]), "{name} at {width} in {scheme}: {found:#}");
        }
        self.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    pub async fn go(&self, house: &House, path: &str) {
        self.client.goto(&format!("http://{}{path}", house.place)).await.expect("a page");
    }

    async fn write(&self, field: &str, text: &str) {
        let field = self.client.find(Locator::Id(field)).await.expect("a field");
        field.clear().await.expect("a field");
        field.send_keys(text).await.expect("a field");
    }

    pub async fn click(&self, css: &str) {
        self.client
            .find(Locator::Css(css))
            .await
            .unwrap_or_else(|error| panic!("{css}: {error}"))
            .click()
            .await
            .expect("a click");
    }

    /// Waits until the page with this heading is there.
    async fn arrives(&self, heading: &str) {
        let end = Instant::now() + Duration::from_secs(15);
        let mut seen = String::new();
        while seen != heading {
            assert!(Instant::now() < end, "{heading:?} does not come, but {seen:?}");
            // The page before goes while it is looked at.
            if let Ok(found) = self.client.find(Locator::Css("h1")).await
                && let Ok(text) = found.text().await
            {
                seen = text;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_goes_all_the_way_in_and_out_without_a_script() {
    let scene = at_home(Scene::sample(), "");
    scene.ok(&["run", "--at", MONDAY]);
    let house = House::open(&scene, &["--at", MONDAY]);
    let browser = Browser::open().await;
    browser.go(&house, "/lettre/?lang=fr").await;
    browser.arrives("Recevez notre lettre").await;
    browser.inspect("subscribe").await;
    browser.write("email", "nobody").await;
    browser.click("label[for=rubrique-humeur]").await;
    browser.click(".fields button").await;
    let wait = browser.client.wait().at_most(Duration::from_secs(15));
    wait.for_element(Locator::Css("#email-wrong")).await.expect("words");
    browser.inspect("subscribe-wrong").await;
    let wrong = browser.client.find(Locator::Css("#email-wrong")).await.expect("words").text().await.expect("words");
    assert!(wrong.starts_with("Cette adresse ne semble pas complète."), "{wrong}");
    browser.write("email", "nolwenn@example.org").await;
    browser.write("name", "Nolwenn").await;
    browser.click(".fields button").await;
    browser.arrives("Relevez votre courrier").await;
    browser.inspect("sent").await;

    browser.go(&house, &notes(&scene, 1)[0].link()).await;
    browser.arrives("Encore un geste").await;
    browser.inspect("confirm").await;
    browser.click("main button").await;
    browser.arrives("C’est fait, bienvenue").await;
    browser.inspect("joined").await;
    assert!(scene.ok(&["subscribers", "list"]).contains("nolwenn@example.org\tactive\thumeur\tNolwenn\n"));

    let link = browser.client.find(Locator::Css("p.act a")).await.expect("a link").attr("href").await.expect("a link");
    let preferences = link.and_then(|link| Some(link.split_once("example.org")?.1.to_owned())).expect("a link");
    browser.go(&house, &preferences).await;
    browser.arrives("Vos préférences").await;
    browser.inspect("preferences").await;
    browser.click("label[for=rubrique-carnet]").await;
    browser.click("label[for=language-en]").await;
    browser.click("button[value=save]").await;
    browser.arrives("Your preferences").await;
    browser.inspect("preferences-saved").await;
    assert!(scene.ok(&["subscribers", "list"]).contains("nolwenn@example.org\tactive\tcarnet,humeur\tNolwenn\n"));
    browser.click("button[value=erase]").await;
    browser.arrives("Your preferences").await;
    assert!(scene.ok(&["subscribers", "list"]).contains("nolwenn"), "one click erases nothing");

    browser.click("#stop ~ form button").await;
    browser.arrives("You are unsubscribed").await;
    assert!(scene.ok(&["subscribers", "list"]).contains("nolwenn@example.org\tunsubscribed"));
    browser.inspect("left").await;
    browser.go(&house, &preferences).await;
    browser.click("label[for=sure]").await;
    browser.click("button[value=erase]").await;
    browser.arrives("Everything is erased").await;
    assert!(!scene.ok(&["subscribers", "list"]).contains("nolwenn"));
    browser.go(&house, "/nowhere?lang=en").await;
    browser.inspect("failure").await;
    browser.client.clone().close().await.expect("an end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_pages_are_for_everybody_too() {
    let scene = at_home(Scene::sample(), "");
    scene.ok(&["run", "--at", "2026-11-16T08:00"]);
    scene.ok(&["run", "--at", MONDAY]);
    let house = House::open(&scene, &["--at", MONDAY]);
    let browser = Browser::open().await;
    let letter = scene.letter_to("alix@example.org", "2026-W47");
    let start = letter.find("List-Unsubscribe: <https://estran.example.org").expect("a header") + 45;
    browser.go(&house, letter[start..].split('>').next().expect("an address")).await;
    browser.arrives("Ne plus recevoir la lettre").await;
    browser.inspect("leave").await;
    browser.go(&house, "/lettre/archive/?lang=fr").await;
    browser.arrives("Les lettres parues").await;
    browser.inspect("archive").await;
    browser.click(".editions a").await;
    browser.arrives("L’Estran").await;
    browser.inspect("edition").await;
    browser.go(&house, "/feeds/").await;
    browser.inspect("feeds").await;
    browser.client.clone().close().await.expect("an end");
}
