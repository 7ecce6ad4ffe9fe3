//! The files of feeds as a web server reads them while a publication replaces them.

use std::{
    fs::File,
    io::{Read, Seek},
};

use crate::support::{MONDAY, Scene};

const COLUMN: &str = "---\ntitle: Marée\nrubrique: edito\npublished: 2026-11-18T10:00\n---\n";

fn published(feeds: &str) -> Scene {
    let scene = Scene::empty().config("[feeds]\n", &format!("[feeds]\n{feeds}"));
    scene.put("columns/maree.md", &format!("{COLUMN}Les mots d’avant.\n"));
    scene.ok(&["run", "--at", MONDAY]);
    scene
}

fn mend(scene: &Scene) {
    scene.put("columns/maree.md", &format!("{COLUMN}Les mots d’après.\n"));
    scene.ok(&["run", "--at", MONDAY]);
}

/// A server that has opened a file sends the whole of it as it was, however long that takes.
#[test]
fn who_has_a_file_open_reads_it_to_the_end_as_it_was() {
    let scene = published("");
    let names = ["rss.xml", "atom.xml", "feed.json", "edito/rss.xml", "index.html"];
    let mut open = names.map(|name| File::open(scene.path("feeds").join(name)).expect("a file"));
    let before = names.map(|name| scene.read(&format!("feeds/{name}")));
    mend(&scene);
    for ((name, file), before) in names.iter().zip(&mut open).zip(&before) {
        file.rewind().expect("its beginning");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("a text");
        assert_eq!(&text, before, "{name}");
    }
    for name in &names[..4] {
        assert!(scene.read(&format!("feeds/{name}")).contains("Les mots d’après"), "{name}");
    }
}

/// What is packed beside a file says what the file says, before a change and after it.
#[test]
fn packed_files_change_with_their_file() {
    let scene = published("precompress = true\n");
    for words in ["Les mots d’avant", "Les mots d’après"] {
        for name in ["rss.xml", "atom.xml", "feed.json", "edito/rss.xml"] {
            let text = scene.read(&format!("feeds/{name}"));
            assert!(text.contains(words), "{name}");
            let open = |form: &str| File::open(scene.path(&format!("feeds/{name}.{form}"))).expect("a packed file");
            let (mut gzip, mut brotli) = (String::new(), String::new());
            flate2::read::GzDecoder::new(open("gz")).read_to_string(&mut gzip).expect("a text");
            brotli::Decompressor::new(open("br"), 4_096).read_to_string(&mut brotli).expect("a text");
            assert!(gzip == text && brotli == text, "{name}");
        }
        mend(&scene);
    }
}
