//! The independent validator has teeth.

use gazetier::{model::Column, publish::forms::Feed};

use super::{configs, image, now, sound};
use crate::validator;

#[test]
fn the_validator_finds_what_is_broken() {
    let [config, _] = configs();
    let columns = [Column { image: Some(image()), ..sound() }];
    let files = Feed::new(&config, None, &columns).expect("a feed").files().expect("files");
    assert_eq!(validator::findings(&config, None, &files, now()), Vec::<String>::new());
    for (form, from, to, rule) in [
        ("rss.xml", "<title>Le phare", "<title>Le &lt;b>phare&lt;/b>", "ContainsHTML"),
        ("rss.xml", "<title>Le phare", "<title>Le &lt;b>phare", "CharacterData"),
        ("rss.xml", "<title>Le phare</title>", "<title/>", "NotBlank"),
        ("rss.xml", " isPermaLink=\"false\"", "", "MissingGuid"),
        ("rss.xml", "+0000</pubDate>", "GMT</pubDate>", "InvalidRFC2822Date"),
        ("rss.xml", "<pubDate>Sun", "<pubDate>Mon", "IncorrectDOW"),
        ("rss.xml", "2026 08:00:00 +0000</pubDate>", "2099 08:00:00 +0000</pubDate>", "ImplausibleDate"),
        ("rss.xml", "<language>fr<", "<language>xx<", "InvalidLanguage"),
        ("rss.xml", "xmlns:media=", "xmlns:other=", "SAXError"),
        ("rss.xml", "<dc:creator>", "<author>a@b.c</author><dc:creator>", "UndefinedElement"),
        ("rss.xml", "rel=\"self\"", "rel=\"via\"", "MissingAtomSelfLink"),
        ("rss.xml", "/feeds/rss.xml\"", "/feeds/rss\"", "SelfDoesntMatchLocation"),
        ("rss.xml", "<p>Il n’éclaire", "<p onclick=\"x\">Il n’éclaire", "SecurityRiskAttr"),
        ("rss.xml", "<p>Il n’éclaire", "<p><a href=\"/a\">a</a>Il n’éclaire", "ContainsRelRef"),
        ("rss.xml", "<p>Il n’éclaire", "<script>a</script><p>Il n’éclaire", "SecurityRisk"),
        ("rss.xml", "<p>Il n’éclaire", "<p><b>Il n’éclaire", "NotHtml"),
        ("rss.xml", "<p>Il n’éclaire", "<p>&nope; Il n’éclaire", "UndefinedNamedEntity"),
        ("rss.xml", "<p>Il n’éclaire", "<p>\u{92}Il n’éclaire", "BadCharacters"),
        ("rss.xml", "width=\"1200\"", "width=\"0\"", "InvalidPositiveInteger"),
        ("rss.xml", "type=\"image/jpeg\"", "type=\"jpeg\"", "InvalidMIMEAttribute"),
        (
            "rss.xml",
            "<p>Il n’éclaire",
            "<img src=\"https://estran.example.org/phare.jpg?a=1&b=2\"><p>",
            "UndefinedNamedEntity",
        ),
        ("rss.xml", "chroniques/phare</link>", "chroniques/été</link>", "InvalidFullLink"),
        (
            "rss.xml",
            "<description><![CDATA[Il s’éteint à l’heure où l’on s’y attend le moins.]]></description>",
            "",
            "NeedDescription",
        ),
        ("atom.xml", "<title>Le phare", "<title>Le &lt;b&gt;phare&lt;/b&gt;", "ContainsHTML"),
        ("atom.xml", "<id>tag:estran.example.org,2026-01-01:markdown/phare", "<id>http://a.example", "NonCanonicalURI"),
        ("atom.xml", "<id>tag:estran.example.org,2026-01-01:markdown/phare", "<id>phare", "SchemeNotIANARegistered"),
        ("atom.xml", "+00:00</published>", "</published>", "InvalidRFC3339Date"),
        ("atom.xml", "<name>Zoé Le Goff", "<name>Zoé &lt;zoe@a.example&gt;", "ContainsEmail"),
        ("atom.xml", "xml:lang=\"fr\"", "xml:lang=\"\"", "InvalidLanguage"),
        ("atom.xml", " type=\"html\"", "", "InvalidTextType"),
        ("feed.json", "\"feed_url\": \"https", "\"feed_url\": \"http", "SelfDoesntMatchLocation"),
        ("feed.json", "\"content_html\"", "\"content\"", "MissingTextualContent"),
        ("feed.json", "\"date_modified\": \"", "\"date_modified\": \"le ", "InvalidRFC3339Date"),
        ("feed.json", "version/1.1", "version/1", "InvalidVersion"),
    ] {
        let mut broken = files.clone();
        for (path, bytes) in broken.iter_mut().filter(|(path, _)| path == form) {
            let text = String::from_utf8(bytes.clone()).expect("UTF-8");
            assert!(text.contains(from), "{path} holds no {from:?}: {text}");
            *bytes = text.replace(from, to).into_bytes();
        }
        let found = validator::findings(&config, None, &broken, now());
        assert!(found.iter().any(|finding| finding.contains(rule)), "{form}, {to:?}: {found:?}");
    }
    let twins = [columns[0].clone(), columns[0].clone()];
    let files = Feed::new(&config, None, &twins).expect("a feed").files().expect("files");
    let found = validator::findings(&config, None, &files, now()).join("\n");
    for rule in ["rss: item 2: DuplicateValue", "DuplicateEntries", "DuplicateUpdated", "json: item 2: DuplicateValue"]
    {
        assert!(found.contains(rule), "{rule}: {found}");
    }
}
