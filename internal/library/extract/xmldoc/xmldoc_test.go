package xmldoc_test

import (
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmldoc"
)

func read(t *testing.T, content string) *document.Document {
	t.Helper()
	return documenttest.Read(t, xmldoc.Read, "a.xml", content)
}

func wantHeadings(t *testing.T, doc *document.Document, want ...string) {
	t.Helper()
	if got := documenttest.Headings(doc); !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
}

const jats = `<?xml version="1.0"?><!DOCTYPE article PUBLIC "-//NLM//DTD JATS" "x.dtd"><article xmlns:mml="http://www.w3.org/1998/Math/MathML" article-type="research-article" xml:lang="en">
<front><journal-meta><journal-title>A Journal</journal-title></journal-meta><article-meta><article-id pub-id-type="doi">10.1/x</article-id>
<title-group><article-title>Of <italic>Ducks</italic></article-title></title-group>
<contrib-group><contrib contrib-type="author"><name><surname>Bo</surname><given-names>Al</given-names></name></contrib></contrib-group><aff><label>1</label><institution-wrap><institution-id institution-id-type="ror">https://ror.org/1x</institution-id><institution>Pond University</institution></institution-wrap>, Lake</aff>
<pub-date><day>3</day><month>2</month><year>2024</year></pub-date><abstract><p>What we did.</p></abstract></article-meta></front>
<body><sec><label>1.</label><title>Methods</title><p>As before [<xref rid="b1">1</xref>], H<sub>2</sub>O and <inline-formula><alternatives><mml:math><mml:mi>x</mml:mi></mml:math><tex-math>$x^2$</tex-math></alternatives></inline-formula>.</p>
<disp-formula><mml:math><mml:mfrac><mml:mi>a</mml:mi><mml:mi>b</mml:mi></mml:mfrac></mml:math><label>(1)</label></disp-formula>
<sec><title>Birds</title><list list-type="order"><list-item><p>one</p></list-item><list-item><p>two</p></list-item></list></sec>
<table-wrap><label>Table 1</label><caption><title>Counts.</title><p>Of ducks.</p></caption><table><thead><tr><th>Year</th><th>n</th></tr></thead><tbody><tr><td>2020</td><td>5</td></tr></tbody></table><table-wrap-foot><fn><p>Rounded.</p></fn></table-wrap-foot></table-wrap></sec></body>
<back><ack><p>Thanks.</p></ack><ref-list><title>References</title><ref id="b1"><label>1</label><element-citation><name><surname>Lee</surname><given-names>K</given-names></name><year>1999</year><article-title>Ponds</article-title><source>Nature</source><volume>3</volume><fpage>4</fpage><lpage>9</lpage></element-citation></ref></ref-list></back></article>`

func TestArticlesGiveTheirStructure(t *testing.T) {
	t.Parallel()
	doc := read(t, jats)
	if doc.ContentType != "application/jats+xml" || doc.Title != "Of Ducks" || doc.Language != "en" || doc.Metadata["author"] != "Al Bo" || doc.Metadata["doi"] != "10.1/x" || doc.Metadata["created"] != "2024-02-03" {
		t.Errorf("type %q, title %q, language %q, metadata %v", doc.ContentType, doc.Title, doc.Language, doc.Metadata)
	}
	wantHeadings(t, doc, "1 Of Ducks", "2 Abstract", "2 1. Methods", "3 Birds", "2 Acknowledgements", "2 References")
	documenttest.WantTexts(t, doc, document.Paragraph, "Al Bo", "Pond University, Lake", "What we did.", "As before [1], H2O and $x^2$ .", "a/b (1)", "Thanks.")
	documenttest.WantTexts(t, doc, document.ListItem, "1. one", "2. two", "1 Lee K. Ponds. Nature 3:4–9 (1999).")
	documenttest.WantTexts(t, doc, document.Caption, "Table 1 Counts. Of ducks.")
	documenttest.WantTexts(t, doc, document.Table, "| Year | n |\n| --- | --- |\n| 2020 | 5 |")
	documenttest.WantTexts(t, doc, document.Footnote, "Rounded.")
}

