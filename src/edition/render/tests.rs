use std::path::Path;

use super::service::{self, Cause, Note, Sending};
use super::*;
use crate::model::{Changes, ColumnId, EmailAddress, Instant, Key, Lang, Period, Slug};

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn magazine(language: &str) -> Config {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    let mut config = Config::load(&file).expect("the sample configuration");
    language.clone_into(&mut config.magazine.language);
    config.magazine.lang = Lang::known(language).expect("a language");
    config
}

fn draft(config: &Config) -> Draft {
    let column = |id: i64, title: &str| Column {
        id: ColumnId(id),
        guid: format!("tag:{id}"),
        rubrique: config.rubriques.get(id as usize).map(|rubrique| rubrique.slug.clone()),
        title: title.to_owned(),
        standfirst: String::new(),
        byline: None,
        body: String::new(),
        url: format!("https://estran.example.org/{id}").parse().expect("an address"),
        image: None,
        published: at("2026-11-20T08:00:00Z"),
        updated: at("2026-11-20T08:00:00Z"),
    };
    let columns = vec![column(0, "المنارة"), column(1, "البحر")];
    let due = Due {
        newsletter: Slug::parse("digest").expect("a slug"),
        period: Period::from_key("2026-W47"),
        number: 1,
        since: at("2026-11-16T06:30:00Z"),
        reach: at("2026-11-09T06:30:00Z"),
        cutoff: at("2026-11-23T06:30:00Z"),
    };
    Draft { due, columns, changes: Changes::default() }
}

#[test]
fn a_letter_in_a_language_from_right_to_left_is_written_so() {
    let config = magazine("ar");
    let letter = render(&config, &draft(&config), &Choice::all()).expect("a letter").expect("columns");
    let html = &letter.html;
    assert!(html.contains("<html lang=\"ar\" dir=\"rtl\""), "{html}");
    assert!(!html.contains("ltr") && html.contains("text-align:right"), "{html}");
    assert!(html.contains("padding-right:10px"), "{html}");
    assert!(html.contains("<td align=\"left\" dir=\"auto\" style=\"padding:9px 0\">16 to"), "{html}");
    for line in letter.plain.lines().filter(|line| !line.trim().is_empty()) {
        assert_eq!(line.starts_with('\u{200f}'), !line.trim_start().starts_with("http"), "{line:?}");
    }
    let config = magazine("fr");
    let letter = render(&config, &draft(&config), &Choice::all()).expect("a letter").expect("columns");
    assert!(letter.html.contains("dir=\"ltr\"") && !letter.html.contains("rtl"));
    assert!(!letter.html.contains("text-align:right") && !letter.plain.contains('\u{200f}'));
}

#[test]
fn so_is_a_letter_to_one_reader() {
    let config = magazine("ar");
    let note = |lang| Note {
        lang,
        subject: "S".into(),
        title: "T".into(),
        before: vec!["B".into()],
        button: Some(("L".into(), "https://estran.example.org/x".into())),
        after: Vec::new(),
    };
    let to: EmailAddress = "a@example.org".parse().expect("an address");
    let written = |lang: &str| {
        let note = note(Lang::known(lang).expect("a language"));
        let sending = Sending { to: &to, name: None, at: at("2026-11-20T08:00:00Z"), cause: Cause::Asked };
        service::write(&config, &Key::new([7; 32]), &note, sending).expect("a letter").text.replace("=\r\n", "")
    };
    let (arabic, french) = (written("ar"), written("fr"));
    assert!(arabic.contains("dir=3D\"rtl\"") && !arabic.contains("ltr"), "{arabic}");
    assert!(arabic.contains("\n=E2=80=8FT\r\n"), "{arabic}");
    assert!(french.contains("dir=3D\"ltr\"") && !french.contains("rtl"), "{french}");
}
