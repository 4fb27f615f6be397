// Package markup reads languages that mark up text: HTML and Markdown.
package markup

import (
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"

	"bytes"
	"fmt"
	"os"
	"strings"

	"codeberg.org/readeck/go-readability"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

const (
	// htmlTree is the longest HTML that is read as a tree, which takes some
	// ten times its source; longer files are read tag by tag.
	htmlTree = 24 << 20
	// htmlArticle is the longest HTML that is searched for its article.
	htmlArticle = 4 << 20
)

// HTML gives the words of a page in reading order. Scripts, styles and
// navigation are left out; markup becomes blocks, links keep their words.
func HTML(w *document.Writer, in document.Input) error {
	data, err := os.ReadFile(in.Path)
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	r, err := charset.NewReader(bytes.NewReader(data), in.ContentType)
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	if len(data) > htmlTree {
		return readHTMLTokens(w, r)
	}
	root, err := html.Parse(r)
	if err != nil {
		return document.Fault(document.CodeCorrupt, "The HTML cannot be parsed; save the page again.")
	}
	htmlHead(w, root)
	body := findElement(root, atom.Body)
	if body == nil {
		body = root
	}
	if a := article(root, body, len(data)); a != nil {
		body = a
	}
	e := &htmlEmitter{w: w}
	e.children(body, htmlContext{})
	e.flush(htmlContext{})
	return w.Err()
}

// article gives the part of a page that is its article, where the page has one
// and hardly anything else would be lost.
func article(root, body *html.Node, size int) *html.Node {
	if size > htmlArticle || !readability.CheckDocument(root) {
		return nil
	}
	whole := len(visibleText(body))
	a, err := readability.FromDocument(root, nil)
	if err != nil || a.Node == nil || findElement(a.Node, atom.Table) == nil && findElement(body, atom.Table) != nil {
		return nil
	}
	if part := len(visibleText(a.Node)); part*10 < whole*7 {
		return nil
	}
	return a.Node
}

func visibleText(n *html.Node) string {
	var sb strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if hidden(n) {
			return
		}
		if n.Type == html.TextNode {
			sb.WriteString(strings.TrimSpace(n.Data))
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return sb.String()
}

func htmlHead(w *document.Writer, root *html.Node) {
	if h := findElement(root, atom.Html); h != nil {
		w.Language = attr(h, "lang")
	}
	head := findElement(root, atom.Head)
	if head == nil {
		return
	}
	if t := findElement(head, atom.Title); t != nil && t.FirstChild != nil {
		w.Title = t.FirstChild.Data
	}
	for n := head.FirstChild; n != nil; n = n.NextSibling {
		if n.DataAtom != atom.Meta {
			continue
		}
		name := strings.ToLower(attr(n, "name") + attr(n, "property"))
		switch name {
		case "author", "description", "keywords":
			w.Meta(name, attr(n, "content"))
		case "og:title":
			if w.Title == "" {
				w.Title = attr(n, "content")
			}
		case "article:published_time", "date", "dc.date":
			w.Meta("created", attr(n, "content"))
		}
	}
}

func findElement(n *html.Node, a atom.Atom) *html.Node {
	if n.Type == html.ElementNode && n.DataAtom == a {
		return n
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if f := findElement(c, a); f != nil {
			return f
		}
	}
	return nil
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// hidden reports what a reader of the page does not read.
func hidden(n *html.Node) bool {
	if n.Type == html.CommentNode || n.Type == html.DoctypeNode {
		return true
	}
	if n.Type != html.ElementNode {
		return false
	}
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Nav, atom.Head, atom.Iframe, atom.Object, atom.Svg,
		atom.Canvas, atom.Select, atom.Button, atom.Input, atom.Textarea, atom.Dialog, atom.Audio, atom.Video:
		return true
	case atom.Footer, atom.Aside, atom.Header:
		// Of the page, not of an article within it.
		return n.DataAtom != atom.Header && !within(n, atom.Article) && !within(n, atom.Main)
	default:
	}
	style := strings.ReplaceAll(attr(n, "style"), " ", "")
	if strings.Contains(style, "display:none") || attr(n, "role") == "navigation" {
		return true
	}
	for _, a := range n.Attr {
		if a.Key == "hidden" || a.Key == "aria-hidden" && a.Val == "true" {
			return true
		}
	}
	return false
}

func within(n *html.Node, a atom.Atom) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.DataAtom == a {
			return true
		}
	}
	return false
}

// htmlContext is what encloses a run of inline text.
type htmlContext struct {
	kind  document.BlockKind
	level int
}

// htmlEmitter walks a tree and writes its blocks.
type htmlEmitter struct {
	w      *document.Writer
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
	case hidden(n):
	case n.Type != html.ElementNode:
		e.children(n, c)
	case n.DataAtom == atom.Br:
		e.inline.WriteString("\x00")
	case n.DataAtom == atom.Img || n.DataAtom == atom.Area:
		if alt := attr(n, "alt"); alt != "" {
			e.inline.WriteString(" " + alt + " ")
		}
	case !isBlockElement(n.DataAtom):
		e.children(n, c)
	default:
		e.flush(c)
		e.blockElement(n, c)
	}
}

func (e *htmlEmitter) blockElement(n *html.Node, c htmlContext) {
	inner := c
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		inner = htmlContext{kind: document.Heading, level: int(n.Data[1] - '0')}
	case atom.Ul, atom.Ol, atom.Menu, atom.Dir:
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
	e.children(n, inner)
	e.flush(inner)
}

func (e *htmlEmitter) list(n *html.Node, c htmlContext) {
	level := 1
	if c.kind == document.ListItem {
		level = c.level + 1
	}
	number := 1
	for k := n.FirstChild; k != nil && e.w.Err() == nil; k = k.NextSibling {
		if k.Type != html.ElementNode || hidden(k) {
			continue
		}
		inner := htmlContext{kind: document.ListItem, level: level}
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
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			sb.WriteString(n.Data)
		case n.DataAtom == atom.Br:
			sb.WriteByte('\n')
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return sb.String()
}

func isBlockElement(a atom.Atom) bool {
	switch a {
	case atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Body, atom.Caption, atom.Center, atom.Dd, atom.Details,
		atom.Dir, atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption, atom.Figure, atom.Footer, atom.Form,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Header, atom.Hgroup, atom.Hr, atom.Html, atom.Legend,
		atom.Li, atom.Listing, atom.Main, atom.Menu, atom.Ol, atom.P, atom.Pre, atom.Section, atom.Summary, atom.Table,
		atom.Tbody, atom.Td, atom.Tfoot, atom.Th, atom.Thead, atom.Tr, atom.Ul, atom.Xmp:
		return true
	default:
		return false
	}
}
