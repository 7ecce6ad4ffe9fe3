//! What a letter costs before it goes to the wire: `cargo bench --bench letters`.
#![allow(missing_docs)]

use std::{hint::black_box, path::Path};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gazetier::{
    config::Config,
    edition::render::{
        encode::entity,
        letter::{LetterTemplate, RenderedLetter},
    },
    model::{Edition, EditionState, Key, Period, ReaderId, token::PLACEHOLDER},
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

criterion_group!(benches, letters);
criterion_main!(benches);
