package xmldoc

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/markup"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// childOf gives the first child of a name, whatever its prefix.
func childOf(n *xmlread.Node, names ...string) *xmlread.Node {
	if n == nil {
		return nil
	}
	for _, name := range names {
		for _, c := range n.Children {
			if xmlread.Local(c.Name) == name {
				return c
			}
		}
	}
	return nil
}

// textOf gives the words of the first child that has one of the names.
func textOf(n *xmlread.Node, names ...string) string {
	return words(childOf(n, names...).Words())
}

// feed reads RSS and Atom: each entry is a chapter.
func feed(w *document.Writer, root *xmlread.Node) {
	about := root
	if c := childOf(root, "channel"); c != nil {
		about = c
	}
	w.Title = textOf(about, "title")
	w.Language = textOf(about, "language")
	if w.Language == "" {
		w.Language = root.Get("xml:lang")
	}
	w.Meta("author", textOf(about, "managingEditor", "author", "creator"))
	w.Block(document.Heading, 1, w.Title)
	prose(w, childOf(about, "description", "subtitle"), 1)
	for _, parent := range []*xmlread.Node{about, root} {
		if parent == root && about == root {
			break
		}
		for _, n := range parent.Children {
			if name := xmlread.Local(n.Name); name == "item" || name == "entry" {
				entry(w, n)
			}
		}
	}
	if about == root {
		for _, n := range root.Children {
			if name := xmlread.Local(n.Name); name == "item" || name == "entry" {
				entry(w, n)
			}
		}
	}
}

func entry(w *document.Writer, n *xmlread.Node) {
	w.Block(document.Heading, 2, plainOf(textOf(n, "title")))
	var by []string
	for _, part := range []string{textOf(n, "creator", "author"), textOf(n, "pubDate", "published", "updated", "date")} {
		if part != "" {
			by = append(by, part)
		}
	}
	w.Block(document.Paragraph, 0, strings.Join(by, ", "))
	summary, content := childOf(n, "description", "summary"), childOf(n, "encoded", "content")
	prose(w, summary, 2)
	prose(w, content, 2)
}

// plainOf takes the markup out of a title.
func plainOf(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	return markup.Text(s)
}

// prose writes text that may be HTML, escaped or as elements.
func prose(w *document.Writer, n *xmlread.Node, deeper int) {
	if n == nil {
		return
	}
	page := n.Words()
	if n.Get("type") == "xhtml" {
		page = source(n)
	}
	if !strings.ContainsAny(page, "<&") {
		w.Block(document.Paragraph, 0, words(page))
		return
	}
	_ = markup.Page{Deeper: deeper}.Write(w, page) // the writer keeps the error
}

// source writes elements again as HTML.
func source(n *xmlread.Node) string {
	var sb strings.Builder
	var write func(*xmlread.Node)
	write = func(n *xmlread.Node) {
		for _, c := range n.Children {
			if c.Name == "" {
				sb.WriteString(strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(c.Text))
				continue
			}
			name := xmlread.Local(c.Name)
			sb.WriteString("<" + name + ">")
			write(c)
			if name != "br" && name != "hr" && name != "img" {
				sb.WriteString("</" + name + ">")
			}
		}
	}
	write(n)
	return sb.String()
}