func TestPatentsOfEachEditionGiveTheirStructure(t *testing.T) {
	t.Parallel()
	for name, patent := range map[string]string{
		"grant": `<us-patent-grant><us-bibliographic-data-grant><publication-reference><document-id><doc-number>7</doc-number></document-id></publication-reference><invention-title>A lamp</invention-title></us-bibliographic-data-grant>
<abstract><p>It shines.</p></abstract><drawings><figure><img/></figure></drawings><description><heading level="1">FIELD</heading><p num="1">Of lamps.</p></description>
<us-claim-statement>What is claimed is:</us-claim-statement><claims><claim><claim-text>1. A lamp:<claim-text>that shines.</claim-text></claim-text></claim></claims></us-patent-grant>`,
		"application of 2001": `<patent-application-publication><subdoc-bibliographic-information><document-id><doc-number>7</doc-number></document-id><technical-information><title-of-invention>A lamp</title-of-invention></technical-information></subdoc-bibliographic-information>
<subdoc-abstract><paragraph>It shines.</paragraph></subdoc-abstract><subdoc-description><section><heading lvl="0">FIELD</heading><paragraph><number>&lsqb;1&rsqb;</number>Of lamps.</paragraph></section></subdoc-description>
<subdoc-claims><claim><claim-text>1. A lamp: <claim-text>that shines.</claim-text></claim-text></claim></subdoc-claims></patent-application-publication>`,
		"grant of 2002": `<PATDOC><SDOBI><B100><B110><DNUM><PDAT>7</PDAT></DNUM></B110></B100><B540><STEXT><PDAT>A lamp</PDAT></STEXT></B540></SDOBI><SDOAB><BTEXT><PARA><PTEXT><PDAT>It shines.</PDAT></PTEXT></PARA></BTEXT></SDOAB>
<SDODE><BTEXT><H LVL="1"><STEXT><PDAT>FIELD</PDAT></STEXT></H><PARA><PTEXT><PDAT>Of lamps.</PDAT></PTEXT></PARA></BTEXT></SDODE><SDOCL><CL><CLM><PARA><PTEXT><PDAT>1. A lamp: </PDAT></PTEXT></PARA><CLMSTEP><PTEXT><PDAT>that shines.</PDAT></PTEXT></CLMSTEP></CLM></CL></SDOCL></PATDOC>`,
	} {
		doc := read(t, patent)
		if doc.Title != "A lamp" || doc.Metadata["number"] != "7" {
			t.Errorf("%s: title %q, metadata %v", name, doc.Title, doc.Metadata)
		}
		want := "A lamp\n\nAbstract\n\nIt shines.\n\nFIELD\n\nOf lamps.\n\nClaims\n\n1. A lamp: that shines."
		if got := strings.ReplaceAll(doc.Text, "A lamp:that", "A lamp: that"); got != want {
			t.Errorf("%s: text = %q, want %q", name, got, want)
		}
	}
}

func TestBooksAndPoemsGiveTheirStructure(t *testing.T) {
	t.Parallel()
	doc := read(t, `<book xmlns="http://docbook.org/ns/docbook"><info><title>The Book</title></info><chapter><title>First</title><para>Text<footnote><para>aside</para></footnote></para>
<itemizedlist><listitem><para>a</para><orderedlist><listitem><para>b</para></listitem></orderedlist></listitem></itemizedlist><section><title>Sub</title><programlisting>x {
  y }</programlisting>
<table><title>T</title><tgroup cols="2"><colspec colname="a"/><colspec colname="b"/><thead><row><entry namest="a" nameend="b">AB</entry></row></thead><tbody><row><entry>1</entry><entry>2</entry></row></tbody></tgroup></table></section></chapter></book>`)
	wantHeadings(t, doc, "1 The Book", "2 First", "3 Sub")
	documenttest.WantTexts(t, doc, document.ListItem, "- a", "  1. b")
	documenttest.WantTexts(t, doc, document.Code, "x {\n  y }")
	documenttest.WantTexts(t, doc, document.Table, "| AB | AB |\n| --- | --- |\n| 1 | 2 |")
	documenttest.WantTexts(t, doc, document.Footnote, "aside")
	doc = read(t, `<TEI><teiHeader><titleStmt><title>Fleurs</title></titleStmt></teiHeader><text><body><div><head>Albatros</head><lg><l>Souvent,</l><l>pour</l></lg></div></body></text></TEI>`)
	wantHeadings(t, doc, "1 Fleurs", "2 Albatros")
	documenttest.WantTexts(t, doc, document.Paragraph, "Souvent,\npour")
}

func TestGroupsOfATableAreAlignedByTheirWidths(t *testing.T) {
	t.Parallel()
	doc := read(t, `<book><chapter><title>x</title><table><tgroup><colspec colname="a" colwidth="40pt"/><colspec colname="b" colwidth="54.5PT"/><colspec colname="c" colwidth="6pt"/><row><entry>Lamp</entry><entry>Light</entry><entry/></row></tgroup>
<tgroup><colspec colwidth="40pt"/><colspec colwidth="30pt"/><colspec colwidth="30pt"/><row><entry>one</entry><entry>5</entry><entry>6</entry></row></tgroup></table></chapter></book>`)
	documenttest.WantTexts(t, doc, document.Table, "| Lamp | Light | Light |\n| --- | --- | --- |\n| one | 5 | 6 |")
}

func TestFeedsGiveTheirEntries(t *testing.T) {
	t.Parallel()
	doc := read(t, `<rss version="2.0"><channel><title>News</title><language>en</language><item><title>One &amp;amp; two</title><pubDate>Mon</pubDate><description>&lt;p&gt;Said &lt;b&gt;so&lt;/b&gt;.&lt;/p&gt;</description></item></channel></rss>`)
	wantHeadings(t, doc, "1 News", "2 One & two")
	documenttest.WantTexts(t, doc, document.Paragraph, "Mon", "Said so.")
	doc = read(t, `<feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title><entry><title>E</title><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><ul><li>a &amp; b</li></ul></div></content></entry></feed>`)
	documenttest.WantTexts(t, doc, document.ListItem, "- a & b")
}

