//! Which element may stand in which, so that a parser need not mend it.

use super::{
    HtmlScanner, OpenElement,
    names::{ElementKind, PackedName, name},
};

const A: PackedName = name("a");
const ADDRESS_BLOCK: PackedName = name("address");
const CAPTION: PackedName = name("caption");
const COL: PackedName = name("col");
const COLGROUP: PackedName = name("colgroup");
const DD: PackedName = name("dd");
const DIV: PackedName = name("div");
const DT: PackedName = name("dt");
const HR: PackedName = name("hr");
const LI: PackedName = name("li");
const P: PackedName = name("p");
const RP: PackedName = name("rp");
const RUBY: PackedName = name("ruby");
const RT: PackedName = name("rt");
const TABLE: PackedName = name("table");
const TBODY: PackedName = name("tbody");
const TD: PackedName = name("td");
const TFOOT: PackedName = name("tfoot");
const TH: PackedName = name("th");
const THEAD: PackedName = name("thead");
const TR: PackedName = name("tr");

impl<'a> HtmlScanner<'a> {
    /// Text ends here: may it stand where it stands?
    pub(super) fn text(&mut self, from: usize) {
        if let Some(OpenElement { text, name, .. }) = self.open.last().copied()
            && matches!(name, TABLE | TBODY | THEAD | TFOOT | TR | COLGROUP)
            && !self.html[from..self.at].trim_ascii().is_empty()
        {
            self.nesting(format!("text stands in <{text}> outside of its cells"));
        }
    }

    /// Whether an element may begin where it begins, without ending another one by that.
    pub(super) fn place(&mut self, OpenElement { text, name, kind }: OpenElement<'a>) {
        let parent = self.open.last().map_or(0, |open| open.name);
        let is_heading = |name: PackedName| matches!(name.to_be_bytes(), [b'h', b'1'..=b'6', 0, ..]);
        let wrong = match kind {
            ElementKind::Block if self.inside(P) => Some("a paragraph"),
            ElementKind::Void if name == HR && self.inside(P) => Some("a paragraph"),
            ElementKind::Block if is_heading(name) && is_heading(parent) => Some("a heading"),
            ElementKind::Block if name == LI && self.within(LI, LI) => Some("an item of the same list"),
            ElementKind::Block if matches!(name, DD | DT) && self.within(DD, DT) => Some("another <dd> or <dt>"),
            ElementKind::Phrase if name == A && self.inside(A) => Some("another link"),
            ElementKind::Phrase if matches!(name, RT | RP) && parent != RUBY => Some("no <ruby>"),
            _ => None,
        };
        if let Some(wrong) = wrong {
            return self.nesting(format!("<{text}> stands in {wrong}"));
        }
        let allowed = match name {
            CAPTION | COLGROUP | THEAD | TBODY | TFOOT => parent == TABLE,
            COL => matches!(parent, COLGROUP | TABLE),
            TR => matches!(parent, TBODY | THEAD | TFOOT | TABLE),
            TD | TH => parent == TR,
            _ => !matches!(parent, TABLE | TBODY | THEAD | TFOOT | TR | COLGROUP),
        };
        if !allowed {
            let parent = self.open.last().map_or("nothing", |open| open.text);
            self.nesting(format!("<{text}> stands in <{parent}>"));
        }
    }

    /// Whether an element is open; a cell or a caption is a world of its own.
    fn inside(&self, wanted: PackedName) -> bool {
        let outward = self.open.iter().rev().map(|open| open.name);
        outward.take_while(|name| !matches!(*name, TD | TH | CAPTION)).any(|name| name == wanted)
    }

    /// Whether one of two is open and no block, but for plain ones, stands between.
    fn within(&self, one: PackedName, other: PackedName) -> bool {
        for open in self.open.iter().rev() {
            if open.name == one || open.name == other {
                return true;
            }
            if open.kind != ElementKind::Phrase && !matches!(open.name, P | ADDRESS_BLOCK | DIV) {
                return false;
            }
        }
        false
    }
}
