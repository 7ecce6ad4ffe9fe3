//! What a letter costs before it goes to the wire: `cargo bench --bench letters`.
#![allow(missing_docs)]

use std::{hint::black_box, path::Path};

use chrono::Duration;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gazetier::{
    config::Config,
    edition::{
        layout::EditionDraft,
        render::{
            encode::entity,
            letter::{LetterTemplate, RenderedLetter},
            render,
        },
        slot::EditionSlot,
    },
    model::{
        Changes, Choice, Column, ColumnId, Edition, EditionState, Image, Instant, Key, LetterLayout, Period, ReaderId,
        token::PLACEHOLDER,
    },
    send::dkim::Signer,
};

/// About 62 KB when it is encoded, like an edition of thirty columns.
fn parts() -> (String, String) {
    let words = "Le phare ne dort que d’un œil, et l’autre regarde passer les cargos. ";
    let text = format!("{}\nhttps://example.org/{PLACEHOLDER}\n.\n", words.repeat(90));
    let row = format!("<tr><td style=\"font-family:Georgia, serif;line-height:1.5\">{words}</td></tr>\n");
    (text, format!("<table>{}</table><a href=\"https://example.org/{PLACEHOLDER}\">x</a>\n", row.repeat(310)))
}

fn letters(criterion: &mut Criterion) {
    let config = Config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml")).expect("the configuration");
    let at = config.magazine.zone.parse("2026-11-23T08:00").expect("an instant");
    let edition = Edition {
        id: 7,
        newsletter: config.digest.newsletter.clone(),
        mark: 7,
        number: 1,
        period: Period::of_week(at, &config.magazine.zone),
        since: at,
        cutoff: at,
        state: EditionState::Frozen,
        subject: "Le phare ne dort que d’un œil".into(),
        dated: at,
        is_frozen: true,
    };
    let key = Key::new([7; 32]);
    let (text, html) = parts();
    let encoded = entity(&text, &html, "0123456789abcdef");
    let form = LetterTemplate::new(&config, &edition, &edition.subject, &key, &encoded).expect("a form");
    let address = "alix@example.org".parse().expect("an address");
    let write =
        |name| -> RenderedLetter { form.write(black_box(ReaderId::new([7; 16])), &address, name).expect("a letter") };

    let mut group = criterion.benchmark_group("letters");
    group.throughput(Throughput::Bytes(write(None).text.len() as u64));
    group.bench_function("encode a variant, once", |b| b.iter(|| entity(&text, &html, "0123456789abcdef")));
    group.bench_function("write one", |b| b.iter(|| write(None)));
    group.bench_function("write one to a name", |b| b.iter(|| write(Some("Loïc Ménardeau-Frécot"))));
    for (name, keys) in [("RSA 2048", &["rsa"][..]), ("Ed25519", &["ed25519"]), ("both", &["rsa", "ed25519"])] {
        let signer = Signer::new(&signing(keys), at).expect("a signer");
        group.bench_function(format!("write one and sign it by {name}"), |b| {
            b.iter(|| {
                let mut letter = write(None);
                signer.sign(&mut letter).expect("a signature");
                letter
            });
        });
    }
    group.finish();
}

/// The project's own configuration with the tests' keys.
fn signing(keys: &[&str]) -> Config {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.toml");
    let mut text = std::fs::read_to_string(root.join("config.toml")).expect("the configuration");
    for key in keys {
        let path = root.join(format!("tests/fixtures/dkim/{key}.pem"));
        text.push_str(&format!("\n[[dkim]]\nselector = \"{key}\"\nkey = \"{}\"\n", path.display()));
    }
    std::fs::write(&file, text).expect("a configuration");
    Config::load(&file).expect("the configuration")
}

/// An edition of so many columns, each with a standfirst, a text of 600 words and, every third, a picture.
fn draft(config: &Config, count: i64) -> EditionDraft {
    let at: Instant = config.magazine.zone.parse("2026-11-20T08:00").expect("an instant");
    let column = |id: i64| Column {
        id: ColumnId(id),
        guid: format!("tag:{id}"),
        rubrique: config.rubriques.get(id as usize % 4).map(|rubrique| rubrique.slug.clone()),
        title: format!("Le phare ne dort que d’un œil, suite et fin n° {id}"),
        standfirst: "Une phrase de quarante caractères, au plus. ".repeat(8),
        byline: Some("Maëlle Corvaisan".into()),
        bylines: vec!["Maëlle Corvaisan".into()],
        tags: Vec::new(),
        body: "<p>Le phare ne dort que d’un <em>œil</em>, et l’autre regarde passer les cargos.</p>".repeat(46),
        url: format!("https://estran.example.org/chroniques/{id}").parse().expect("an address"),
        image: (id % 3 == 0).then(|| Image {
            url: "https://estran.example.org/images/phare.jpg".parse().expect("an address"),
            alt: "Le phare".into(),
            credit: Some("Zoé".into()),
            media_type: Some("image/jpeg".into()),
            width: Some(1200),
            height: Some(675),
            length: None,
        }),
        audio: None,
        published: at,
        updated: at,
    };
    let slot = EditionSlot {
        newsletter: config.digest.newsletter.clone(),
        period: Period::from_key("2026-W47"),
        number: 47,
        since: at - Duration::days(4),
        reach: at - Duration::days(11),
        cutoff: at + Duration::days(3),
        planned: None,
    };
    EditionDraft::new(slot, (0..count).map(column).collect(), Changes::default())
}

/// What an edition costs that is made for one choice of rubriques, in each layout.
fn editions(criterion: &mut Criterion) {
    let mut config =
        Config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml")).expect("the configuration");
    config.digest.max_columns = 1_000;
    let mut group = criterion.benchmark_group("editions");
    for count in [30, 400] {
        let draft = draft(&config, count);
        for layout in LetterLayout::ALL {
            config.digest.layout = layout;
            let config = config.clone();
            group.bench_function(format!("render {count} columns, {layout}"), |b| {
                b.iter(|| render(&config, black_box(&draft), &Choice::all()).expect("a letter"));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, letters, editions);
criterion_main!(benches);
