package xmldoc

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/markup"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// xbrl reads a report's instance: its blocks of text, which are HTML, in the
// file's order. Single figures stand in the tables of those blocks.
func xbrl(w *document.Writer, root *xmlread.Node) {
	facts := map[string]string{}
	for _, n := range root.Children {
		if prefix, name, ok := strings.Cut(n.Name, ":"); ok && prefix == "dei" && facts[name] == "" {
			facts[name] = words(n.Words())
		}
	}
	w.Title = words(facts["DocumentType"] + " " + facts["EntityRegistrantName"] + " " + facts["DocumentPeriodEndDate"])
	w.Meta("author", facts["EntityRegistrantName"])
	w.Meta("created", facts["DocumentPeriodEndDate"])
	w.Block(document.Heading, 1, w.Title)
	seen := map[string]bool{}
	for _, n := range root.Children {
		text := n.Words()
		if n.Name == "" || n.Get("unitRef") != "" || n.Get("contextRef") == "" || seen[text] || w.Err() != nil {
			continue
		}
		block := strings.HasSuffix(n.Name, "TextBlock")
		if !block && !strings.Contains(text, "</") {
			continue
		}
		seen[text] = true
		_ = markup.Page{Deeper: 1}.Write(w, text) // the writer keeps the error
	}
}
