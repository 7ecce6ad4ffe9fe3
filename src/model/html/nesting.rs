//! Which element may stand in which, so that a parser need not mend it.

use super::{
    Open, Scanner,
    names::{Kind, Name, name},
};

const A: Name = name("a");
const ADDRESS_BLOCK: Name = name("address");
const CAPTION: Name = name("caption");
const COL: Name = name("col");
const COLGROUP: Name = name("colgroup");
const DD: Name = name("dd");
const DIV: Name = name("div");
const DT: Name = name("dt");
const HR: Name = name("hr");
const LI: Name = name("li");
const P: Name = name("p");
const RP: Name = name("rp");
const RUBY: Name = name("ruby");
const RT: Name = name("rt");
const TABLE: Name = name("table");
const TBODY: Name = name("tbody");
const TD: Name = name("td");
const TFOOT: Name = name("tfoot");
const TH: Name = name("th");
const THEAD: Name = name("thead");
const TR: Name = name("tr");

impl<'a> Scanner<'a> {
    /// Text ends here: may it stand where it stands?
    pub(super) fn text(&mut self, from: usize) {
        if let Some(Open { text, name, .. }) = self.open.last().copied()
            && matches!(name, TABLE | TBODY | THEAD | TFOOT | TR | COLGROUP)
            && !self.html[from..self.at].trim_ascii().is_empty()
        {
            self.nesting(format!("text stands in <{text}> outside of its cells"));
        }
    }

    /// Whether an element may begin where it begins, without ending another one by that.
    pub(super) fn place(&mut self, Open { text, name, kind }: Open<'a>) {
        let parent = self.open.last().map_or(0, |open| open.name);
        let is_heading = |name: Name| matches!(name.to_be_bytes(), [b'h', b'1'..=b'6', 0, ..]);
        let wrong = match kind {
            Kind::Block if self.inside(P) => Some("a paragraph"),
            Kind::Void if name == HR && self.inside(P) => Some("a paragraph"),
            Kind::Block if is_heading(name) && is_heading(parent) => Some("a heading"),
            Kind::Block if name == LI && self.within(LI, LI) => Some("an item of the same list"),
            Kind::Block if matches!(name, DD | DT) && self.within(DD, DT) => Some("another <dd> or <dt>"),
            Kind::Phrase if name == A && self.inside(A) => Some("another link"),
            Kind::Phrase if matches!(name, RT | RP) && parent != RUBY => Some("no <ruby>"),
            _ => None,
        };
        if let Some(wrong) = wrong {
            return self.nesting(format!("<{text}> stands in {wrong}"));
        }
        let at_home = match name {
            CAPTION | COLGROUP | THEAD | TBODY | TFOOT => parent == TABLE,
            COL => matches!(parent, COLGROUP | TABLE),
            TR => matches!(parent, TBODY | THEAD | TFOOT | TABLE),
            TD | TH => parent == TR,
            _ => !matches!(parent, TABLE | TBODY | THEAD | TFOOT | TR | COLGROUP),
        };
        if !at_home {
            let parent = self.open.last().map_or("nothing", |open| open.text);
            self.nesting(format!("<{text}> stands in <{parent}>"));
        }
    }

    /// Whether an element is open; a cell or a caption is a world of its own.
    fn inside(&self, wanted: Name) -> bool {
        let outward = self.open.iter().rev().map(|open| open.name);
        outward.take_while(|name| !matches!(*name, TD | TH | CAPTION)).any(|name| name == wanted)
    }

    /// Whether one of two is open and no block, but for plain ones, stands between.
    fn within(&self, one: Name, other: Name) -> bool {
        for open in self.open.iter().rev() {
            if open.name == one || open.name == other {
                return true;
            }
            if open.kind != Kind::Phrase && !matches!(open.name, P | ADDRESS_BLOCK | DIV) {
                return false;
            }
        }
        false
    }
}
