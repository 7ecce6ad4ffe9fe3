//! Columns of which it is known what was written, with all that feeds are known to stumble over:
//! what looks like markup, what ends CDATA, what is written from right to left, spaces that do not
//! break, characters beyond 16 bits.

use std::fmt::Write;

use crate::support::Scene;

/// A column as its author wrote it, and as every reader must get it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Written {
    pub key: &'static str,
    pub title: &'static str,
    pub standfirst: &'static str,
    pub byline: Option<&'static str>,
    /// Slug and label.
    pub rubrique: Option<(&'static str, &'static str)>,
    pub published: &'static str,
    pub updated: Option<&'static str>,
    /// The front matter's `guid`, `url` and picture.
    pub guid: Option<&'static str>,
    pub url: Option<&'static str>,
    pub picture: Option<Picture>,
    pub body: &'static str,
    /// The page's address, the instant it was updated at, and the whole text as feeds have them.
    pub page: &'static str,
    pub modified: &'static str,
    pub html: &'static str,
    /// Whether the text shows the picture already.
    pub shown: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct Picture {
    pub written: &'static str,
    pub url: &'static str,
    pub media_type: &'static str,
    pub width: u32,
    pub height: u32,
    pub alt: &'static str,
    pub credit: &'static str,
}

const HUMEUR: Option<(&str, &str)> = Some(("humeur", "Humeur & <Cie> ]]>"));

/// Newest first.
pub const HOSTILE: [Written; 5] = [
    Written {
        key: "balises",
        title: "<b>Gras</b> & « guillemets\u{a0}» \"droits\" 'simples' ]]> &amp; &#60; 3 < 2 🦀\u{202f}!",
        standfirst: "<script>alert(\"1\")</script> & 3 < 2, ]]> &amp; <b> l’été\u{202f}? <!-- Oui\u{a0}: --> 'c’est' \\n",
        byline: Some("Zoé & <i>Fils</i> ]]>"),
        rubrique: HUMEUR,
        published: "2026-11-20T08:00:00Z",
        picture: Some(Picture {
            written: "https://cdn.example.org/é t.jpg?a=1&b=<2>",
            url: "https://cdn.example.org/%C3%A9%20t.jpg?a=1&b=%3C2%3E",
            media_type: "image/jpeg",
            width: 640,
            height: 480,
            alt: "Un \"phare\" & <deux> ]]> &lt; 'mouettes' 🌊",
            credit: "© <A> & B ]]>",
        }),
        body: "Il y a `]]>` & <b>gras</b> &amp;amp; «\u{a0}é\u{202f}» 🦀.",
        page: "https://estran.example.org/chroniques/balises",
        modified: "2026-11-20T08:00:00Z",
        html: "<p><strong>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; 3 &lt; 2, ]]&gt; &amp;amp; &lt;b&gt; \
               l’été\u{202f}? &lt;!-- Oui\u{a0}: --&gt; 'c’est' \\n</strong></p>\n\
               <p>Il y a <code>]]&gt;</code> &amp; <b>gras</b> &amp;amp; «&nbsp;é\u{202f}» 🦀.</p>\n",
        ..NOTHING
    },
    Written {
        key: "de-droite-a-gauche",
        title: "שלום עולם — قصة البحر",
        standfirst: "\u{200f}מימין לשמאל (3 < 5)\u{200f} ثم من اليسار",
        published: "2026-11-19T08:00:00Z",
        updated: Some("2026-11-19T09:30:00Z"),
        guid: Some("https://autre.example/?p=7&q=%3Cx%3E"),
        url: Some("https://estran.example.org/é?a=1&b=2"),
        page: "https://estran.example.org/%C3%A9?a=1&b=2",
        modified: "2026-11-19T09:30:00Z",
        ..NOTHING
    },
    Written {
        key: "image-montree",
        title: "L’image est dans le texte",
        byline: Some("Odette Marquézan"),
        rubrique: Some(("edito", "Édito")),
        published: "2026-11-18T08:00:00Z",
        picture: Some(Picture {
            written: "images/phare.jpg",
            url: "https://estran.example.org/images/phare.jpg",
            media_type: "image/jpeg",
            width: 1200,
            height: 675,
            alt: "Un phare",
            credit: "Ici",
        }),
        body: "![Un \\]\\]> & \"phare\"](images/phare.jpg)",
        page: "https://estran.example.org/chroniques/image-montree",
        // The column before it has its instant already.
        modified: "2026-11-18T08:00:00.001Z",
        html: "<p><img src=\"https://estran.example.org/images/phare.jpg\" alt=\"Un ]]&gt; &amp; &quot;phare&quot;\"></p>\n",
        shown: true,
        ..NOTHING
    },
    Written {
        key: "a-la-meme-heure",
        title: "À la même heure",
        standfirst: "Un chapô et rien d’autre.",
        byline: Some("Basile Hauterive"),
        rubrique: HUMEUR,
        published: "2026-11-18T08:00:00Z",
        // A picture, and no text that could show it.
        picture: Some(Picture {
            written: "images/bouée.png",
            url: "https://estran.example.org/images/bou%C3%A9e.png",
            media_type: "image/png",
            width: 1,
            height: 2,
            alt: "Une bouée",
            credit: "Là",
        }),
        page: "https://estran.example.org/chroniques/a-la-meme-heure",
        modified: "2026-11-18T08:00:00Z",
        ..NOTHING
    },
    Written {
        key: "titre-seul",
        title: "Un titre seul",
        published: "2026-11-17T08:00:00Z",
        page: "https://estran.example.org/chroniques/titre-seul",
        modified: "2026-11-17T08:00:00Z",
        ..NOTHING
    },
];

