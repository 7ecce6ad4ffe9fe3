//! What others wrote, cut and mixed: each reader comes to an end, and says what it did.

use std::{fs, io::Write, path::Path, sync::LazyLock};

use proptest::prelude::*;

use super::*;
use crate::{
    config::Config,
    ingest::{ImportContext, ImportResult, markdown},
};

/// A sample of each kind, with what is awkward in it.
const SAMPLES: [(SourceKind, &str); 7] = [
    (
        SourceKind::Wordpress,
        "<?xml version=\"1.0\"?><rss xmlns:wp=\"w\"><channel><wp:wxr_version>1.2</wp:wxr_version><wp:author>\
         <wp:author_login><![CDATA[a]]></wp:author_login></wp:author><item><title>Un &amp; deux</title><wp:post_id>1</wp:post_id>\
         <wp:post_type>post</wp:post_type><wp:status>publish</wp:status><content:encoded><![CDATA[Un\n\n<!--more-->[caption id=\"a\"]\
         <img src=\"a.jpg\"/> b[/caption] [gallery ids=\"1,2\"] [[x]] [/y] https://v.example/1]]></content:encoded>\
         <wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>5</wp:meta_value></wp:postmeta></item></channel></rss>",
    ),
    (
        SourceKind::Ghost,
        "{\"db\":[{\"data\":{\"posts\":[{\"id\":\"a1\",\"title\":\"T\",\"html\":\"<p>x</p><!--members-only-->\
         <!--kg-gated-block:begin nonMember:false -->y<!--kg-gated-block:end-->\",\"visibility\":\"paid\",\"status\":\"published\"}],\
         \"tags\":[{\"id\":1,\"name\":\"#a\"}],\"posts_tags\":[{\"post_id\":\"a1\",\"tag_id\":1,\"sort_order\":-1}],\"users\":[]}}]}",
    ),
    (
        SourceKind::Feed,
        "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel><title>J</title><item><title>a \
         &lt;b&gt;</title><guid isPermaLink=\"false\">x</guid><link>https://a.example/</link><pubDate>Wed, 18 Nov 2026 08:00:00 \
         +0100</pubDate><media:group><media:content url=\"a.jpg\" width=\"1\"/></media:group></item></channel></rss>",
    ),
    (
        SourceKind::Feed,
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:base=\"https://a.example/\"><title>J</title><entry><id>tag:a.example,2026:e</id>\
         <title type=\"html\">e</title><updated>2026-11-18T07:00:00Z</updated><link href=\"b\"/><content type=\"xhtml\">\
         <div xmlns=\"http://www.w3.org/1999/xhtml\"><br/>x</div></content></entry></feed>",
    ),
    (
        SourceKind::Feed,
        "{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[{\"id\":7,\"url\":\"https://a.example/\",\"content_html\":\"<p>x\",\
         \"date_published\":\"2026-11-18T07:00:00Z\",\"authors\":[{\"name\":\"A\"}],\"attachments\":[{\"url\":\"a.jpg\"}]}]}",
    ),
    (SourceKind::Csv, "id;title;published;tags\n1;\"a;\"\"b\"\"\";2026-11-18;x|y\n2;b;;\n"),
    (
        SourceKind::Jsonl,
        "{\"id\":\"a\",\"title\":\"T\",\"published\":\"2026-11-18\",\"body\":\"x\",\"format\":\"markdown\",\"tags\":\"a\"}\n\n[]\n{\"id\":1}\n",
    ),
];

