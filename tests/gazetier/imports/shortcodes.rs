//! What generators take for instructions in a body becomes what readers can see, or is taken out and told.

use super::LATER;
use crate::support::Scene;

/// What is said of a column with this body, and what the feed has of it.
fn published(body: &str) -> String {
    let scene = Scene::empty();
    scene.put("columns/a/index.md", &format!("---\ntitle: A\npublished: 2026-11-20\nslug: a\n---\n\n{body}\n"));
    scene.put("columns/a/phare.jpg", "");
    let outcome = scene.run(&["sync"]);
    scene.ok(&["publish", "--at", LATER]);
    let item = scene.items("feed.json").into_iter().next().unwrap_or_default();
    let html = item["content_html"].as_str().unwrap_or_default();
    let summary = item["summary"].as_str().map(|summary| format!("[{summary}]\n")).unwrap_or_default();
    format!("{summary}{}\n{}", html.trim_end(), outcome.stderr)
}

fn told(bodies: &[&str]) -> String {
    bodies.iter().map(|body| format!("# {body}\n{}\n", published(body))).collect()
}

#[test]
fn shortcodes_of_hugo() {
    insta::assert_snapshot!(
        "hugo",
        told(&[
            "{{< figure src=\"phare.jpg\" alt=\"Un phare\" caption=\"Le phare, *le soir*\" attr=\"Zoé\" >}}",
            "Avant {{< figure src=\"/images/a.jpg\" title=\"Une bouée\" link=\"https://a.example/\" >}} après.",
            "{{< youtube Ab-1 >}}\n\n{{< youtube id=\"Ab-2\" title=\"Une marée\" >}}\n\n{{< vimeo 12 >}}",
            "{{< tweet user=\"estran\" id=\"34\" >}} {{< gist zoe 56 >}} {{< instagram Cx-1 >}}",
            "[Un autre]({{< ref \"posts/2026-10-02-un-autre.md#fin\" >}}), [encore]({{% relref \"/humeur/phare/index.md\" %}}).",
            "{{% notice warning %}}\nAttention au *vent*.\n{{% /notice %}}",
            "{{< quote author=\"Zoé\" >}}\nLa mer.\n\nEt *le vent*.\n{{< /quote >}}\n\nSuite.",
            "{{< highlight go >}}\nfunc main() { x := \"{{< a >}}\" }\n{{< /highlight >}}",
            "{{< galerie dossier=\"port\" >}}\n\nTexte {{< galerie >}} et {{< meteo ville=\"Brest\" />}}.",
            "`{{< figure >}}` et {{</* figure src=\"x\" */>}}\n\n```\n{{< youtube x >}}\n{% raw %}\n```\n\n    {{< tweet >}}\n",
            "{{< jamais fermé\n\net {{ non plus",
            "Un paragraphe.\n\n<!--more-->\n\nLa suite.",
            "Une [image](x) ![](phare.jpg).\n<!-- more -->\nLa suite.",
            "![Un phare](phare.jpg){.large}\n\n![Ailleurs](autre.jpg)\n{.petit #x}\n\n## Titre {#ancre}\n\nUn mot {.ici} reste.",
        ])
    );
}

#[test]
fn shortcodes_of_zola() {
    insta::assert_snapshot!(
        "zola",
        told(&[
            "{{ youtube(id=\"Ab-1\") }}\n\n{{ vimeo(id=12, class=\"large\") }}",
            "{% quote(author=\"Zoé\") %}\nLa **mer**.\n{% end %}\n\nSuite.",
            "{{ resize_image(path=\"phare.jpg\", width=4, height=5, op=\"fit\") }}\n\n{{ image(src=\"/a.jpg\", alt=\"Un quai\") }}",
            "{% inconnu(a=1) %}\nTexte gardé.\n{% end %}\n\n{{ carte(lat=48.1, lon=\"-4\") }}",
            "[Ailleurs](@/blog/2026-10-02-la-vase.md#bas) ![](@/a.jpg)",
            "{{/* youtube(id=\"x\") */}}",
        ])
    );
}

#[test]
fn liquid_of_jekyll_and_eleventy() {
    insta::assert_snapshot!(
        "liquid",
        told(&[
            "{% include figure.html src=\"/a.jpg\" alt=\"Un quai\" caption=\"Le quai\" %}\n\n{% include video id=\"Ab-1\" provider=\"youtube\" %}",
            "{% include partage.html %}Texte.\n\n{%- include_relative autre.md -%}",
            "{% highlight ruby linenos %}\nputs \"```\" # {{ x }}\n{% endhighlight %}",
            "{% raw %}Écrire {{ page.title }} tel quel.{% endraw %} {% comment %}à voir{% endcomment %}",
            "[Avant]({% post_url 2026-10-02-la-criee %}) [page]({{ site.url }}{{ site.baseurl }}/a) ![m]({{ \"/m.jpg\" | relative_url }})",
            "{% if page.x %}Oui.{% else %}Non.{% endif %} {{ page.titre | upcase }} {{ page.url }}",
            "* TOC\n{:toc}\n\nUn texte.\n{:.chapo}\n\n[Lien](/x){:target=\"_blank\"} et {::nomarkdown}x{:/}",
            "{% unknown a b=c %}",
        ])
    );
}

#[test]
fn marks_of_pelican_and_bare_addresses() {
    insta::assert_snapshot!(
        "pelican",
        told(&[
            "[Voir]({filename}/carnet/2026-10-02-maree.md) ![Quai]({static}/images/quai.jpg) [pdf]({attach}plan.pdf)",
            "Sur https://a.example/x_y_(z)?a=1&b=2, ou (http://b.example).\n\n<a href=\"https://c.example\">https://c.example</a> `https://d.example`",
            "| a | b | c |\n| :-- | :-: | --: |\n| 1 | 2 | https://e.example |",
            "Une note[^1], deux[^n].\n\n[^1]: Un.\n[^n]: Deux https://f.example/.",
        ])
    );
}

#[test]
fn instructions_that_mean_harm_take_no_time() {
    for body in [
        "{{".repeat(50_000),
        "{{<".repeat(50_000),
        "{% x %}".repeat(20_000),
        "{% raw %}".repeat(20_000),
        "{{< quote >}}".repeat(5_000),
        "{{< a \"".repeat(20_000),
        "<!--".repeat(50_000),
        "{:".repeat(50_000),
        "https://".repeat(50_000),
        "<svg>".repeat(20_000),
        "a <svg> ".repeat(20_000),
        "<math><svg>".repeat(20_000),
        "<form><input>".repeat(10_000),
        "<canvas>".repeat(20_000),
    ] {
        let begin = std::time::Instant::now();
        let scene = Scene::empty();
        scene.put("columns/a.md", &format!("---\ntitle: A\npublished: 2026-11-20\n---\n\nx {body}\n"));
        let outcome = scene.run(&["sync"]);
        let short: String = body.chars().take(20).collect();
        assert_eq!(outcome.code, 0, "{short}: {}", outcome.stderr);
        assert!(begin.elapsed().as_secs() < 20, "{short}: {:?}", begin.elapsed());
    }
}
