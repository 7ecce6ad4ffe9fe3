//! What passes and what is told, tag by tag.

use super::scan;

#[test]
fn sound_html_passes() {
    for html in [
        "",
        "texte & texte &amp; &nbsp;&eacute;&#233;&#xE9; a > b",
        "<p>a<br>b<br/></p>\n<hr><p>c</p>",
        "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>",
        "<dl><dt>a</dt><dd>b</dd></dl>",
        "<table><caption>a</caption><thead><tr><th>b</th></tr></thead> <tbody><tr><td><p>c</p></td></tr></tbody></table>",
        "<a href=\"https://a.example/?b=1&amp;c\">a</a><a href='mailto:a@b.example'>b</a>",
        "<picture><source srcset=\"https://a.example/b,c 1x, https://a.example/d 2x\"><img src=https://a.example/a alt></picture>",
        "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby><!-- a -->",
        "<P CLASS=x data-a=\"1\">a</P>",
    ] {
        assert_eq!(scan(html), [], "{html}");
    }
}

#[test]
fn unsound_html_is_told() {
    let rules = |html: &str| scan(html).into_iter().map(|(rule, _)| rule).collect::<Vec<_>>();
    for (html, rule) in [
        ("<script>a</script>", "html-element"),
        ("<iframe src=\"https://a.example/\"></iframe>", "html-element"),
        ("<p onclick=\"a()\">a</p>", "html-attribute"),
        ("<p style=\"color:red\">a</p>", "html-style"),
        ("<a href=\"/a\">a</a>", "html-address"),
        ("<a href=\"javascript:a()\">a</a>", "html-address"),
        ("<img src=\"data:image/png,a\">", "html-address"),
        ("<img srcset=\"https://a.example/a 1x, b 2x\">", "html-address"),
        ("<a href=\"https://a.example/é\">a</a>", "html-address"),
        ("<q cite=\"//a.example/\">a</q>", "html-address"),
        ("<rt>a</rt>", "html-nesting"),
        ("<ruby><b><rt>a</rt></b></ruby>", "html-nesting"),
        ("<p>a", "html-nesting"),
        ("a</p>", "html-nesting"),
        ("<b><i>a</b></i>", "html-nesting"),
        ("<p><div>a</div></p>", "html-nesting"),
        ("<p><b><ul></ul></b></p>", "html-nesting"),
        ("<a href=\"https://a.example/\"><a>b</a></a>", "html-nesting"),
        ("<h2><h3>a</h3></h2>", "html-nesting"),
        ("<ul><li>a<div><li>b</li></div></li></ul>", "html-nesting"),
        ("<table>a<tr><td>b</td></tr></table>", "html-nesting"),
        ("<table><tbody><td>b</td></tbody></table>", "html-nesting"),
        ("<tr><td>b</td></tr>", "html-nesting"),
        ("a&b", "html-entity"),
        ("&check;", "html-entity"),
        ("&eacute", "html-entity"),
        ("&#0;&#xFFFE;", "html-entity"),
        ("<a title=\"&b;\">c</a>", "html-entity"),
        ("a < b", "html-syntax"),
        ("<!doctype html>", "html-syntax"),
        ("<!-- a", "html-syntax"),
        ("<p/>", "html-syntax"),
        ("<b title='a'lang='b'>c</b>", "html-syntax"),
        ("<b lang='a' lang='b'>c</b>", "html-syntax"),
        ("<b lang=\"a", "html-syntax"),
        ("<b lang=>a</b>", "html-syntax"),
        ("\u{b}", "characters"),
        ("<b title=\"\u{fffe}\">a</b>", "characters"),
    ] {
        assert!(rules(html).contains(&rule), "{html} gave {:?}", scan(html));
    }
}
