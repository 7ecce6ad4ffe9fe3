//! Exports of other systems, in their public formats with their awkward cases: what readers may see is taken as they
//! saw it, under the ids that they know; what they may not see is not.

use std::fs;

use super::LATER;
use crate::support::{Scene, peak};

pub const POST: &str = "<wp:post_type>post</wp:post_type><wp:status>publish</wp:status>";

/// An export of WordPress with these items.
pub fn wordpress(items: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8" ?>
<!-- This is a file that a test has made. -->
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel>
<title>La Jetée</title><link>https://jetee.example.org</link><wp:wxr_version>1.2</wp:wxr_version>
<wp:author><wp:author_id>2</wp:author_id><wp:author_login><![CDATA[anouk]]></wp:author_login><wp:author_email><![CDATA[a@jetee.example.org]]></wp:author_email><wp:author_display_name><![CDATA[Anouk Le Goff]]></wp:author_display_name></wp:author>
{items}
</channel>
</rss>
"#
    )
}

/// A post with its number and these elements.
pub fn post(id: u32, title: &str, more: &str) -> String {
    format!(
        "<item><title>{title}</title><link>https://jetee.example.org/{id}/</link><guid isPermaLink=\"false\">https://jetee.example.org/?p={id}</guid>\
         <dc:creator><![CDATA[anouk]]></dc:creator><wp:post_id>{id}</wp:post_id><wp:post_date_gmt>2026-11-1{} 07:00:00</wp:post_date_gmt>{more}</item>\n",
        id % 9
    )
}

/// What readers of the feed of all columns see, and what was told.
fn taken(scene: &Scene, file: &str) -> String {
    let outcome = scene.run(&["import", file]);
    scene.ok(&["publish", "--at", LATER]);
    let items = serde_json::to_string_pretty(&scene.items("feed.json")).expect("JSON");
    format!("{}{}{}\n{items}\n", outcome.code, outcome.stderr, outcome.stdout)
}

#[test]
fn wordpress_gives_what_its_readers_saw() {
    let items = [
        post(
            1,
            "Les &amp;eacute;coles &#8211; <![CDATA[une <em>digue</em>]]>",
            &format!(
                "{POST}<content:encoded><![CDATA[Premier paragraphe\nsur deux lignes.\n\n<!--more-->\n\nSuite [sic].\n\n\
                 [caption id=\"attachment_9\" width=\"300\"]<img src=\"/wp-content/a.jpg\" alt=\"A\" /> La jetée[/caption]\n\n\
                 https://video.example.org/v/1\n\n[formulaire id=\"4\"]Écrivez-nous[/formulaire]]]></content:encoded>\
                 <excerpt:encoded><![CDATA[]]></excerpt:encoded>\
                 <category domain=\"category\" nicename=\"billets\"><![CDATA[Billets]]></category>\
                 <category domain=\"category\" nicename=\"humeur\"><![CDATA[Humeur]]></category>\
                 <category domain=\"post_tag\" nicename=\"mer\"><![CDATA[mer]]></category>\
                 <wp:post_modified_gmt>2026-11-12 09:30:00</wp:post_modified_gmt>\
                 <wp:postmeta><wp:meta_key><![CDATA[_thumbnail_id]]></wp:meta_key><wp:meta_value><![CDATA[50]]></wp:meta_value></wp:postmeta>\
                 <wp:postmeta><wp:meta_key><![CDATA[enclosure]]></wp:meta_key><wp:meta_value><![CDATA[https://jetee.example.org/a.mp3\n\
                 1234\naudio/mpeg\n]]></wp:meta_value></wp:postmeta>\
                 <wp:comment><wp:comment_content><![CDATA[Bravo]]></wp:comment_content></wp:comment>"
            ),
        ),
        post(
            2,
            "Blocs",
            &format!(
                "{POST}<content:encoded><![CDATA[<!-- wp:paragraph -->\n<p>Un mot.</p>\n<!-- /wp:paragraph -->\n\n<!-- wp:embed -->\n\
                 <figure class=\"wp-block-embed\"><div class=\"wp-block-embed__wrapper\">\nhttps://video.example.org/v/2\n</div></figure>\n\
                 <!-- /wp:embed -->]]></content:encoded><excerpt:encoded><![CDATA[Un <strong>extrait</strong>.]]></excerpt:encoded>\
                 <category domain=\"author\" nicename=\"cap-a\"><![CDATA[Anouk Le Goff]]></category>\
                 <category domain=\"author\" nicename=\"cap-y\"><![CDATA[Yann Kerbrat]]></category>"
            ),
        ),
        post(3, "Avec mot de passe", &format!("{POST}<wp:post_password><![CDATA[abc]]></wp:post_password>")),
        post(4, "Privé", "<wp:post_type>post</wp:post_type><wp:status>private</wp:status>"),
        post(5, "", "<wp:post_type>post</wp:post_type><wp:status>draft</wp:status>")
            .replace("2026-11-15 07", "0000-00-00 00"),
        post(6, "Une page", "<wp:post_type>page</wp:post_type><wp:status>publish</wp:status>"),
        post(7, "Une révision", "<wp:post_type>revision</wp:post_type><wp:status>inherit</wp:status>"),
        post(
            50,
            "phare",
            "<wp:post_type>attachment</wp:post_type><wp:status>inherit</wp:status><wp:attachment_url>https://jetee.example.org/wp-content/phare.jpg</wp:attachment_url>\
             <wp:postmeta><wp:meta_key>_wp_attachment_image_alt</wp:meta_key><wp:meta_value>Le phare &amp; la mer</wp:meta_value></wp:postmeta>",
        ),
    ];
    let scene = Scene::empty().write("export.xml", &wordpress(&items.concat()));
    insta::assert_snapshot!("wordpress", taken(&scene, "export.xml"));
}

