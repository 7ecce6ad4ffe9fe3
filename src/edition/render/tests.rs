mod accessible;

use std::path::Path;

use super::service::{self, AutoSubmitted, ServiceEnvelope, ServiceMessage};
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

fn draft(config: &Config) -> EditionDraft {
    let column = |id: i64, title: &str| Column {
        id: ColumnId(id),
        guid: format!("tag:{id}"),
        rubrique: config.rubriques.get(id as usize).map(|rubrique| rubrique.slug.clone()),
        title: title.to_owned(),
        standfirst: String::new(),
        byline: None,
        bylines: Vec::new(),
        tags: Vec::new(),
        body: String::new(),
        url: format!("https://estran.example.org/{id}").parse().expect("an address"),
        image: None,
        audio: None,
        published: at("2026-11-20T08:00:00Z"),
        updated: at("2026-11-20T08:00:00Z"),
    };
    let columns = vec![column(0, "المنارة"), column(1, "البحر")];
    let slot = EditionSlot {
        newsletter: Slug::parse("digest").expect("a slug"),
        period: Period::from_key("2026-W47"),
        number: 1,
        since: at("2026-11-16T06:30:00Z"),
        reach: at("2026-11-09T06:30:00Z"),
        cutoff: at("2026-11-23T06:30:00Z"),
        planned: None,
    };
    EditionDraft { slot, columns, changes: Changes::default() }
}

#[test]
fn a_letter_in_a_language_from_right_to_left_is_written_so() {
    let config = magazine("ar");
    let letter = render(&config, &draft(&config), &Choice::all()).expect("a letter").expect("columns");
    let html = &letter.html;
    assert!(html.contains("<html lang=\"ar\" dir=\"rtl\""), "{html}");
    assert!(!html.contains("ltr") && html.contains("text-align:right"), "{html}");
    assert!(html.contains("padding-left:12px"), "{html}");
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
    let note = |lang| ServiceMessage {
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
        let sending =
            ServiceEnvelope { to: &to, name: None, at: at("2026-11-20T08:00:00Z"), cause: AutoSubmitted::Replied };
        service::write(&config, &Key::new([7; 32]), &note, sending).expect("a letter").text.replace("=\r\n", "")
    };
    let (arabic, french) = (written("ar"), written("fr"));
    assert!(arabic.contains("dir=3D\"rtl\"") && !arabic.contains("ltr"), "{arabic}");
    assert!(arabic.contains("\n=E2=80=8FT\r\n"), "{arabic}");
    assert!(french.contains("dir=3D\"ltr\"") && !french.contains("rtl"), "{french}");
}

/// The same magazine with all templates of its own, none of them changed.
fn ejected(mut config: Config) -> Config {
    let files = crate::templates::DEFAULTS.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let own = crate::templates::OwnTemplates::new(Path::new("own"), files.collect()).expect("templates");
    config.theme.templates = Some(own);
    config
}

