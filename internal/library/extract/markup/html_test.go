package markup_test

import (
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/markup"
)

func readHTML(t *testing.T, page string) *document.Document {
	t.Helper()
	return documenttest.Read(t, markup.HTML, "a.html", page)
}

const prose = `Ships of the line carried their guns on two or three decks, and fought in a line so that each could fire at once.
They were built of oak that had stood for a hundred years, and a fleet could cost a kingdom its forests.`

func TestWhatSurroundsAPageIsLeftOut(t *testing.T) {
	t.Parallel()
	doc := readHTML(t, `<html lang=en><title>Ships - Encyclopedia</title><body>
<header class="site-header"><a href="/">Home</a> <a href="/a">Articles</a></header>
<div class="cookie-banner">We use cookies to improve your stay. <button>Accept</button></div>
<div role="search">Search the site</div>
<ul class="breadcrumbs"><li><a href="/">Home</a></li><li><a href="/s">Sea</a></li></ul>
<div class="wrap"><div class="left-menu"><a href="/1">One</a> <a href="/2">Two</a></div>
<div class="content"><h1>Ships of the line<a class="headerlink" href="#x">¶</a></h1><p>`+prose+`</p><h2>Guns<button>edit</button></h2><p>`+prose+`</p>
<h2 id="related">Related ships</h2><ul><li><a href="/f">Frigate</a></li><li><a href="/b">Brig</a></li></ul>
<figure><img src=x alt="A drawing"><figcaption>The hull of 1765</figcaption></figure>
<div class="share-bar"><a href="#">Tweet</a></div></div></div>
<ul><li><a href="/x">Imprint</a></li><li><a href="/y">Privacy</a></li><li><a href="/z">Jobs</a></li></ul>
<footer>© 2024</footer></body>`)
	for _, gone := range []string{"Articles", "cookies", "Search", "Sea", "Two", "Tweet", "Privacy", "©", "¶", "edit\n"} {
		if strings.Contains(doc.Text, gone) {
			t.Errorf("the text holds %q: %s", gone, doc.Text)
		}
	}
	if got, want := documenttest.Headings(doc), []string{"1 Ships of the line", "2 Guns", "2 Related ships"}; !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
	documenttest.WantTexts(t, doc, document.ListItem, "- Frigate", "- Brig")
	documenttest.WantTexts(t, doc, document.Caption, "The hull of 1765")
}

func TestAChapterNamedLikeFurnitureIsKept(t *testing.T) {
	t.Parallel()
	doc := readHTML(t, `<body><div id="content"><h1>Privacy on the web</h1><p>`+prose+prose+`</p>
<section id="cookies"><h2>Cookies</h2><p>A cookie is a small text.</p></section>
<section id="navigation"><h2><button>Navigation</button></h2><p>Ways to find the way.</p></section></div></body>`)
	if got, want := documenttest.Headings(doc), []string{"1 Privacy on the web", "2 Cookies", "2 Navigation"}; !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
	documenttest.WantTexts(t, doc, document.Paragraph, document.OneLine(prose+prose), "A cookie is a small text.", "Ways to find the way.")
}

func TestAPageOfLinksIsItsOwnContent(t *testing.T) {
	t.Parallel()
	doc := readHTML(t, `<ul class="nav"><li><a href=a>One</a></li><li><a href=b>Two</a></li></ul>`)
	documenttest.WantTexts(t, doc, document.ListItem, "- One", "- Two")
}

func TestFormulasAreWrittenAsText(t *testing.T) {
	t.Parallel()
	doc := readHTML(t, `<p>Energy <math><semantics><mrow><mi>E</mi></mrow><annotation encoding="application/x-tex">E=mc^2</annotation></semantics></math>.</p>
<p><math display="block"><mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><msup><mi>c</mi><mn>2</mn></msup></mrow></mfrac></math></p>
<p>And <script type="math/tex">x_1</script><span class="MathJax">x1</span> <span class="katex"><span class="katex-mathml"><math alttext="\pi"></math></span><span class="katex-html" aria-hidden="true">π</span></span>.</p>`)
	documenttest.WantTexts(t, doc, document.Paragraph, "Energy $E=mc^2$.", "a/(b + c^2)", "And $x_1$ $\\pi$.")
}

