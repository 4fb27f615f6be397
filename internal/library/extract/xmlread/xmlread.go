// Package xmlread reads XML as the programs that wrote it do: forgivingly, and
// with the same names whichever prefixes and edition of a namespace a file
// uses.
//
// It owns the bounds that hostile files need: depth, size of a tree, no
// entities but the five of XML, nothing fetched. It knows no format beyond the
// names of its namespaces.
package xmlread

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

const (
	// maxDepth is how deep elements nest; real documents stay below 100.
	maxDepth = 512
	// maxNodes is the largest tree, some 200 bytes each.
	maxNodes = 1_000_000
)

// Node is an element, or a piece of text where Name is "".
type Node struct {
	// Name has the usual prefix of its namespace, such as w:p.
	Name     string
	Text     string
	Attrs    []Attr
	Children []*Node
}

// Attr is an attribute, named like an element.
type Attr struct{ Name, Value string }

// Scanner gives elements one after the other, or as trees.
type Scanner struct {
	dec      *xml.Decoder
	src      *source // nil where the decoder reads something else
	prefixes map[string]string
	names    map[xml.Name]string
	depth    int
	nodes    int
}

// NewScanner reads from r, in any encoding that its first bytes or its
// declaration name.
func NewScanner(r io.Reader) *Scanner {
	src := newSource(r)
	if head := src.head(); len(head) >= 2 {
		switch {
		case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{'<', 0}):
			src = newSource(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(src))
		case bytes.HasPrefix(head, []byte{0xFE, 0xFF}), bytes.HasPrefix(head, []byte{0, '<'}):
			src = newSource(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Reader(src))
		}
	}
	dec := xml.NewDecoder(src)
	s := &Scanner{dec: dec, src: src, prefixes: map[string]string{}, names: map[xml.Name]string{}}
	dec.Strict = false
	dec.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		s.src = nil // what the decoder reads from now on is decoded
		if strings.HasPrefix(strings.ToLower(label), "utf-16") {
			return in, nil // decoded above
		}
		return charset.NewReaderLabel(label, in)
	}
	return s
}

// Kind tells tokens apart.
type Kind uint8

// The kinds of tokens.
const (
	Start Kind = iota
	End
	Chars
)

// Token is the start of an element, whose Node has no children yet, its end,
// or text.
type Token struct {
	Kind Kind
	Name string
	Node *Node
	Text string
}

// Next gives the next token, io.EOF at the end.
func (s *Scanner) Next() (Token, error) {
	for {
		t, err := s.dec.RawToken()
		if err != nil {
			return Token{}, readError(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if s.depth++; s.depth > maxDepth {
				return Token{}, tooDeep()
			}
			n := s.node(t)
			return Token{Kind: Start, Name: n.Name, Node: n}, nil
		case xml.EndElement:
			s.depth = max(s.depth-1, 0)
			return Token{Kind: End, Name: s.name(t.Name)}, nil
		case xml.CharData:
			return Token{Kind: Chars, Text: string(t)}, nil
		}
	}
}

func readError(err error) error {
	if err == nil || errors.Is(err, io.EOF) || document.AsError(err) != nil {
		return err
	}
	return fmt.Errorf("read XML: %w", err)
}

func (s *Scanner) node(t xml.StartElement) *Node {
	for _, a := range t.Attr {
		switch {
		case a.Name.Space == "xmlns":
			s.declare(a.Name.Local, a.Value)
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			s.declare("", a.Value)
		}
	}
	n := &Node{Name: s.name(t.Name)}
	if len(t.Attr) > 0 {
		n.Attrs = make([]Attr, 0, len(t.Attr))
	}
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" {
			continue
		}
		name := a.Name.Local
		if a.Name.Space != "" { // an attribute without prefix is in no namespace
			name = s.name(a.Name)
		}
		n.Attrs = append(n.Attrs, Attr{name, a.Value})
	}
	return n
}

// declare maps a prefix to the usual one. Scopes are not kept: files that mean
// two things by one prefix are not seen.
func (s *Scanner) declare(prefix, uri string) {
	usual := usualPrefix(uri)
	if usual == "" {
		usual = prefix
	}
	if s.prefixes[prefix] != usual && len(s.prefixes) < 1000 {
		s.prefixes[prefix] = usual
		clear(s.names)
	}
}

// name gives a name with its usual prefix; each is kept once.
func (s *Scanner) name(n xml.Name) string {
	if v, ok := s.names[n]; ok {
		return v
	}
	prefix, ok := s.prefixes[n.Space]
	if !ok {
		prefix = n.Space
	}
	v := n.Local
	if prefix != "" {
		v = prefix + ":" + v
	}
	if len(s.names) < 4096 {
		s.names[n] = v
	}
	return v
}

// Tree reads the rest of the element that has just begun into n.
func (s *Scanner) Tree(n *Node) error {
	s.nodes = 0
	open := []*Node{n}
	for len(open) > 0 {
		t, err := s.Next()
		if errors.Is(err, io.EOF) {
			return nil // cut off; what there is counts
		}
		if err != nil {
			return err
		}
		if s.nodes++; s.nodes > maxNodes {
			return document.Fault(document.CodeTooLarge, "A part of the document is too large to read; split it and submit the parts.")
		}
		top := open[len(open)-1]
		switch t.Kind {
		case Start:
			top.Children = append(top.Children, t.Node)
			open = append(open, t.Node)
		case End:
			open = open[:len(open)-1]
		case Chars:
			top.Children = append(top.Children, &Node{Text: t.Text})
		}
	}
	return nil
}

// Skip passes over the rest of the element that has just begun: nothing was
// read since Next gave its start.
func (s *Scanner) Skip() error {
	if s.src != nil && s.src.before() != '/' {
		err := s.src.skipElement(maxDepth - s.depth + 1)
		s.depth--
		return readError(err)
	}
	for depth := 1; depth > 0; {
		t, err := s.Next()
		if err != nil {
			return err
		}
		switch t.Kind {
		case Start:
			depth++
		case End:
			depth--
		case Chars:
		}
	}
	return nil
}

// Root reads a whole document as a tree. An empty document is nil.
func (s *Scanner) Root() (*Node, error) {
	for {
		t, err := s.Next()
		if errors.Is(err, io.EOF) {
			return nil, nil //nolint:nilnil // no root is an answer
		}
		if err != nil {
			return nil, err
		}
		if t.Kind == Start {
			return t.Node, s.Tree(t.Node)
		}
	}
}
