//! What a feed cannot hold: something stands in its place, or it is told.

use serde_json::json;

use super::LATER;
use crate::support::Scene;

/// What is said of a column with this body, and the body in the feed.
fn published(body: &str) -> (String, String) {
    let scene = Scene::empty();
    scene.put("columns/a.md", &format!("---\ntitle: A\npublished: 2026-11-20\nslug: a\n---\n\n{body}\n"));
    let outcome = scene.run(&["sync"]);
    scene.ok(&["publish", "--at", LATER]);
    let html = scene.items("feed.json").first().map(|item| item["content_html"].clone()).unwrap_or_default();
    (outcome.stderr, html.as_str().unwrap_or_default().to_owned())
}

#[test]
fn what_a_page_would_play_or_draw_leaves_a_link_or_words() {
    let mut told = String::new();
    for body in [
        "<iframe width=\"560\" src=\"https://www.youtube-nocookie.com/embed/Ab-1?rel=0\" title=\"YouTube video player\"></iframe>",
        "<iframe src=\"https://player.vimeo.com/video/12\" title=\"Une marée\"></iframe>",
        "<iframe data-src=\"https://w.soundcloud.com/player/?url=https%3A//api.soundcloud.com/tracks/9\"></iframe>",
        "<iframe src=\"https://tube.example/videos/embed/9c\"></iframe>",
        "<iframe src=\"https://cartes.example/port\">",
        "Avant <iframe src=\"https://cartes.example/port\" title=\"La carte\"> après.\n\nPuis.",
        "<iframe srcdoc=\"<p>x</p>\"></iframe>",
        "<video controls poster=\"p.jpg\">\n<source src=\"film.mp4\" type=\"video/mp4\">\n</video>",
        "<audio src=\"/son.mp3\" title=\"La corne de brume\"></audio>",
        "<video></video>\n\nTexte.",
        "<object data=\"https://c.example/plan.pdf\" type=\"application/pdf\"><p>Le plan</p></object>",
        "<embed src=\"https://www.dailymotion.com/embed/video/x1\">",
        "<img class=\"lazy\" src=\"data:image/gif;base64,R0\" data-src=\"phare.jpg\" alt=\"Un phare\"><noscript><img src=\"phare.jpg\" alt=\"Un phare\"></noscript>",
        "<div>\n<img src=\"/vide.gif\" data-srcset=\"a.jpg 1x, b.jpg 2x\" alt=\"Une bouée\">\n<noscript><img src=\"a.jpg\"></noscript>\n</div>",
        "<img data-srcset=\"a.jpg 400w, b.jpg 800w\" alt=\"Deux tailles\">",
        "<img src=\"data:image/png;base64,R0\" alt=\"Un croquis\">",
        "<svg viewBox=\"0 0 1 1\" role=\"img\"><title>La jetée</title><path d=\"M0\"/></svg>",
        "Une <svg aria-hidden=\"true\"><use href=\"#i\"/></svg> icône et <svg><svg><circle r=\"1\"/></svg></svg> un rond.",
        "<math alttext=\"a + b\"><mi>a</mi><mo>+</mo><mi>b</mi></math> et <math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>",
        "<form action=\"/vote\"><label>Nom <input name=\"n\"></label><button>Voter</button></form>",
        "- <input type=\"checkbox\" checked disabled> fait\n- <input type=\"checkbox\" disabled> à faire",
        "Nom : <input name=\"n\"> <select><option>un</option></select>",
        "<canvas id=\"c\"></canvas>\n\nTexte.",
        "<script src=\"https://gist.github.com/zoe/12.js\"></script>",
        "[Appeler](tel:+33298000000), [écrire](sms:+33298000000), <a href=\"sms:+331?body=x\">là</a>",
        "<script>document.write('tout')</script>",
        "<svg><path d=\"M0\"/></svg>",
        "<!-- plus tard -->",
    ] {
        let (said, html) = published(body);
        told += &format!("# {body}\n{html}{}{said}\n", if html.ends_with('\n') { "" } else { "\n" });
    }
    insta::assert_snapshot!("embeds", told);
}

#[test]
fn what_readers_do_not_see_is_found_in_the_store() {
    let scene = Scene::empty();
    for (name, body) in [("a", "x <canvas></canvas>"), ("b", "x"), ("c", "<input> <svg><path/></svg> y")] {
        scene
            .put(&format!("columns/{name}.md"), &format!("---\ntitle: {name}\npublished: 2026-11-20\n---\n\n{body}\n"));
    }
    scene.ok(&["sync"]);
    let told = scene.ok(&["publish", "--check", "--at", LATER]);
    let line = |name: &str, what: &str| {
        format!(
            "{name:?} (tag:estran.example.org,2026-01-01:markdown/{name}): readers will not see everything of the body: \
             {what}: describe it in words, or give it a title\n"
        )
    };
    let lines = line("a", "canvas (1)") + &line("c", "input (1), svg (1)");
    assert_eq!(told, lines + "4 feeds, no finding; 2 columns that readers see in part\n");
    assert_eq!(json!(scene.run(&["publish", "--check"]).stderr), json!(""));
}