func TestDefinitionsRubyAndNotesKeepTheirForm(t *testing.T) {
	t.Parallel()
	doc := readHTML(t, `<dl><dt>Oak</dt><dd>A tree</dd><dt>Elm</dt></dl><p><ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby></p>
<details><summary>More</summary><p>Folded away.</p></details><aside role="doc-footnote">1. A note.</aside><ol start=4><li>four<li>five</ol>`)
	documenttest.WantTexts(t, doc, document.ListItem, "- Oak", "  - A tree", "- Elm", "4. four", "5. five")
	documenttest.WantTexts(t, doc, document.Footnote, "1. A note.")
	documenttest.WantTexts(t, doc, document.Paragraph, "漢字(かんじ)", "More", "Folded away.")
}

func TestCellsThatReachAcrossAreRepeated(t *testing.T) {
	t.Parallel()
	doc := readHTML(t, `<table><tr><th>Year</th><th colspan=2>Sales</th></tr><tr><th rowspan=3>2024</th></tr><tr><td>Q1</td><td>5</td></tr><tr><td>Q2</td><td><ul><li>a<li>b</ul></td></tr></table>`)
	documenttest.WantTexts(t, doc, document.Table, "| Year | Sales | Sales |\n| --- | --- | --- |\n| 2024 | Q1 | 5 |\n| 2024 | Q2 | - a - b |")
}

func TestTablesThatLayOutThePageAreRead(t *testing.T) {
	t.Parallel()
	doc := readHTML(t, `<table><tr><td><a href=a>menu</a></td><td><h1>Title</h1><p>`+prose+prose+`</p><table><tr><td>k</td><td>v</td></tr></table></td></tr></table>`)
	if got, want := documenttest.Headings(doc), []string{"1 Title"}; !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
	documenttest.WantTexts(t, doc, document.Table, "| k | v |\n| --- | --- |")
}

func TestThePagesEncodingIsFound(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("<!-- far into the head -->", 60)
	for name, c := range map[string]struct{ page, want string }{
		"declared":          {"<meta charset=iso-8859-2><p>\xb3\xf3d\xbc", "łódź"},
		"declared late":     {"<html><head>" + long + "<meta charset='windows-1251'><p>\xcc\xe8\xf0", "Мир"},
		"declared in XML":   {"<?xml version='1.0' encoding='iso-8859-2'?><html><body><p>\xb3\xf3d\xbc</p></body></html>", "łódź"},
		"declared wrongly":  {"<meta charset=gb2312><p>łódź 漢字", "łódź 漢字"},
		"UTF-16 with mark":  {"\xff\xfe<\x00p\x00>\x00B\x01", "ł"},
		"nothing declared":  {"<p>Gr\xfc\xdfe aus K\xf6ln, sch\xf6ne Stra\xdfen und Br\xfccken", "Grüße aus Köln, schöne Straßen und Brücken"},
		"meta of old pages": {`<meta http-equiv="Content-Type" content="text/html; charset=koi8-r"><p>` + "\xed\xc9\xd2", "Мир"},
	} {
		if doc := readHTML(t, c.page); doc.Text != c.want {
			t.Errorf("%s: text = %q, want %q", name, doc.Text, c.want)
		}
	}
}