const NOTHING: Written = Written {
    key: "",
    title: "",
    standfirst: "",
    byline: None,
    rubrique: None,
    published: "",
    updated: None,
    guid: None,
    url: None,
    picture: None,
    body: "",
    page: "",
    modified: "",
    html: "",
    shown: false,
};

impl Written {
    /// The id that all feeds must give it.
    pub fn id(&self) -> String {
        self.guid.map_or_else(|| format!("tag:estran.example.org,2026-01-01:markdown/{}", self.key), str::to_owned)
    }

    /// The file that it stands in.
    fn markdown(&self) -> String {
        // A string of JSON is one of YAML.
        let quoted = |text: &str| serde_json::to_string(text).expect("a string");
        let mut front = String::new();
        for (key, value) in [
            ("title", Some(self.title)),
            ("standfirst", Some(self.standfirst)),
            ("byline", self.byline),
            ("rubrique", self.rubrique.map(|(slug, _)| slug)),
            ("published", Some(self.published)),
            ("updated", self.updated),
            ("guid", self.guid),
            ("url", self.url),
        ] {
            if let Some(value) = value {
                writeln!(front, "{key}: {}", quoted(value)).expect("a line");
            }
        }
        if let Some(picture) = self.picture {
            let [url, alt, credit] = [picture.written, picture.alt, picture.credit].map(quoted);
            let Picture { width, height, .. } = picture;
            writeln!(front, "image: {{ url: {url}, alt: {alt}, credit: {credit}, width: {width}, height: {height} }}")
                .expect("a line");
        }
        format!("---\n{front}---\n\n{}\n", self.body)
    }
}

/// A scene with these columns and a house whose own words are no kinder.
pub fn hostile() -> Scene {
    let mut scene = Scene::empty()
        .config("items = 50", "items = 50\nlead_image = \"metadata\"")
        .config("name = \"L’Estran\"", "name = \"L’Estran & <fils> ]]>\"")
        .config("\"La revue du bord", "\"La \\\"revue\\\" & <i>le</i> bord")
        .config("rights = \"© L’Estran\"", "rights = \"© A & <b>B</b>\"")
        .config("label = \"Humeur\"", "label = \"Humeur & <Cie> ]]>\"")
        .config("\"Un coup de sang, un coup", "\"Un coup de \\\"sang\\\" & <b>un</b> 'coup'");
    for column in HOSTILE {
        scene = scene.write(&format!("columns/{}.md", column.key), &column.markdown());
    }
    scene
}