#[test]
fn an_export_that_is_cut_off_or_none_changes_nothing() {
    let whole = wordpress(&(post(1, "Un", POST) + &post(2, "Deux", POST)));
    let scene = Scene::empty().config(
        "[[sources]]\nkind = \"markdown\"\npath = \"columns\"\n",
        "[[sources]]\nname = \"site\"\nkind = \"wordpress\"\npath = \"export.xml\"\n",
    );
    scene.put("export.xml", &whole);
    assert_eq!(scene.ok(&["sync"]), "2 columns added\n");
    let inside = whole.find("Deux").expect("a title");
    for (text, told) in [
        (&whole[..inside], "the file ends in the middle of it"),
        (&whole[..whole.find("</channel>").expect("an end")], "the export is cut off"),
        ("<rss><channel></channel></rss>", "it has no wp:wxr_version"),
        ("<rss><channel></item></channel></rss>", "no XML as WordPress exports it"),
        ("", "it has no wp:wxr_version"),
    ] {
        scene.put("export.xml", text);
        let outcome = scene.run(&["sync"]);
        assert_eq!(outcome.code, 65, "{outcome:?}");
        assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    }
    // A newer export is read by what has changed in it.
    scene.put("export.xml", &whole.replace("<title>Deux</title>", "<title>Deux et demi</title>"));
    assert_eq!(scene.ok(&["sync"]), "1 columns changed\n");
    scene.ok(&["publish", "--at", LATER]);
    assert_eq!(scene.items("feed.json").len(), 2);
}

