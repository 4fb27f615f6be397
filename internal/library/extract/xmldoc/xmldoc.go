// Package xmldoc reads documents that are XML: scientific articles (JATS),
// books and manuals (DocBook, DITA, TEI), patents of the USPTO, reports in
// XBRL, feeds, and any other XML as the text of its elements.
//
// It owns what the elements of those vocabularies mean for a reader. Nothing
// outside the file is read, and entities that a file declares are not expanded.
package xmldoc

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"golang.org/x/net/html"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/markup"
	"git.helu.ca/r/mnemosyne/internal/library/extract/plain"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// treeBytes is the longest file that is read as a tree; longer ones give the
// text of their elements.
const treeBytes = 64 << 20

// Read reads an XML file by the vocabulary of its root element. What is not
// well formed, or holds text in attributes alone, is read as lines.
func Read(w *document.Writer, in document.Input) error {
	f, err := os.Open(in.Path)
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("look at the file: %w", err)
	}
	s := xmlread.NewScanner(f)
	root, err := nextElement(s)
	if err != nil {
		return lines(w, in, err)
	}
	if root == nil {
		return plain.Records(w, in) //nolint:wrapcheck // it names what it did
	}
	read, kind := vocabulary(root)
	if kind == "html" {
		return markup.HTML(w, in) //nolint:wrapcheck // it names what it did
	}
	if read == nil || info.Size() > treeBytes {
		return generic(w, in, s, root)
	}
	w.ContentType = kind
	// A file may hold several documents, one after the other.
	for root != nil {
		if err := s.Tree(root); err != nil {
			return lines(w, in, err)
		}
		read(w, root)
		if root, err = nextElement(s); err != nil || w.Err() != nil {
			break
		}
		if root != nil {
			if read, _ = vocabulary(root); read == nil {
				break
			}
		}
	}
	if w.Offset() == 0 && w.Err() == nil {
		return plain.Records(w, in) //nolint:wrapcheck // it names what it did
	}
	return w.Err()
}

// lines reads as lines what is not well-formed XML, unless something was
// written already or the fault is another.
func lines(w *document.Writer, in document.Input, err error) error {
	if document.AsError(err) != nil {
		return err
	}
	if w.Offset() > 0 {
		return document.Fault(document.CodeCorrupt, "The XML is damaged in its middle; save it again and submit it.")
	}
	return plain.Records(w, in) //nolint:wrapcheck // it names what it did
}

// nextElement gives the next element, without its children; nil at the end.
func nextElement(s *xmlread.Scanner) (*xmlread.Node, error) {
	for {
		t, err := s.Next()
		if errors.Is(err, io.EOF) {
			return nil, nil //nolint:nilnil // no element is an answer
		}
		if err != nil {
			return nil, err //nolint:wrapcheck // it names what it did
		}
		if t.Kind == xmlread.Start {
			return t.Node, nil
		}
	}
}

// vocabulary gives what reads documents of such a root, and their content
// type; nil for those that nobody knows.
func vocabulary(root *xmlread.Node) (read func(*document.Writer, *xmlread.Node), contentType string) {
	switch xmlread.Local(root.Name) {
	case "html":
		return nil, "html"
	case "rss", "RDF":
		return feed, "application/rss+xml"
	case "feed":
		return feed, "application/atom+xml"
	case "xbrl":
		return xbrl, "application/xbrl-instance+xml"
	case "article":
		if root.Get("dtd-version") != "" || root.Get("article-type") != "" {
			return structured, "application/jats+xml"
		}
		return structured, "application/xml"
	case "pmc-articleset", "book-part", "TEI", "TEI.2", "teiCorpus", "us-patent-application", "us-patent-grant", "patent-application-publication",
		"PATDOC", "book", "chapter", "part", "appendix", "preface", "set", "refentry", "section", "sect1", "topic", "concept", "task", "reference", "nitf":
		return structured, "application/xml"
	}
	return nil, ""
}

// words joins text as a reader sees it, with the names of characters that
// vocabularies of old declare.
func words(s string) string {
	if strings.Contains(s, "&") {
		s = entity.ReplaceAllStringFunc(s, character)
	}
	return document.OneLine(s)
}

var entity = regexp.MustCompile(`&[A-Za-z][A-Za-z0-9]{1,30};`)

func character(name string) string {
	switch name {
	case "&lt;", "&gt;", "&amp;", "&quot;", "&apos;":
		return name // written so to be read so
	}
	if c := html.UnescapeString(name); c != name {
		return c
	}
	const letters = "a α b β g γ d δ e ε z ζ ee η th θ i ι k κ l λ m μ n ν x ξ o ο p π r ρ s σ sf ς t τ u υ ph φ kh χ ps ψ oh ω"
	if greek, ok := strings.CutSuffix(strings.Trim(name, "&;"), "gr"); ok {
		list := strings.Fields(letters)
		for i := 0; i < len(list); i += 2 {
			switch greek {
			case list[i]:
				return list[i+1]
			case strings.ToUpper(list[i][:1]) + list[i][1:]:
				return strings.ToUpper(list[i+1])
			}
		}
	}
	return name
}
