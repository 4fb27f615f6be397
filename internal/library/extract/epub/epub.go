// Package epub reads electronic books: the pages of an EPUB in the order of
// its spine, through the reader of HTML.
//
// It owns the book's description, order and table of contents. It does not
// open books that are locked to a reader's device.
package epub

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"git.helu.ca/r/mnemosyne/internal/library/extract/archive"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/markup"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

const (
	packageBytes = 16 << 20 // the longest description of a book that is read
	pageBytes    = 64 << 20 // the longest page
)

// book is what a book's description says.
type book struct {
	archive *archive.Archive
	root    *xmlread.Node
	dir     string
	items   map[string]*xmlread.Node // of the manifest, by id
	titles  map[string]string        // of pages, by path, from the table of contents
}

// Read reads a book.
func Read(w *document.Writer, in document.Input) error {
	a, err := archive.Open(in.Path)
	if err != nil {
		return err //nolint:wrapcheck // a fault of the file
	}
	defer a.Close()
	b, err := open(a)
	if err != nil {
		return err
	}
	if err := b.locked(); err != nil {
		return err
	}
	b.describe(w)
	b.contents()
	return b.pages(w)
}

func corrupt() error {
	return document.Fault(document.CodeCorrupt, "The book is damaged: its description cannot be read; open it in its program and save it again.")
}

// open finds the book's description by its container, or by its name.
func open(a *archive.Archive) (*book, error) {
	name := ""
	if c, err := tree(a, "META-INF/container.xml"); err == nil && c != nil {
		name = c.Find("rootfile").Get("full-path")
		for n := range c.Descendants("rootfile") {
			if n.Get("media-type") == "application/oebps-package+xml" {
				name = n.Get("full-path")
				break
			}
		}
	}
	if !a.Has(name) {
		for _, n := range a.Names() {
			if strings.HasSuffix(strings.ToLower(n), ".opf") {
				name = n
				break
			}
		}
	}
	root, err := tree(a, name)
	if fault := document.AsError(err); fault != nil {
		return nil, fault
	}
	if err != nil || root == nil {
		return nil, corrupt()
	}
	b := &book{archive: a, root: root, dir: path.Dir(name), items: map[string]*xmlread.Node{}, titles: map[string]string{}}
	for _, n := range childrenOf(root, "manifest") {
		b.items[n.Get("id")] = n
	}
	return b, nil
}

func tree(a *archive.Archive, name string) (*xmlread.Node, error) {
	data, err := a.ReadFile(name, packageBytes)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller tells them apart
	}
	return xmlread.NewScanner(bytes.NewReader(data)).Root() //nolint:wrapcheck // the caller tells them apart
}

// childrenOf gives the elements below the child of that local name.
func childrenOf(n *xmlread.Node, name string) []*xmlread.Node {
	var found []*xmlread.Node
	for _, c := range n.Children {
		if xmlread.Local(c.Name) == name {
			for _, k := range c.Children {
				if k.Name != "" {
					found = append(found, k)
				}
			}
		}
	}
	return found
}

// locked reports a book whose pages are encrypted. Fonts that are only
// disguised do not matter.
func (b *book) locked() error {
	enc, err := tree(b.archive, "META-INF/encryption.xml")
	if err != nil || enc == nil {
		return nil //nolint:nilerr // no list is none that is locked
	}
	pages := map[string]bool{}
	for _, n := range b.items {
		if isPage(n) {
			pages[b.resolve(b.dir, n.Get("href"))] = true
		}
	}
	var walk func(*xmlread.Node) bool
	walk = func(n *xmlread.Node) bool {
		if xmlread.Local(n.Name) == "CipherReference" && pages[b.resolve("", n.Get("URI"))] {
			return true
		}
		return slices.ContainsFunc(n.Children, walk)
	}
	if walk(enc) {
		return document.Fault(document.CodePasswordRequired, "The book is locked by its seller (DRM), so its text cannot be read; submit a copy without the lock.")
	}
	return nil
}

func isPage(item *xmlread.Node) bool {
	switch item.Get("media-type") {
	case "application/xhtml+xml", "text/html", "text/x-oeb1-document", "application/x-dtbook+xml":
		return true
	}
	return false
}

// resolve gives the entry that a reference of a file in dir names.
func (b *book) resolve(dir, ref string) string {
	ref, _, _ = strings.Cut(ref, "#")
	if u, err := url.PathUnescape(ref); err == nil && !b.archive.Has(path.Join(dir, ref)) {
		ref = u
	}
	return path.Join(dir, ref)
}

// describe takes the book's metadata.
func (b *book) describe(w *document.Writer) {
	var authors []string
	for _, n := range childrenOf(b.root, "metadata") {
		value := document.OneLine(n.Words())
		switch xmlread.Local(n.Name) {
		case "title":
			if w.Title == "" {
				w.Title = value
			}
		case "creator":
			authors = append(authors, value)
		case "language":
			if w.Language == "" {
				w.Language = value
			}
		case "date":
			w.Meta("created", value)
		case "publisher", "description", "identifier":
			w.Meta(xmlread.Local(n.Name), markup.Text(value))
		}
	}
	w.Meta("author", strings.Join(authors, ", "))
}