func TestReportsGiveTheirTexts(t *testing.T) {
	t.Parallel()
	doc := read(t, `<xbrl xmlns:dei="d" xmlns:g="g"><context id="c"><entity><identifier>99</identifier></entity></context><dei:DocumentType contextRef="c">10-K</dei:DocumentType><dei:EntityRegistrantName contextRef="c">Acme</dei:EntityRegistrantName>
<g:Cash contextRef="c" unitRef="usd">5</g:Cash><g:NoteTextBlock contextRef="c">&lt;p&gt;We sell.&lt;/p&gt;</g:NoteTextBlock></xbrl>`)
	if want := "10-K Acme\n\nWe sell."; doc.Text != want || doc.ContentType != "application/xbrl-instance+xml" {
		t.Errorf("text = %q, want %q", doc.Text, want)
	}
}

func TestAnyXMLGivesItsText(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		`<doc><intro>Some <b>bold</b> text.</intro><rec><a>1</a><b>2</b></rec><rec><a>3</a><b>&lt;4</b></rec></doc>`: "Some bold text.\n1\n2\n\n3\n<4",
		`<config><item name="a" value="b"/></config>`:                                                                `<config><item name="a" value="b"/></config>`,
		`<config><item>a <b < c</item>`:                                                                              `<config><item>a <b < c</item>`,
		"<?xml version='1.0' encoding='koi8-r'?><a>\xed\xc9\xd2</a>":                                                 "Мир",
		`<html xmlns="http://www.w3.org/1999/xhtml"><body><p>x</p></body></html>`:                                    "x",
	} {
		if doc := read(t, content); doc.Text != want {
			t.Errorf("%s: text = %q, want %q", content, doc.Text, want)
		}
	}
}

func TestNothingOutsideTheFileIsRead(t *testing.T) {
	t.Parallel()
	doc := read(t, `<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY b "bomb bomb">]><book><chapter><title>x</title><para>&e; &b; &b;</para></chapter></book>`)
	documenttest.WantTexts(t, doc, document.Paragraph, "&e; &b; &b;")
}

func TestHostileXMLEndsWithAFaultOrText(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"deep":           strings.Repeat("<a>", 100_000) + "x",
		"deep article":   "<book>" + strings.Repeat("<section><title>x</title>", 100_000),
		"deep lists":     "<book>" + strings.Repeat("<list><item>x", 200),
		"deep formulas":  "<book><para><math>" + strings.Repeat("<msup>x", 400),
		"entities":       `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">` + strings.Repeat(`<!ENTITY b "&a;&a;&a;">`, 1000) + `]><a>` + strings.Repeat("&b;", 100_000) + `</a>`,
		"wide spans":     "<book><table>" + strings.Repeat("<tr><td colspan='9999' rowspan='9999'>a</td></tr>", 5000) + "</table></book>",
		"one wide row":   "<book><table><tr>" + strings.Repeat("<td>a</td>", 500) + "</tr>" + strings.Repeat("<tr><td>b</td></tr>", 100_000) + "</table></book>",
		"many elements":  "<book>" + strings.Repeat("<para/>", 1_100_000) + "</book>",
		"endless text":   "<a>" + strings.Repeat("word ", 1_000_000),
		"endless tag":    "<a " + strings.Repeat("b='c' ", 300_000),
		"many siblings":  "<a>" + strings.Repeat("<b>c</b>", 200_000) + "</a>",
		"endless prolog": "<!DOCTYPE a [" + strings.Repeat("<!-- x -->", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := documenttest.Try(t, xmldoc.Read, "a.xml", content); err != nil && document.AsError(err) == nil {
				t.Errorf("not the file's fault: %v", err)
			}
		})
	}
}

func FuzzXML(f *testing.F) {
	documenttest.Fuzz(
		f, xmldoc.Read, "a.xml", jats,
		`<us-patent-grant><us-bibliographic-data-grant><invention-title>A</invention-title></us-bibliographic-data-grant><claims><claim><claim-text>1. x<claim-text>y</claim-text></claim-text></claim></claims></us-patent-grant>`,
		`<book><info><title>B</title></info><chapter><title>c</title><table><tgroup><colspec colname="a"/><row><entry namest="a" nameend="a" morerows="2">d</entry></row></tgroup></table><note place="foot">e</note></chapter></book>`,
		`<rss><channel><title>a</title><item><description>&lt;p&gt;b</description></item></channel></rss>`, `<xbrl><f:aTextBlock contextRef="c">&lt;p&gt;b</f:aTextBlock></xbrl>`,
		`<a>b<c>d</c>e<f/></a><TEI><text><lg><l>x</l></lg></text></TEI>`,
	)
}