/// Markdown of generators, with what their tools read.
const MARKDOWN: [&str; 4] = [
    "---\ntitle: \"Un: deux\"\ndate: 2026-11-18\ntags: [a, 'b']\nimage: {url: a.jpg, alt: x}\n---\n{{< figure src=\"a.jpg\" >}}\n\n\
     {{% notice %}}x{{% /notice %}} {{</* a */>}} {% if x %}y{% endif %} {{ page.url }}\n<!--more-->\nSuite[^1].\n\n[^1]: Note.\n",
    "+++\ntitle = \"T\"\ndate = 2026-11-18T08:00:00+01:00\n[extra]\nauthor = [\"A\"]\n+++\n{{ youtube(id=\"x\") }}\n`{{< a >}}`\n",
    "{\"title\": \"T\", \"date\": \"2026-11-18\"}\n\n# T\n\n![a](b.jpg){:.c}\n* toc\n{:toc}\n",
    "Title: T\nDate: 2026-11-18 08:00\nStatus: draft\n\n[a]({filename}b.md) {% include x.html a=\"b\" %}\n",
];

/// What is put between.
const PIECES: [&str; 24] = [
    "<",
    ">",
    "\"",
    "'",
    "&",
    "&#0;",
    "]]>",
    "<![CDATA[",
    "<!--",
    "-->",
    "{",
    "}",
    "[",
    "]",
    "{{<",
    ">}}",
    "{%",
    "---\n",
    "é",
    "\u{202e}",
    "\0",
    "\n",
    "\u{feff}",
    "999999999999999999999",
];

/// A change: where, how long, and what comes there instead.
type Change = (prop::sample::Index, usize, Option<&'static str>);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let piece = prop::option::of(prop::sample::select(&PIECES[..]));
    prop::collection::vec((any::<prop::sample::Index>(), 0..40_usize, piece), 0..8)
}

fn changed(sample: &str, changes: &[Change]) -> Vec<u8> {
    let mut bytes = sample.as_bytes().to_vec();
    for (at, length, piece) in changes {
        let at = at.index(bytes.len() + 1);
        let end = (at + length).min(bytes.len());
        // What is taken out may come again.
        let again = bytes[at..end].to_vec();
        let instead = piece.map_or(&again[..], str::as_bytes).to_vec();
        bytes.splice(at..if piece.is_some() { end } else { at }, instead);
    }
    bytes
}

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    Config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml")).expect("the sample configuration")
});

fn context() -> ImportContext<'static> {
    ImportContext { magazine: &CONFIG.magazine, rubriques: &CONFIG.rubriques, at: chrono::DateTime::UNIX_EPOCH }
}

proptest! {
    #[test]
    fn whatever_a_file_holds_its_reader_comes_to_an_end(sample in 0..SAMPLES.len(), changes in changes()) {
        let (kind, text) = SAMPLES[sample];
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(&changed(text, &changes)).expect("bytes");
        let source = Source::of_file(kind, file.path().to_owned());
        // What cannot be read is told, and what can be is a column or a reason.
        let _ = SpooledColumns::read(&source, file.path(), context());
        prop_assert!(fs::metadata(file.path()).is_ok());
    }

    #[test]
    fn whatever_a_post_of_a_site_is_it_is_a_record_or_a_reason(changes in changes()) {
        let post = "{\"id\":1,\"status\":\"publish\",\"title\":{\"rendered\":\"a\"},\"content\":{\"rendered\":\"<p>x</p><!--more-->y\"},\
             \"excerpt\":{\"rendered\":\"<p>x <a class=\\\"more-link\\\">z\"},\"authors\":[{\"name\":\"A\"}],\"access\":false,\"_embedded\":{\"wp:term\":[[{\"taxonomy\":\
             \"category\",\"name\":\"C\"}]],\"wp:featuredmedia\":[{\"source_url\":\"a\"}]}}";
        if let Ok(post) = serde_json::from_slice::<serde_json::Value>(&changed(post, &changes)) {
            let _ = (wordpress::api_record(&post), ghost::api_record(&post));
        }
    }

    #[test]
    fn whatever_a_file_of_a_generator_is_it_is_a_column_or_a_reason(sample in 0..MARKDOWN.len(), changes in changes()) {
        let bytes = changed(MARKDOWN[sample], &changes);
        let _ = markdown::read(&String::from_utf8_lossy(&bytes), Path::new("c/a.md"), "a", context(), &mut ImportResult::default());
    }
}
