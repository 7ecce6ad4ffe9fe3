//! The magazine that the corpus is of: what its configuration says and what the floor, which reads
//! no configuration, must know of it.

/// Its name.
pub const NAME: &str = "Le Grand Large";
/// Under its name; what a feed without a description of its own says.
pub const TAGLINE: &str = "La revue de ceux qui regardent la mer & de ceux qui la prennent";
/// Its language.
pub const LANGUAGE: &str = "fr";
/// Its site.
pub const SITE: &str = "https://large.example.org/";
/// Where its feeds are served.
pub const FEEDS: &str = "https://large.example.org/flux/";
/// Who holds the rights.
pub const RIGHTS: &str = "© Le Grand Large";
/// A day on which it held its domain.
pub const TAG_DATE: &str = "2005-01-01";
/// How many columns a feed holds.
pub const ITEMS: usize = 50;

/// The start of every id, by RFC 4151.
pub fn tag(rest: &str) -> String {
    format!("tag:large.example.org,{TAG_DATE}:{rest}")
}

/// A rubrique of the corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rubrique {
    /// Its name in paths.
    pub slug: String,
    /// Its name for readers.
    pub label: String,
    /// What its feed says of it.
    pub description: String,
}

/// The rubrique with a number, counted from 0.
pub fn rubrique(number: usize) -> Rubrique {
    const NAMES: [(&str, &str); 8] = [
        ("edito", "Édito"),
        ("humeur", "Humeur"),
        ("carnet", "Carnet"),
        ("escale", "Escale"),
        ("cuisine", "Cuisine d’équipage"),
        ("quai", "Vu du quai"),
        ("memoire", "Mémoire & marées"),
        ("lettres", "Lettres à la mer"),
    ];
    let (slug, label) = NAMES[number % NAMES.len()];
    let series = number / NAMES.len() + 1;
    Rubrique {
        slug: format!("{slug}-{series}"),
        label: format!("{label} {series}"),
        description: format!("{label}, cahier {series} : ce que la semaine a laissé sur le sable"),
    }
}
