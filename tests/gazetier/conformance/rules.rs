//! Rule by rule: what is told, of which column and field.

use chrono::{Duration, TimeZone, Utc};
use gazetier::{
    config::Config,
    model::{Column, Image},
    publish::forms::{Feed, conform},
};

use super::{configs, image, now, sound, web};
use crate::support::Scene;

#[test]
fn each_rule_names_column_and_field() {
    let [config, _] = configs();
    let one = |change: &dyn Fn(&mut Column)| {
        let mut column = sound();
        change(&mut column);
        vec![column]
    };
    let two = |change: &dyn Fn(&mut Column, &mut Column)| {
        let (mut a, mut b) = (sound(), sound());
        b.guid = "tag:estran.example.org,2026-01-01:markdown/digue".into();
        b.title = "La digue".into();
        b.updated += Duration::milliseconds(1);
        change(&mut a, &mut b);
        vec![a, b]
    };
    let body = |html: &'static str| one(&move |c| c.body = html.into());
    let cases = [
        one(&|c| c.title = "Le phare\u{b}".into()),
        one(&|c| c.standfirst = "Il s\u{92}éteint".into()),
        one(&|c| c.byline = Some("Zo\u{fffd}".into())),
        one(&|c| c.image = Some(Image { alt: "\u{fffe}".into(), credit: Some("\0".into()), ..image() })),
        body("<p>a\u{1}</p>"),
        one(&|c| c.guid = "tag:estran.example.org,2026:\u{7f}".into()),
        one(&|c| (c.title, c.standfirst, c.body) = (" ".into(), String::new(), "<p>\u{a0}&nbsp;</p>".into())),
        one(&|c| c.title = "Le phare\ns’éteint".into()),
        one(&|c| c.byline = Some("Zoé\u{2028}Yann".into())),
        one(&|c| c.byline = Some("Zoé <zoe@example.org>".into())),
        one(&|c| c.guid = String::new()),
        one(&|c| c.guid = " 12345678901 ".into()),
        one(&|c| c.guid = "1234".into()),
        two(&|a, b| b.guid.clone_from(&a.guid)),
        one(&|c| c.url = web("mailto:zoe@example.org")),
        one(&|c| c.image = Some(Image { url: web("data:image/png,x"), ..image() })),
        one(&|c| c.updated = c.published - Duration::seconds(1)),
        one(&|c| (c.published, c.updated) = (now() + Duration::days(1), now() + Duration::days(26_700))),
        one(&|c| (c.published, c.updated) = (Utc.timestamp_nanos(0), Utc.timestamp_nanos(0))),
        two(&|a, b| b.updated = a.updated),
        body("<script>alert(1)</script>"),
        body("<p onclick=\"alert(1)\">a</p>"),
        body("<p style=\"background:url(x)\">a</p>"),
        body(
            "<a href=\"../carnet\">a</a><img src=\"https://a.example/é.jpg\" srcset=\"https://a.example/b 1x, c 2x\">",
        ),
        body("<p>a<div>b</div></p>"),
        body("<p>a &check; b &c</p>"),
        body("<p>1 < 2</p><br"),
    ];
    let mut told = Vec::new();
    for columns in &cases {
        let feed = Feed::new(&config, None, columns).expect("a feed");
        let found = conform::check(&feed, now());
        assert!(!found.is_empty(), "{columns:?}");
        told.extend(found.into_iter().map(|finding| finding.to_string()));
    }
    let wrong = Scene::empty()
        .config("language = \"fr\"", "language = \"fr-francophonie\"")
        .config("url = \"https://estran.example.org/\"", "url = \"https://bord_de_mer.example/\"");
    let wrong = wrong.config("tag_date = \"2026-01-01\"", "tag_date = \"1980-01-01\"");
    let wrong = wrong.config("url = \"https://estran.example.org/feeds/\"", "url = \"https://[::1]/feeds/\"");
    let wrong = Config::load(&wrong.path("config.toml")).expect("a configuration");
    let feed = Feed::new(&wrong, None, &[]).expect("a feed");
    told.extend(conform::check(&feed, now()).into_iter().map(|finding| finding.to_string()));
    insta::assert_snapshot!(told.join("\n"));
    // A sound column has none, whatever else it lacks.
    let lacking = one(&|c| (c.standfirst, c.byline, c.rubrique) = (String::new(), None, None));
    assert_eq!(conform::check(&Feed::new(&config, None, &lacking).expect("a feed"), now()), []);
}
