package markup_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/markup"
)

func TestHTMLWithinMarkdownIsWhatItLaysOut(t *testing.T) {
	t.Parallel()
	const table = "<table>\n<tr><th>Bird</th></tr>\n<tr><td>Duck</td></tr>\n</table>"
	src := "# Birds\n\n" + table + "\n\n<div>\n<p>All of them fly.</p>\n</div>\n\n<pre>\nx\n</pre>\n"
	doc := documenttest.Read(t, markup.Markdown, "a.md", src)
	if doc.Text != src {
		t.Errorf("the source was changed: %q", doc.Text)
	}
	documenttest.WantTexts(t, doc, document.Table, table)
	documenttest.WantTexts(t, doc, document.Paragraph, "<div>\n<p>All of them fly.</p>\n</div>")
	documenttest.WantTexts(t, doc, document.Code, "<pre>\nx\n</pre>")
	for _, b := range doc.Blocks {
		if got := doc.Text[b.Header.Start:b.Header.End]; b.Kind == document.Table && got != "<table>\n<tr><th>Bird</th></tr>" {
			t.Errorf("the table's header = %q", got)
		}
	}
}
