// Package markup reads languages that mark up text: HTML and Markdown.
package markup

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

const (
	// htmlTree is the longest HTML that is read as a tree, which takes some
	// ten times its source; longer files are read tag by tag.
	htmlTree = 24 << 20
	// htmlArticle is the longest HTML that is searched for its navigation.
	htmlArticle = 4 << 20
)

// HTML gives the words of a page in reading order. Scripts, styles and
// navigation are left out; markup becomes blocks, links keep their words.
func HTML(w *document.Writer, in document.Input) error {
	info, err := os.Stat(in.Path)
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	f, err := openHTML(in)
	if err != nil {
		return err
	}
	defer f.Close()
	if info.Size() > htmlTree {
		return readHTMLTokens(w, f)
	}
	data, err := io.ReadAll(io.LimitReader(f, 4*htmlTree))
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	return Page{Head: true, Prune: true}.Write(w, string(data))
}

// Page says how a page or a piece of one is written.
type Page struct {
	// Head takes the title, language and metadata from the page's head.
	Head bool
	// Prune leaves out what surrounds a page's own content: menus, notices of
	// cookies, lists of other pages. Elements that are navigation by their tag
	// or role are left out in any case.
	Prune bool
	// Deeper is added to the levels of headings.
	Deeper int
	// Heading stands before the page unless it has a heading of its own.
	Heading string
	// HeadingLevel is that of Heading; 0 means 1.
	HeadingLevel int
}

// Write appends a page, given as UTF-8.
func (p Page) Write(w *document.Writer, page string) error {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		// Nested deeper than any page that people write.
		return readHTMLTokens(w, strings.NewReader(page))
	}
	if p.Head {
		htmlHead(w, root)
	}
	body := findElement(root, atom.Body)
	if body == nil {
		body = root
	}
	e := &htmlEmitter{w: w, deeper: p.Deeper}
	if p.Prune && len(page) <= htmlArticle {
		e.left = furniture(body)
	}
	if p.Heading != "" && !hasHeading(body) {
		w.Block(document.Heading, max(p.HeadingLevel, 1), p.Heading)
	}
	e.children(body, htmlContext{})
	e.flush(htmlContext{})
	return w.Err()
}

func hasHeading(n *html.Node) bool {
	for d := range n.Descendants() {
		if headingLevel(d.DataAtom) > 0 && document.HasLetters(rawText(d)) && !hidden(d) {
			return true
		}
	}
	return false
}

func htmlHead(w *document.Writer, root *html.Node) {
	if h := findElement(root, atom.Html); h != nil {
		if w.Language = attr(h, "lang"); w.Language == "" {
			w.Language = attr(h, "xml:lang")
		}
	}
	head := findElement(root, atom.Head)
	if head == nil {
		return
	}
	if t := findElement(head, atom.Title); t != nil && t.FirstChild != nil {
		w.Title = t.FirstChild.Data
	}
	for n := head.FirstChild; n != nil; n = n.NextSibling {
		if n.DataAtom == atom.Meta {
			htmlMeta(w, strings.ToLower(attr(n, "name")+attr(n, "property")+attr(n, "http-equiv")), attr(n, "content"))
		}
	}
}

func htmlMeta(w *document.Writer, name, value string) {
	switch name {
	case "author", "description", "keywords":
		w.Meta(name, value)
	case "dc.creator", "dcterms.creator", "citation_author":
		w.Meta("author", value)
	case "og:title":
		if strings.TrimSpace(w.Title) == "" {
			w.Title = value
		}
	case "article:published_time", "date", "dc.date", "dcterms.date", "citation_publication_date":
		w.Meta("created", value)
	case "content-language", "og:locale", "dc.language":
		if w.Language == "" {
			w.Language = strings.ReplaceAll(value, "_", "-")
		}
	}
}

// htmlTokens writes a page tag by tag, in bounded memory.
type htmlTokens struct {
	w       *document.Writer
	words   strings.Builder
	context htmlContext
	skip    int // depth within what a reader does not read
}

// readHTMLTokens reads a page too long or too deep for a tree: headings,
// paragraphs, and the cells of tables side by side.
func readHTMLTokens(w *document.Writer, r io.Reader) error {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(16 << 20)
	t := &htmlTokens{w: w}
	for w.Err() == nil {
		switch z.Next() {
		case html.ErrorToken:
			t.flush()
			if !errors.Is(z.Err(), io.EOF) && w.Err() == nil {
				return document.Fault(document.CodeCorrupt, "The HTML cannot be parsed; save the page again.")
			}
			return w.Err()
		case html.TextToken:
			if t.skip == 0 {
				t.text(z.Text())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			t.start(atom.Lookup(name))
		case html.EndTagToken:
			name, _ := z.TagName()
			t.end(atom.Lookup(name))
		default:
		}
	}
	return w.Err()
}

func (t *htmlTokens) text(s []byte) {
	const longest = 1 << 20
	t.words.Write(s)
	if t.words.Len() > longest {
		kind := t.context
		t.flush()
		t.context = kind
	}
}

func (t *htmlTokens) flush() {
	t.w.Block(t.context.kind, t.context.level, collapse(t.words.String()))
	t.words.Reset()
	t.context = htmlContext{}
}

func (t *htmlTokens) start(a atom.Atom) {
	switch {
	case unreadToken(a):
		t.skip++
	case a == atom.Td || a == atom.Th:
		t.words.WriteString(" | ")
	case a == atom.Br:
		t.words.WriteString("\x00")
	case isBlockElement(a):
		t.flush()
		t.context = tokenContext(a)
	}
}

func (t *htmlTokens) end(a atom.Atom) {
	switch {
	case unreadToken(a):
		t.skip = max(t.skip-1, 0)
	case a != atom.Td && a != atom.Th && isBlockElement(a):
		t.flush()
	}
}

func unreadToken(a atom.Atom) bool {
	return a == atom.Script || a == atom.Style || a == atom.Title || a == atom.Nav || a == atom.Template || a == atom.Noscript
}

func tokenContext(a atom.Atom) htmlContext {
	switch a {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return htmlContext{kind: document.Heading, level: headingLevel(a)}
	case atom.Pre:
		return htmlContext{kind: document.Code}
	case atom.Li:
		return htmlContext{kind: document.ListItem, level: 1}
	default:
		return htmlContext{}
	}
}

// Text gives the words of a piece of HTML in one line.
func Text(fragment string) string {
	root, err := html.Parse(strings.NewReader(fragment))
	if err != nil {
		return document.OneLine(fragment)
	}
	return document.OneLine(cellText(root))
}
