//! The strictest reader of HTML: a parser by the standard that tells every error it would mend.

use std::{borrow::Cow, cell::RefCell, rc::Rc};

use html5ever::{
    Attribute, ParseOpts, QualName,
    interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
    local_name, ns, parse_fragment,
    tendril::{StrTendril, TendrilSink},
};

/// The parse errors of a fragment of HTML, in a `<div>`.
pub fn errors(html: &str) -> Vec<String> {
    let mut opts = ParseOpts::default();
    opts.tree_builder.exact_errors = true;
    opts.tokenizer.exact_errors = true;
    let context = QualName::new(None, ns!(html), local_name!("div"));
    parse_fragment(Sink::default(), opts, context, Vec::new(), false).one(html)
}

/// Takes note of errors; builds no tree.
#[derive(Default)]
struct Sink {
    errors: RefCell<Vec<String>>,
}

type Node = Rc<QualName>;

fn node() -> Node {
    Rc::new(QualName::new(None, ns!(), local_name!("")))
}

impl TreeSink for Sink {
    type Handle = Node;
    type Output = Vec<String>;
    type ElemName<'a> = &'a QualName;

    fn finish(self) -> Vec<String> {
        self.errors.into_inner()
    }
    fn parse_error(&self, message: Cow<'static, str>) {
        self.errors.borrow_mut().push(message.into_owned());
    }
    fn get_document(&self) -> Node {
        node()
    }
    fn elem_name<'a>(&'a self, target: &'a Node) -> &'a QualName {
        target
    }
    fn create_element(&self, name: QualName, _: Vec<Attribute>, _: ElementFlags) -> Node {
        Rc::new(name)
    }
    fn create_comment(&self, _: StrTendril) -> Node {
        node()
    }
    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Node {
        node()
    }
    fn append(&self, _: &Node, _: NodeOrText<Node>) {}
    fn append_based_on_parent_node(&self, _: &Node, _: &Node, _: NodeOrText<Node>) {}
    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}
    fn get_template_contents(&self, target: &Node) -> Node {
        Rc::clone(target)
    }
    fn same_node(&self, x: &Node, y: &Node) -> bool {
        Rc::ptr_eq(x, y)
    }
    fn set_quirks_mode(&self, _: QuirksMode) {}
    fn append_before_sibling(&self, _: &Node, _: NodeOrText<Node>) {}
    fn add_attrs_if_missing(&self, _: &Node, _: Vec<Attribute>) {}
    fn remove_from_parent(&self, _: &Node) {}
    fn reparent_children(&self, _: &Node, _: &Node) {}
}

#[test]
fn errors_are_told() {
    assert_eq!(errors("<p>a</p><ul><li>b</li></ul>&amp;"), Vec::<String>::new());
    for html in ["<p><p>a</p></p>", "a</p>", "<b><i>a</b></i>", "&eacute", "<table>a</table>", "<tr><td>"] {
        assert!(!errors(html).is_empty(), "{html}");
    }
}