pub const GHOST: &str = r##"{"db": [{"meta": {"exported_on": 1795000000000, "version": "5.90.0"}, "data": {
  "posts": [
    {"id": "6500000000000000000000a1", "title": "Une digue", "slug": "une-digue", "type": "post", "status": "published", "visibility": "public",
     "html": "<p>Voyez <a href=\"__GHOST_URL__/autre/\">l’autre</a>.</p>", "feature_image": "__GHOST_URL__/content/images/digue.jpg",
     "published_at": "2026-11-18T07:00:00.000Z", "updated_at": "2026-11-19T07:00:00.000Z", "custom_excerpt": "Deux façons d’attendre.", "lexical": "{}"},
    {"id": "6500000000000000000000a2", "title": "Pour les membres", "slug": "membres", "type": "post", "status": "published", "visibility": "paid",
     "html": "<p>Début.</p><!--members-only--><p>SECRET</p>", "published_at": "2026-11-17T07:00:00.000Z", "updated_at": null},
    {"id": "6500000000000000000000a3", "title": "Tout pour les membres", "slug": "tout", "type": "post", "status": "published", "visibility": "members",
     "html": "<p>SECRET</p>", "published_at": "2026-11-16T07:00:00.000Z"},
    {"id": "6500000000000000000000a4", "title": "Brouillon", "slug": "brouillon", "type": "post", "status": "draft", "html": "<p>SECRET</p>", "published_at": null},
    {"id": "6500000000000000000000a5", "title": "Lettre", "slug": "lettre", "type": "post", "status": "sent", "html": "<p>SECRET</p>", "published_at": "2026-11-15T07:00:00.000Z"},
    {"id": "6500000000000000000000a6", "title": "À propos", "slug": "a-propos", "type": "page", "status": "published", "html": "<p>x</p>", "published_at": "2026-11-15T07:00:00.000Z"}
  ],
  "posts_meta": [{"id": "m", "post_id": "6500000000000000000000a1", "feature_image_alt": "La digue, le soir", "feature_image_caption": "Photo : <em>A. L. G.</em>"}],
  "users": [{"id": "1", "name": "Anouk Le Goff", "slug": "anouk", "email": "a@example.org"}, {"id": "2", "name": "Yann Kerbrat", "slug": "yann"}],
  "posts_authors": [{"id": "x", "post_id": "6500000000000000000000a1", "author_id": "2", "sort_order": 1}, {"id": "y", "post_id": "6500000000000000000000a1", "author_id": "1", "sort_order": 0}],
  "tags": [{"id": "t1", "name": "Humeur"}, {"id": "t2", "name": "#interne"}, {"id": "t3", "name": "mer"}],
  "posts_tags": [{"id": "p", "post_id": "6500000000000000000000a1", "tag_id": "t3", "sort_order": 2}, {"id": "q", "post_id": "6500000000000000000000a1", "tag_id": "t2", "sort_order": 0}, {"id": "r", "post_id": "6500000000000000000000a1", "tag_id": "t1", "sort_order": 1}]
}}]}"##;

#[test]
fn ghost_gives_what_everybody_may_read() {
    let scene = Scene::empty().write("ghost.json", GHOST);
    let told = taken(&scene, "ghost.json");
    assert!(!scene.read("feeds/feed.json").contains("SECRET"));
    insta::assert_snapshot!("ghost", told);
    for text in [&GHOST[..GHOST.len() / 2], "{\"db\":[{\"data\":{}}]}", "{\"db\":[{\"data\":{\"posts\":{}}}]}"] {
        scene.put("ghost.json", text);
        let outcome = scene.run(&["import", "--format", "ghost", "ghost.json"]);
        assert_eq!(outcome.code, 65, "{outcome:?}");
        assert!(outcome.stderr.contains("ghost.json: no export of Ghost"), "{}", outcome.stderr);
    }
}

#[test]
fn memory_does_not_grow_with_an_export() {
    let text = "La mer monte et descend sans que personne ne compte les marées. ".repeat(300);
    let most = |count: u32| {
        let posts: String = (1..=count)
            .map(|n| {
                post(
                    n,
                    &format!("Titre {n}"),
                    &format!("{POST}<content:encoded><![CDATA[{n} {text}]]></content:encoded>"),
                )
            })
            .collect();
        let scene = Scene::empty();
        fs::write(scene.path("export.xml"), wordpress(&posts)).expect("a file");
        peak(&scene, &["import", "export.xml"])
    };
    let (few, many) = (most(500), most(1_500));
    // The others would be 20 MB and more.
    assert!(many < few + 12_000, "{few} and {many} kB");
}
