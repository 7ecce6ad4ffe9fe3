//! The digest as browsers draw it: the same in three engines, and sound at every size.

mod editions;
mod fonts;
mod marionette;
mod webkit;

use gazetier::model::LetterLayout;
use serde::Deserialize;
use serde_json::{Value, json};

use self::{
    editions::{Shape, without_pictures},
    fonts::Fonts,
    marionette::Firefox,
    webkit::WebKit,
};
use crate::readers::browser::Browser;

const MEASURE: &str = concat!(include_str!("drawn/frame.js"), include_str!("drawn/measure.js"));
const SOUND: &str = concat!(include_str!("drawn/frame.js"), include_str!("drawn/sound.js"));

/// An element of a letter, as a browser drew it.
#[derive(Debug, Deserialize)]
struct Drawn {
    name: String,
    inline: bool,
    lines: usize,
    /// Left, top, width and height, in pixels.
    place: [f64; 4],
}

impl Drawn {
    /// How far it is from where another browser has it. In a line of words, heights are the fonts' own affair: what
    /// they make of the line is the height of its block. Of several lines, which words are in which is each browser's own
    /// where they are balanced; how many there are is again the height of the block.
    fn distance(&self, other: &Self) -> f64 {
        if self.lines > 1 {
            return 0.0;
        }
        let apart = |side: usize| (self.place[side] - other.place[side]).abs();
        let sides: &[usize] = if self.inline { &[0, 2] } else { &[0, 1, 2, 3] };
        sides.iter().map(|side| apart(*side)).fold(0.0, f64::max)
    }
}

fn read(boxes: Value) -> Vec<Drawn> {
    serde_json::from_value(boxes).expect("boxes")
}

/// The most that a box may be elsewhere in another browser, in pixels.
const TOLERANCE: f64 = 2.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_firefox_and_webkit_draw_each_layout_alike() {
    let fonts = Fonts::new();
    let file = fonts.file();
    let environment = [("FONTCONFIG_FILE", file.as_path())];
    let (chromium, webkit) =
        tokio::join!(Browser::open_with(&["--font-render-hinting=none"], &environment), WebKit::open(&file));
    // Chromium's first page takes no pages of others.
    chromium.client.goto("about:blank").await.expect("an empty page");
    let mut firefox = Firefox::open(&file);
    let mut wrong = Vec::new();
    let mut count = 0;
    for (layout, language) in LetterLayout::ALL.into_iter().flat_map(|layout| ["fr", "ar"].map(|own| (layout, own))) {
        let html = Shape { layout, count: 25, language, has_pictures: true }.html();
        for width in [700, 375] {
            let arguments = [json!(html), json!(width)];
            let wanted = read(chromium.client.execute_async(MEASURE, arguments.to_vec()).await.expect("boxes"));
            assert!(wanted.len() > 100, "{} boxes", wanted.len());
            let others =
                [("Firefox", firefox.ask(MEASURE, &arguments)), ("WebKitGTK", webkit.ask(MEASURE, &arguments).await)];
            for (browser, found) in others {
                let found = read(found);
                assert_eq!(wanted.len(), found.len(), "{browser}, {layout}, {language}, {width}");
                count += found.len();
                let pairs = wanted.iter().zip(&found).filter(|(wanted, found)| wanted.distance(found) > TOLERANCE);
                wrong.extend(pairs.take(3).map(|(wanted, found)| {
                    format!(
                        "{browser}, {layout}, {language}, {width}: {} {:?} {:?}",
                        wanted.name, wanted.place, found.place
                    )
                }));
            }
        }
    }
    assert!(wrong.is_empty(), "of {count} boxes:\n{}", wrong.join("\n"));
    webkit.client.clone().close().await.expect("an end");
    chromium.client.clone().close().await.expect("an end");
}

/// Each layout with few and many columns, in three languages, with pictures, without, and with pictures that are not shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_sticks_out_or_lies_on_something_else_in_any_letter() {
    let fonts = Fonts::new();
    let file = fonts.file();
    let browser = Browser::open_with(&[], &[("FONTCONFIG_FILE", file.as_path())]).await;
    browser.client.goto("about:blank").await.expect("an empty page");
    let mut wrong = Vec::new();
    for shape in Shape::all() {
        let html = shape.html();
        let ways = match shape.has_pictures {
            true => vec![("pictures", html.clone()), ("pictures off", without_pictures(&html))],
            false => vec![("no pictures", html)],
        };
        for ((way, html), width) in ways.iter().flat_map(|way| [700, 375].map(|width| (way, width))) {
            let faults = browser.client.execute_async(SOUND, vec![json!(html), json!(width)]).await.expect("faults");
            let faults: Vec<String> = serde_json::from_value(faults).expect("faults");
            let Shape { layout, count, language, .. } = shape;
            wrong.extend(faults.iter().map(|fault| format!("{layout}, {count}, {language}, {way}, {width}: {fault}")));
        }
    }
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
    browser.client.clone().close().await.expect("an end");
}