// contents reads the titles of pages from the table of contents: the document
// of navigation of EPUB 3, or the NCX of EPUB 2.
func (b *book) contents() {
	for _, n := range b.items {
		name := b.resolve(b.dir, n.Get("href"))
		switch {
		case isNavigation(n):
			if nav, err := tree(b.archive, name); err == nil && nav != nil {
				b.links(nav, path.Dir(name))
			}
		case n.Get("media-type") == "application/x-dtbncx+xml":
			if ncx, err := tree(b.archive, name); err == nil && ncx != nil {
				b.points(ncx, path.Dir(name))
			}
		}
	}
}

func isNavigation(item *xmlread.Node) bool {
	return slices.Contains(strings.Fields(item.Get("properties")), "nav")
}

func (b *book) links(n *xmlread.Node, dir string) {
	if href := n.Get("href"); xmlread.Local(n.Name) == "a" && href != "" {
		b.entitle(b.resolve(dir, href), n.Words())
	}
	for _, c := range n.Children {
		b.links(c, dir)
	}
}

func (b *book) points(n *xmlread.Node, dir string) {
	if xmlread.Local(n.Name) == "navPoint" {
		src, label := "", ""
		for _, c := range n.Children {
			switch xmlread.Local(c.Name) {
			case "content":
				src = c.Get("src")
			case "navLabel":
				label = c.Words()
			}
		}
		b.entitle(b.resolve(dir, src), label)
	}
	for _, c := range n.Children {
		b.points(c, dir)
	}
}

// entitle keeps the first title of a page.
func (b *book) entitle(name, title string) {
	if title = document.OneLine(title); title != "" && b.titles[name] == "" {
		b.titles[name] = title
	}
}

// pages writes the pages of the spine. The cover and the table of contents are
// left out: they repeat what is said elsewhere.
func (b *book) pages(w *document.Writer) error {
	var order []*xmlread.Node
	for _, ref := range childrenOf(b.root, "spine") {
		if item := b.items[ref.Get("idref")]; item != nil && ref.Get("linear") != "no" {
			order = append(order, item)
		}
	}
	// Pages beside the spine are notes that others refer to.
	for _, ref := range childrenOf(b.root, "spine") {
		if item := b.items[ref.Get("idref")]; item != nil && ref.Get("linear") == "no" {
			order = append(order, item)
		}
	}
	done := map[string]bool{}
	for i, item := range order {
		name := b.resolve(b.dir, item.Get("href"))
		if done[name] || isNavigation(item) || !isPage(item) || b.cover(item, name) {
			continue
		}
		done[name] = true
		if err := b.page(w, name); err != nil {
			return err
		}
		w.Report(i+1, len(order), "pages")
	}
	return w.Err()
}

// cover reports a page that is a cover by what the book says of it.
func (b *book) cover(item *xmlread.Node, name string) bool {
	for _, ref := range childrenOf(b.root, "guide") {
		if kind := ref.Get("type"); (kind == "cover" || kind == "toc") && b.resolve(b.dir, ref.Get("href")) == name {
			return true
		}
	}
	id := strings.ToLower(item.Get("id"))
	return id == "cover" || id == "coverpage" || id == "coverpage-wrapper"
}

func (b *book) page(w *document.Writer, name string) error {
	rc, err := b.archive.Open(name)
	if errors.Is(err, archive.ErrMissing) {
		return nil // a page that the book promises and lacks
	}
	if err != nil {
		return err //nolint:wrapcheck // a fault of the file
	}
	defer rc.Close()
	data, err := io.ReadAll(io.LimitReader(rc, pageBytes))
	if fault := document.AsError(err); fault != nil {
		return fault
	}
	if err != nil {
		return fmt.Errorf("read a page of the book: %w", err)
	}
	if !utf8.Valid(data) { // books are UTF-8 unless they say otherwise
		if r, err := charset.NewReader(bytes.NewReader(data), ""); err == nil {
			data, _ = io.ReadAll(r) // of memory
		}
	}
	title := b.titles[name]
	if strings.EqualFold(title, w.Title) && w.Offset() > 0 {
		title = ""
	}
	return markup.Page{Heading: title}.Write(w, closeEmpty(string(data))) //nolint:wrapcheck // it names what it did
}

// closeEmpty closes the empty elements that XML may write short and HTML
// takes for open: the rest of the page would be their content.
func closeEmpty(page string) string {
	for _, tag := range []string{"script", "title", "style", "a", "p", "div", "span", "i", "b", "em", "td", "textarea", "iframe"} {
		page = closeShort(page, tag)
	}
	return page
}

func closeShort(page, tag string) string {
	if !strings.Contains(page, "<"+tag) || !strings.Contains(page, "/>") {
		return page
	}
	var sb strings.Builder
	for {
		i := strings.Index(page, "<"+tag)
		if i < 0 {
			sb.WriteString(page)
			return sb.String()
		}
		end := strings.IndexByte(page[i:], '>')
		if end < 0 {
			sb.WriteString(page)
			return sb.String()
		}
		end += i
		after := page[i+1+len(tag)]
		if page[end-1] == '/' && (after == ' ' || after == '/' || after == '\n' || after == '\t' || after == '\r') {
			sb.WriteString(page[:end-1] + "></" + tag + ">")
		} else {
			sb.WriteString(page[:end+1])
		}
		page = page[end+1:]
	}
}