// Each of these made a reader slow or large, or could.
func TestHostilePagesAreRead(t *testing.T) {
	t.Parallel()
	deep := func(tag string) string { return strings.Repeat("<"+tag+">", 100_000) + "x" }
	cell := "<td>" + strings.Repeat("wide ", 2000)
	for name, page := range map[string]string{
		"deep elements":      deep("div"),
		"deep lists":         deep("ul><li"),
		"deep tables":        deep("table><tr><td"),
		"deep quotes":        deep("blockquote"),
		"open formats":       strings.Repeat("<b><i><a href=x>", 30_000) + "x",
		"tables in tables":   strings.Repeat("<table><tr><td>"+strings.Repeat("<b></b>", 2000), 100) + strings.Repeat("long text ", 500_000),
		"deep formulas":      "<math>" + deep("msup"),
		"wide spans":         "<table>" + strings.Repeat("<tr><td colspan=1000 rowspan=1000>a b c", 3000) + "</table>",
		"long spans":         "<table>" + strings.Repeat("<tr>"+strings.Replace(cell, "<td>", "<td colspan=1000 rowspan=1000>", 1), 20) + strings.Repeat("<tr><td>", 3000) + "</table>",
		"one wide row":       "<table><tr>" + strings.Repeat("<td>a", 1000) + strings.Repeat("<tr><td>b", 100_000) + "</table>",
		"many attributes":    "<p " + strings.Repeat("a=b class=c ", 100_000) + ">x",
		"an endless comment": "<p>x<!--" + strings.Repeat("-", 1<<20),
		"many classes":       "<p>" + prose + prose + prose + strings.Repeat(`<div class="related `+strings.Repeat("nav ", 20)+`"><h2>x</h2><p>y`, 400),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if doc, err := documenttest.Try(t, markup.HTML, "a.html", page); err != nil || len(doc.Text) > 32<<20 {
				t.Errorf("error %v", err)
			}
		})
	}
}

func FuzzHTML(f *testing.F) {
	documenttest.Fuzz(
		f, markup.HTML, "a.html",
		"<title>a</title><h1>b</h1><ul><li>c<table><tr><td rowspan=3>d<td colspan=9>e</table><pre>f",
		"<meta charset=utf-16><p>a<br>b", "<table><tr><td><table><tr><td>x",
		`<div class="nav related"><a href=a>b</a></div><main><article><p>`+prose+prose+prose+`</p></article></main><aside>c</aside>`,
		`<dl><dt>a<dd>b<div><dt>c</div></dl><ruby>d<rt>e</ruby><math alttext="{\displaystyle x}"><mfrac><mi>a<mi>b</mfrac></math><figure><figcaption>c`,
	)
}

func TestPicturesAreReadAsWhatTheyAreSaidToShow(t *testing.T) {
	t.Parallel()
	doc := readHTML(t, `<p>Press <img alt="the gear" src=g.svg> <img alt="→" src=a.svg> go<img src=x alt="">.<p><img alt="duck.png">
<table><tr><th>Bird<th>Seen<tr><td><img alt="A duck"><td>5</table>`)
	if want := "Press [the gear] → go .\n\n| Bird | Seen |\n| --- | --- |\n| [A duck] | 5 |"; doc.Text != want {
		t.Errorf("text = %q, want %q", doc.Text, want)
	}
}

func TestSignsOfFiguresAreReadWithThem(t *testing.T) {
	t.Parallel()
	doc := readHTML(t, `<p>x<table><tr><td></td><td colspan=3>2024</td><td></td><td colspan=3>2023</td></tr>
<tr><td>Cash</td><td>$</td><td>5</td><td></td><td></td><td>$</td><td>7</td><td></td></tr>
<tr><td>Loss</td><td></td><td>(6</td><td>)</td><td></td><td></td><td>(8</td><td>)</td></tr>
<tr><td>Rate</td><td></td><td>3</td><td>%</td><td></td><td></td><td>4</td><td>%</td></tr></table>`)
	documenttest.WantTexts(t, doc, document.Table, "|  | 2024 | 2023 |\n| --- | --- | --- |\n| Cash | $ 5 | $ 7 |\n| Loss | (6) | (8) |\n| Rate | 3% | 4% |")
}

func TestAColumnOfSignsThatIsDataIsKept(t *testing.T) {
	t.Parallel()
	doc := readHTML(t, `<p>x<table><tr><th>Sign</th><th>Name</th></tr><tr><td>$</td><td>Dollar</td></tr><tr><td>€</td><td>Euro</td></tr></table>`)
	documenttest.WantTexts(t, doc, document.Table, "| Sign | Name |\n| --- | --- |\n| $ | Dollar |\n| € | Euro |")
}
