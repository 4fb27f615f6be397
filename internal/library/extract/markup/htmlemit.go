package markup

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// htmlContext is what encloses a run of inline text.
type htmlContext struct {
	kind  document.BlockKind
	level int
}

// htmlEmitter walks a tree and writes its blocks.
type htmlEmitter struct {
	w      *document.Writer
	left   map[*html.Node]bool
	deeper int // added to the levels of headings
	inline strings.Builder
	marker string // waits for the first words of its list item
}

// flush ends the current run of inline text.
func (e *htmlEmitter) flush(c htmlContext) {
	text := collapse(e.inline.String())
	e.inline.Reset()
	if text == "" {
		return
	}
	if c.kind == document.ListItem {
		text = strings.Repeat("  ", max(c.level-1, 0)) + e.marker + text
		e.w.Item(c.level, text)
	} else {
		e.w.Block(c.kind, c.level, text)
	}
	e.marker = ""
}

func (e *htmlEmitter) children(n *html.Node, c htmlContext) {
	for k := n.FirstChild; k != nil && e.w.Err() == nil; k = k.NextSibling {
		e.node(k, c)
	}
}

func (e *htmlEmitter) node(n *html.Node, c htmlContext) {
	switch {
	case n.Type == html.TextNode:
		e.inline.WriteString(n.Data)
	case hidden(n) || e.left[n]:
	case n.Type != html.ElementNode:
		e.children(n, c)
	case isBlockElement(n.DataAtom):
		e.flush(c)
		e.blockElement(n, c)
	default:
		e.inlineElement(n, c)
	}
}

func (e *htmlEmitter) inlineElement(n *html.Node, c htmlContext) {
	switch n.DataAtom {
	case atom.Br:
		e.inline.WriteString("\x00")
	case atom.Img, atom.Area:
		e.inline.WriteString(pictureWords(n))
	case atom.Rt:
		e.inline.WriteString("(" + document.OneLine(rawText(n)) + ")")
	case atom.Math, atom.Script:
		e.inline.WriteString(Formula(n))
	case atom.A:
		if !permalink(n) {
			e.children(n, c)
		}
	default:
		e.children(n, c)
	}
}

// pictureWords gives the words that stand for a picture. A sign, as an arrow,
// stands for itself.
func pictureWords(img *html.Node) string {
	alt := attr(img, "alt")
	if document.HasLetters(alt) {
		alt = document.Picture(alt)
	}
	return " " + alt + " "
}

// permalink reports the sign by which a heading links to itself.
func permalink(a *html.Node) bool {
	if !withinHeading(a) {
		return false
	}
	switch strings.Trim(rawText(a), " \t\n\u200b") {
	case "", "¶", "#", "§", "🔗", "⚓︎":
		return findElement(a, atom.Img) == nil
	}
	return false
}

func (e *htmlEmitter) blockElement(n *html.Node, c htmlContext) {
	inner := c
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		inner = htmlContext{document.Heading, min(max(headingLevel(n.DataAtom)+e.deeper, 1), 6)}
	case atom.Ul, atom.Ol, atom.Menu, atom.Dir, atom.Dl:
		e.list(n, c)
		return
	case atom.Pre, atom.Listing, atom.Xmp:
		e.w.Block(document.Code, 0, strings.Trim(rawText(n), "\n"))
		return
	case atom.Blockquote:
		inner = htmlContext{kind: document.Quote}
	case atom.Figcaption, atom.Caption:
		inner = htmlContext{kind: document.Caption}
	case atom.Table:
		if rows, caption, ok := tableRows(n); ok {
			e.w.Block(document.Caption, 0, caption)
			e.w.Table(rows)
			return
		}
	default:
	}
	if note(n) {
		inner = htmlContext{kind: document.Footnote}
	}
	e.children(n, inner)
	e.flush(inner)
}

// list writes the items of a list; the terms of a list of definitions are
// items, what is said of them items below.
func (e *htmlEmitter) list(n *html.Node, c htmlContext) {
	level := 1
	if c.kind == document.ListItem {
		level = c.level + 1
	}
	number := 1
	if start, err := strconv.Atoi(attr(n, "start")); err == nil && start >= 0 && start < 1e6 {
		number = start
	}
	for k := n.FirstChild; k != nil && e.w.Err() == nil; k = k.NextSibling {
		if k.Type != html.ElementNode || hidden(k) || e.left[k] {
			continue
		}
		inner := htmlContext{kind: document.ListItem, level: level}
		if n.DataAtom == atom.Dl {
			e.definition(k, inner)
			continue
		}
		if note(k) {
			inner = htmlContext{kind: document.Footnote}
		}
		e.marker = "- "
		if n.DataAtom == atom.Ol {
			e.marker = fmt.Sprintf("%d. ", number)
			number++
		}
		if k.DataAtom == atom.Li {
			e.children(k, inner)
		} else {
			e.node(k, inner)
		}
		e.flush(inner)
		e.marker = ""
	}
}

// definition writes a term or what is said of it; either may stand in a div.
func (e *htmlEmitter) definition(n *html.Node, c htmlContext) {
	switch n.DataAtom {
	case atom.Dt:
	case atom.Dd:
		c.level++
	case atom.Div:
		for k := n.FirstChild; k != nil; k = k.NextSibling {
			if k.Type == html.ElementNode && !hidden(k) {
				e.definition(k, c)
			}
		}
		return
	default:
		e.node(n, c)
		return
	}
	e.marker = "- "
	e.children(n, c)
	e.flush(c)
	e.marker = ""
}

// collapse joins white space as a browser does; a forced line break (NUL in
// our runs) stays one.
func collapse(s string) string {
	if !strings.Contains(s, "\x00") {
		return document.OneLine(s)
	}
	parts := strings.Split(s, "\x00")
	kept := parts[:0]
	for _, p := range parts {
		if p = document.OneLine(p); p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "\n")
}

func rawText(n *html.Node) string {
	var sb strings.Builder
	for d := range n.Descendants() {
		switch {
		case d.Type == html.TextNode:
			sb.WriteString(d.Data)
		case d.DataAtom == atom.Br:
			sb.WriteByte('\n')
		}
	}
	return sb.String()
}
