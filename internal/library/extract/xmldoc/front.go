package xmldoc

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// frontOf writes what stands before a document's body: title, authors,
// affiliations and abstract. It reports whether there was a title.
func (e *emitter) frontOf(root *xmlread.Node) bool {
	f := root
	for _, c := range root.Children {
		if e.roles[xmlread.Local(c.Name)] == front {
			f = c
			break
		}
	}
	title := e.titleOf(root, f)
	if title == "" || e.w.Title != "" {
		return title != "" && e.w.Title == title
	}
	e.w.Title = title
	e.w.Block(document.Heading, 1, title)
	e.meta(f)
	e.contributors(f)
	if f == root {
		return true
	}
	within := place{depth: 1}
	for _, name := range []string{"abstract", "trans-abstract"} {
		for n := range everywhere(f, name) {
			if kind := n.Get("abstract-type"); kind != "graphical" && kind != "toc" && kind != "teaser" {
				e.section(n, abstract, within)
			}
		}
	}
	for _, group := range collect(f, "kwd-group") {
		var keywords []string
		for _, k := range collect(group, "kwd") {
			keywords = append(keywords, words(k.Words()))
		}
		e.w.Meta("keywords", strings.Join(keywords, ", "))
	}
	return true
}

// titleOf finds the document's own title.
func (e *emitter) titleOf(root, f *xmlread.Node) string {
	for _, name := range []string{"article-title", "invention-title", "title-of-invention", "B540", "book-title"} {
		if n := first(f, name); f != root && n != nil {
			return words(n.Words())
		}
	}
	if f != root {
		if t := first(f, "title"); t != nil {
			return words(t.Words())
		}
	}
	if t := childOf(root, "title"); t != nil && f != root {
		return words(t.Words())
	}
	return ""
}

func (e *emitter) meta(f *xmlread.Node) {
	for _, id := range collect(f, "article-id") {
		if id.Get("pub-id-type") == "doi" {
			e.w.Meta("doi", words(id.Words()))
		}
	}
	if j := first(f, "journal-title"); j != nil {
		e.w.Meta("journal", words(j.Words()))
	}
	if d := first(f, "pub-date"); d != nil {
		e.w.Meta("created", date(textOf(d, "year"), textOf(d, "month"), textOf(d, "day")))
	}
	for _, name := range []string{"publication-reference", "document-id", "B100"} {
		if n := first(f, name); n != nil {
			if number := first(n, "doc-number"); number != nil {
				e.w.Meta("number", words(number.Words()))
			} else if number := first(n, "DNUM"); number != nil {
				e.w.Meta("number", words(number.Words()))
			}
			break
		}
	}
}

func date(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p == "" {
			break
		}
		if len(p) == 1 {
			p = "0" + p
		}
		out = append(out, p)
	}
	return strings.Join(out, "-")
}

// contributors writes the authors of an article and where they work.
func (e *emitter) contributors(f *xmlread.Node) {
	var authors, places []string
	for _, c := range collect(f, "contrib") {
		if kind := c.Get("contrib-type"); kind != "" && kind != "author" {
			continue
		}
		if n := first(c, "name"); n != nil {
			authors = append(authors, words(textOf(n, "given-names")+" "+textOf(n, "surname")))
		} else if n := first(c, "collab"); n != nil {
			authors = append(authors, words(n.Words()))
		} else if n := first(c, "string-name"); n != nil {
			authors = append(authors, words(n.Words()))
		}
	}
	for _, a := range collect(f, "aff") {
		var parts []string
		for _, c := range a.Children {
			if name := xmlread.Local(c.Name); name != "label" && name != "sup" {
				parts = appendPlace(parts, c)
			}
		}
		places = append(places, strings.ReplaceAll(strings.Join(parts, " "), " ,", ","))
	}
	for _, name := range []string{"inventor", "inventors", "first-named-inventor", "author"} {
		for _, n := range collect(f, name) {
			if len(authors) < 50 && name != "inventors" {
				if last := first(n, "last-name"); last != nil {
					authors = append(authors, words(first(n, "first-name").Words()+" "+last.Words()))
				} else if given := first(n, "given-name"); given != nil {
					authors = append(authors, words(given.Words()+" "+first(n, "family-name").Words()))
				} else if name == "author" {
					authors = append(authors, words(n.Words()))
				}
			}
		}
	}
	e.w.Meta("author", strings.Join(authors, ", "))
	if first(f, "contrib") == nil {
		return
	}
	e.w.Block(document.Paragraph, 0, strings.Join(authors, ", "))
	e.w.Block(document.Paragraph, 0, strings.Join(places, "; "))
}

// appendPlace adds the words of a part of an affiliation, without the numbers
// by which registers know an institution.
func appendPlace(parts []string, n *xmlread.Node) []string {
	switch {
	case n.Name == "":
		if text := words(n.Text); text != "" {
			parts = append(parts, text)
		}
	case xmlread.Local(n.Name) == "institution-id":
	case first(n, "institution-id") != nil:
		for _, c := range n.Children {
			parts = appendPlace(parts, c)
		}
	default:
		if text := words(n.Words()); text != "" {
			parts = append(parts, text)
		}
	}
	return parts
}

// first gives the first descendant of a local name.
func first(n *xmlread.Node, name string) *xmlread.Node {
	for d := range everywhere(n, name) {
		return d
	}
	return nil
}

func collect(n *xmlread.Node, name string) []*xmlread.Node {
	var found []*xmlread.Node
	for d := range everywhere(n, name) {
		found = append(found, d)
	}
	return found
}

// everywhere gives the descendants of a local name, in document order.
func everywhere(n *xmlread.Node, name string) func(func(*xmlread.Node) bool) {
	return func(yield func(*xmlread.Node) bool) { descend(n, name, yield) }
}

func descend(n *xmlread.Node, name string, yield func(*xmlread.Node) bool) bool {
	if n == nil {
		return true
	}
	for _, c := range n.Children {
		if xmlread.Local(c.Name) == name {
			if !yield(c) {
				return false
			}
			continue
		}
		if !descend(c, name, yield) {
			return false
		}
	}
	return true
}