/// Drafts with all that a letter may show and leave out.
fn drafts(config: &Config) -> Vec<EditionDraft> {
    let bare = draft(config);
    let picture = |width, height| crate::model::Image {
        url: "https://estran.example.org/a.jpg?a=1&b='2'".parse().expect("an address"),
        alt: "Un phare \u{202f}« <vu> » d’ici".into(),
        credit: (width != Some(601)).then(|| "Zoé & \"co\"".to_owned()),
        media_type: None,
        width,
        height,
        length: None,
    };
    let sizes = [(None, None), (Some(601), Some(300)), (Some(601), Some(900)), (Some(400), Some(300))];
    let pictured = sizes.into_iter().map(|(width, height)| {
        let mut draft = bare.clone();
        draft.columns[0].image = Some(picture(width, height));
        draft.columns[0].body =
            "<p>Un &amp; <a href=\"https://a.example/?x&amp;y\">deux</a>.</p><h2>T</h2><p>x<br>y</p>".into();
        draft.columns[1].image = Some(picture(width, height));
        draft.columns[1].body = "<p>mot </p>".repeat(900);
        draft.columns[0].standfirst = "Chapô <b>&amp; 'suite'</b> / fin.".into();
        draft.columns[1].byline = Some("Yann <Kerdoncuff> & fils".into());
        draft
    });
    let mut many = bare.clone();
    for number in 2..60 {
        let mut column = many.columns[number % 2].clone();
        column.id = ColumnId(number as i64);
        column.title = format!("Une marée n° {number}");
        column.rubrique =
            config.rubriques.get(number % 4).map(|rubrique| rubrique.slug.clone()).filter(|_| number % 3 > 0);
        column.byline = (number % 5 > 0).then(|| "Maëlle".to_owned());
        column.standfirst = if number % 7 > 0 { "Un chapô.".into() } else { String::new() };
        many.columns.push(column);
    }
    let mut alone = bare.clone();
    alone.columns.truncate(1);
    alone.changes.preheader = Some(String::new());
    alone.changes.opening = Some(String::new());
    pictured.chain([bare.clone(), many, alone]).collect()
}

#[test]
fn a_template_that_is_taken_and_not_changed_gives_the_same_bytes() {
    for (language, layout) in ["fr", "en", "ar"].into_iter().flat_map(|lang| LetterLayout::ALL.map(|l| (lang, l))) {
        for furnished in [false, true] {
            let mut config = magazine(language);
            config.digest.layout = layout;
            if furnished {
                config.letters.archive_url = Some("https://estran.example.org/lettre/archive/".parse().expect("one"));
                config.theme.footer = "Offrez\n\n*la revue* & [plus](https://estran.example.org/x?a&b).".into();
                config.theme.masthead = Some("Les Laisses <de> mer".into());
                config.theme.logo = Some(crate::config::Logo {
                    url: "https://estran.example.org/logo.png".parse().expect("an address"),
                    width: 240,
                    alt: "L’Estran & Cie".into(),
                });
                config.magazine.tagline = None;
                config.digest.signed = "Zoé <Le Goff>".into();
                config.digest.portrait = "https://estran.example.org/zoe.jpg?a&b".into();
                config.digest.closing = "À *lundi* & <merci>.".into();
            }
            let drafts = drafts(&config);
            let letters = |config: &Config| -> Vec<String> {
                let mut letters = Vec::new();
                for draft in &drafts {
                    for choice in [Choice::all(), Choice::of([config.rubriques[1].slug.clone()])] {
                        let letter = render(config, draft, &choice).expect("a letter");
                        let proof = proof(config, draft, &choice, "https://desk.example.org/enter/x").expect("a proof");
                        for rendered in letter.into_iter().chain(proof) {
                            assert_eq!(rendered.failure, None);
                            letters.extend([rendered.html, rendered.plain, rendered.hash]);
                        }
                    }
                }
                let bare = ServiceMessage {
                    lang: config.magazine.lang,
                    subject: "S <&>".into(),
                    title: "T '\"".into(),
                    before: vec!["B1".into(), "B2 & <b>".into()],
                    button: None,
                    after: Vec::new(),
                };
                let url = "https://estran.example.org/x?a=1&b=2".to_owned();
                let full =
                    ServiceMessage { button: Some(("L & L".into(), url)), after: vec!["A".into()], ..bare.clone() };
                let to: EmailAddress = "a@example.org".parse().expect("an address");
                let at = at("2026-11-20T08:00:00Z");
                let sending = ServiceEnvelope { to: &to, name: None, at, cause: AutoSubmitted::Replied };
                for note in [bare, full] {
                    letters.push(service::write(config, &Key::new([7; 32]), &note, sending).expect("a letter").text);
                }
                letters
            };
            let (compiled, own) = (letters(&config), letters(&ejected(config)));
            assert_eq!(compiled.len(), own.len());
            for (compiled, own) in compiled.iter().zip(&own) {
                assert_eq!(compiled, own, "{language} {layout}");
            }
        }
    }
}
