package xmldoc

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// cite writes a reference. One that is written out is taken as it stands; one
// of parts alone is put together as bibliographies do.
func cite(n *xmlread.Node) string {
	if xmlread.Local(n.Name) != "element-citation" {
		for _, c := range n.Children {
			if c.Name == "" && strings.TrimSpace(c.Text) != "" {
				return n.Words()
			}
		}
	}
	var names []string
	for _, p := range collect(n, "name") {
		names = append(names, words(textOf(p, "surname")+" "+textOf(p, "given-names")))
	}
	for _, p := range collect(n, "collab") {
		names = append(names, words(p.Words()))
	}
	var sb strings.Builder
	add := func(before, text, after string) {
		if text != "" {
			sb.WriteString(before + text + after)
		}
	}
	add("", strings.Join(names, ", "), ". ")
	add("", textOf(n, "article-title", "chapter-title"), ". ")
	add("", textOf(n, "source"), " ")
	add("", textOf(n, "volume"), "")
	pages := textOf(n, "fpage")
	if last := textOf(n, "lpage"); last != "" {
		pages += "–" + last
	}
	if pages == "" {
		pages = textOf(n, "elocation-id")
	}
	add(":", pages, "")
	add(" (", textOf(n, "year"), ").")
	for _, id := range collect(n, "pub-id") {
		add(" "+strings.ToUpper(id.Get("pub-id-type"))+": ", words(id.Words()), "")
	}
	return sb.String()
}
