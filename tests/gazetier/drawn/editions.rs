//! Editions of any size, in three languages, with and without pictures, as HTML: what browsers are given to draw.

use std::path::Path;

use gazetier::{
    config::Config,
    edition::{layout::EditionDraft, render::render, slot::EditionSlot},
    model::{Audio, Changes, Choice, Column, ColumnId, Image, Instant, LetterLayout, Period},
    templates::{DEFAULTS, OwnTemplates},
};

/// What an edition is like.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub layout: LetterLayout,
    pub count: usize,
    pub language: &'static str,
    pub has_pictures: bool,
}

/// The words of a language.
struct Tongue {
    magazine: [&'static str; 2],
    rubriques: [&'static str; 3],
    /// Short ones, one above any line of a telephone, and one with a word that is longer than such a line.
    titles: [&'static str; 6],
    standfirsts: [&'static str; 3],
    bylines: [&'static str; 3],
    opening: &'static str,
    closing: &'static str,
    body: &'static str,
}

const FRENCH: Tongue = Tongue {
    magazine: ["L’Estran", "La revue du bord de mer et de ceux qui en vivent"],
    rubriques: ["Édito", "Humeur", "Carnet"],
    titles: [
        "Le phare ne dort que d’un œil",
        "Où l’on apprend, non sans étonnement, que la digue de Port-Fictif a été rehaussée deux fois, et que personne n’en a rien su",
        "Une marée d’avance",
        "«\u{a0}Bonjour\u{202f}!\u{a0}» dit l’écran de la capitainerie",
        "Anticonstitutionnellement\u{202f}: le mot de la semaine",
        "2026",
    ],
    standfirsts: [
        "Il y a vingt ans que cette revue part avec la marée. Elle arrive quand elle peut.",
        "",
        "En novembre, la station ferme, les volets se couchent et l’on entend enfin la mer. C’est la saison que préfèrent \
         ceux qui restent, et ils sont moins nombreux chaque année. Nous sommes allés leur demander pourquoi.",
    ],
    bylines: ["Maëlle Corvaisan", "Anne-Élisabeth de La Villehuchet-Corvaisan", "Yann Kerdoncuff"],
    opening: "Bonjour à vous qui lisez les pieds au sec. Cette semaine, la revue est sortie *par tous les temps*\u{202f}: \
              voici [ce qu’elle en a rapporté](https://estran.example.org/).",
    closing: "À la semaine prochaine, *par tous les temps*.",
    body: "Le gardien n’a plus de lampe à remonter, mais il monte encore, chaque soir, voir si la nuit est à sa place. ",
};

const ENGLISH: Tongue = Tongue {
    magazine: ["The Foreshore", "The review of the seaside and of those who live by it"],
    rubriques: ["Leader", "Temper", "Notebook"],
    titles: [
        "The lighthouse sleeps with one eye open",
        "In which it is learned, not without astonishment, that the dyke was raised twice and that nobody was told of it",
        "A tide ahead",
        "“Good morning!” says the screen of the harbour office",
        "Counterrevolutionaries, incomprehensibly: the word of the week",
        "2026",
    ],
    standfirsts: [
        "For twenty years this review has left with the tide. It arrives when it can.",
        "",
        "In November the resort closes, the shutters come down and the sea can be heard at last. It is the season that \
         those who stay like best, and there are fewer of them each year. We went and asked them why.",
    ],
    bylines: ["Mary Corvaisan", "Anne-Elizabeth Featherstonehaugh-Cholmondeley", "John Carrick"],
    opening: "Good morning, dry-footed readers. This week the review went out *in all weathers*: here is \
              [what it brought back](https://estran.example.org/).",
    closing: "Until next week, *in all weathers*.",
    body: "The keeper has no lamp to wind any more, but he still climbs each evening to see whether the night is there. ",
};

const ARABIC: Tongue = Tongue {
    magazine: ["الشاطئ", "مجلة البحر ومن يعيشون منه"],
    rubriques: ["افتتاحية", "مزاج", "دفتر"],
    titles: [
        "المنارة تنام بعين واحدة",
        "حيث نعلم، ولا يخلو ذلك من دهشة، أن السد قد رُفع مرتين في عام واحد، وأن أحدا من أهل الميناء لم يعلم بذلك قط",
        "قبل المد بقليل",
        "«صباح الخير!» تقول شاشة الميناء (Port-Fictif)",
        "أفاستسقيناكموها: كلمة الأسبوع",
        "2026",
    ],
    standfirsts: [
        "منذ عشرين عاما تخرج هذه المجلة مع المد. وتصل متى استطاعت.",
        "",
        "في تشرين الثاني يغلق المنتجع، وتُسدل النوافذ، ويُسمع البحر أخيرا. إنه الفصل الذي يحبه من يبقون هنا، وهم أقل \
         عددا في كل عام. ذهبنا نسألهم عن السبب.",
    ],
    bylines: ["مريم القرصان", "آن إليزابيث دو لا فيلهوشيه كورفيزان", "يحيى البحري"],
    opening: "صباح الخير لكم أيها القراء. هذا الأسبوع خرجت المجلة *في كل الأجواء*: هذا \
              [ما عادت به](https://estran.example.org/).",
    closing: "إلى الأسبوع القادم، *في كل الأجواء*.",
    body: "لم يعد للحارس مصباح يديره، لكنه ما زال يصعد كل مساء ليرى إن كان الليل في مكانه. ",
};

impl Shape {
    /// All that are looked at.
    pub fn all() -> impl Iterator<Item = Self> {
        let languages = ["fr", "en", "ar"].into_iter().flat_map(|language| [true, false].map(|has| (language, has)));
        let counted =
            |(language, has_pictures)| [1, 3, 12, 25, 60].into_iter().map(move |count| (language, has_pictures, count));
        languages.flat_map(counted).flat_map(|(language, has_pictures, count)| {
            LetterLayout::ALL.map(|layout| Self { layout, count, language, has_pictures })
        })
    }

    fn tongue(self) -> &'static Tongue {
        match self.language {
            "ar" => &ARABIC,
            "en" => &ENGLISH,
            _ => &FRENCH,
        }
    }

    /// The letter's HTML. Its pictures are in it, plain grey: nothing is fetched.
    pub fn html(self) -> String {
        let config = self.config();
        let at: Instant = config.magazine.zone.parse("2026-11-20T08:00").expect("an instant");
        let columns = (0..self.count).map(|n| self.column(&config, n, at)).collect();
        let slot = EditionSlot {
            newsletter: config.digest.newsletter.clone(),
            period: Period::from_key("2026-W47"),
            number: 47,
            since: at - chrono::Duration::days(4),
            reach: at - chrono::Duration::days(11),
            cutoff: at + chrono::Duration::days(3),
            planned: None,
        };
        let draft = EditionDraft::new(slot, columns, Changes::default());
        let letter = render(&config, &draft, &Choice::all()).expect("a letter").expect("columns");
        assert_eq!(letter.failure, None);
        with_pictures(&letter.html)
    }

    fn config(self) -> Config {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::tempdir().expect("a folder");
        let text = std::fs::read_to_string(root.join("config.toml")).expect("the sample configuration");
        let language = if self.language == "fr" { "fr" } else { "en" };
        let text = text.replace("language = \"fr\"", &format!("language = \"{language}\""));
        std::fs::write(folder.path().join("config.toml"), text).expect("a configuration");
        let mut config = Config::load(&folder.path().join("config.toml")).expect("the configuration");
        let tongue = self.tongue();
        let own = |text: &str| text.to_owned();
        (config.magazine.name, config.magazine.tagline) = (own(tongue.magazine[0]), Some(own(tongue.magazine[1])));
        for (rubrique, label) in config.rubriques.iter_mut().zip(tongue.rubriques) {
            rubrique.label = own(label);
        }
        config.digest.layout = self.layout;
        config.digest.opening = own(tongue.opening);
        config.digest.closing = own(tongue.closing);
        config.digest.signed = own(tongue.bylines[0]);
        if self.has_pictures {
            config.digest.portrait = picture(56, 56);
        }
        config.letters.archive_url = Some("https://estran.example.org/lettre/".parse().expect("an address"));
        if self.language == "ar" {
            config.magazine.language = own("ar");
            // DejaVu Serif has no Arabic, and what stands in for it is each browser's own choice.
            config.theme.serif = own("'DejaVu Sans', sans-serif");
            config.theme.templates = Some(from_right_to_left());
        }
        config
    }

    fn column(self, config: &Config, n: usize, at: Instant) -> Column {
        let tongue = self.tongue();
        // Wide, upright, and smaller than the sheet.
        let (width, height) = [(1200, 800), (600, 900), (400, 300)][n / 3 % 3];
        let has_picture = self.has_pictures && n.is_multiple_of(3);
        Column {
            id: ColumnId(n as i64),
            guid: format!("tag:{n}"),
            // The last ones have no rubrique.
            rubrique: config.rubriques.get(n * 4 / self.count.max(4)).map(|rubrique| rubrique.slug.clone()),
            title: tongue.titles[n % 6].into(),
            standfirst: tongue.standfirsts[n % 3].into(),
            byline: Some(tongue.bylines[n % 3].into()),
            bylines: vec![tongue.bylines[n % 3].into()],
            tags: Vec::new(),
            body: format!(
                "<p>{0}</p><h2>{1}</h2><p>{0}<a href=\"https://estran.example.org/a\">{1}</a></p>\
                 <ul><li>{0}</li><li>{1}</li></ul><blockquote><p>{0}</p></blockquote>\
                 <figure><img src=\"{2}\" alt=\"{1}\" width=\"900\"><figcaption>{1}</figcaption></figure>\
                 <table><tr><th>{1}</th><th>2</th></tr><tr><td>{0}</td><td>4</td></tr></table><pre>x\n  y</pre><p>{0}</p>",
                tongue.body.repeat(3),
                tongue.titles[2],
                picture(900, 500),
            ),
            url: format!("https://estran.example.org/chroniques/{n}").parse().expect("an address"),
            image: has_picture.then(|| Image {
                url: picture(width, height).parse().expect("an address"),
                alt: tongue.titles[n % 6].into(),
                credit: n.is_multiple_of(2).then(|| tongue.bylines[1].into()),
                media_type: None,
                width: Some(width),
                height: Some(height),
                length: None,
            }),
            audio: (n % 5 == 4).then(|| Audio {
                url: "https://estran.example.org/a.mp3".parse().expect("an address"),
                media_type: "audio/mpeg".into(),
                length: None,
                seconds: None,
            }),
            published: at,
            updated: at,
        }
    }
}

/// The address of a picture of this size.
fn picture(width: u32, height: u32) -> String {
    format!("https://pictures.example.org/{width}/{height}")
}

/// The same HTML, with a picture in place of each address of one.
fn with_pictures(html: &str) -> String {
    let mut pieces = html.split("https://pictures.example.org/");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (address, rest) = piece.split_once('"').expect("an attribute");
        let (width, height) = address.split_once('/').expect("a size");
        whole.push_str(&format!(
            "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'%3E%3Crect \
             width='{width}' height='{height}' fill='%239aa5a8'/%3E%3C/svg%3E\"{rest}"
        ));
    }
    whole
}

/// The same HTML as a program shows it that is told to show no pictures.
pub fn without_pictures(html: &str) -> String {
    let mut pieces = html.split("src=\"data:");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (_, rest) = piece.split_once('"').expect("an attribute");
        whole.push_str(&format!("src=\"data:,\"{rest}"));
    }
    whole
}

/// The program's templates with the direction and the sides of a language that is written from right to left: gazetier
/// has no words of such a language, and a magazine that has them would write these lines in a file of `locales/`.
fn from_right_to_left() -> OwnTemplates {
    let turned = |text: &str| {
        text.replace("v.dir.name", "\"rtl\"").replace("v.dir.start", "\"right\"").replace("v.dir.end", "\"left\"")
    };
    let files = DEFAULTS.iter().map(|(name, text)| ((*name).to_owned(), turned(text))).collect();
    OwnTemplates::new(Path::new("own"), files).expect("templates")
}
