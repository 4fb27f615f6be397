// Package office reads the documents of office programs in the formats of
// Office Open XML: Word, Excel and PowerPoint.
package office

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// DOCXType is the media type of Word documents.
const DOCXType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// maxEntries bounds the styles, lists and notes of a document.
const maxEntries = 100_000

// docx is an opened Word document and how far its reading is.
type docx struct {
	*container
	w         *document.Writer
	relations map[string]relation
	styles    map[string]docxStyle
	resolved  map[string]docxStyle
	numbering docxNumbering
	// notes and comments by how they are referred to; each is written once.
	notes   map[string]string
	pending []string // notes that the last block refers to
	code    []string // paragraphs of code that belong together
}

// DOCX reads headings, paragraphs, lists, tables, text boxes and formulas in
// the order of the document, notes and comments after what refers to them.
// Changes count as accepted; hidden text is left out. The format knows no
// pages.
func DOCX(w *document.Writer, in document.Input) error {
	c, err := openContainer(in.Path, "word/document.xml")
	if err != nil {
		return err
	}
	defer c.close()
	d := &docx{container: c, w: w, resolved: map[string]docxStyle{}, notes: map[string]string{}}
	for _, step := range []func() error{
		func() error { return c.properties(w) },
		func() (err error) { d.relations, err = c.relations(c.main); return err },
		d.readStyles, d.readNumbering, d.readNotes,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := c.scan(c.main, d.read); err != nil {
		return err
	}
	d.flush()
	return w.Err()
}

// part gives the part of a kind, or where it usually is in a document that
// names none.
func (d *docx) part(kind, usual string) string {
	if p := related(d.relations, kind); p != "" {
		return p
	}
	return "word/" + usual
}

// docxStyle is what a style of paragraphs or runs says.
type docxStyle struct {
	name, basedOn string
	outline       int // heading level, 0 for none
	numID         string
	numLevel      int
	hasLevel      bool
	mono, hidden  bool
}

func (d *docx) readStyles() error {
	d.styles = map[string]docxStyle{}
	err := d.scan(d.part("styles", "styles.xml"), func(s *xmlread.Scanner) error {
		for {
			t, err := s.Next()
			if err != nil {
				return endOfPart(err)
			}
			switch {
			case t.Kind != xmlread.Start:
			case t.Name == "w:lang":
				if d.w.Language == "" {
					d.w.Language = t.Node.Get("val")
				}
			case t.Name == "w:style" && t.Node.Get("type") == "table" || t.Name == "w:latentStyles" || len(d.styles) >= maxEntries:
				if err := s.Skip(); err != nil {
					return endOfPart(err)
				}
			case t.Name == "w:style":
				if err := s.Tree(t.Node); err != nil {
					return err //nolint:wrapcheck // a fault, or told by scan
				}
				d.styles[t.Node.Get("styleId")] = styleIn(t.Node)
			}
		}
	})
	if e := document.AsError(err); e != nil && e.Code == document.CodeCorrupt {
		return nil // the text can be read without
	}
	return err
}

func styleIn(n *xmlread.Node) docxStyle {
	p, r := n.Child("w:pPr"), n.Child("w:rPr")
	s := docxStyle{
		name: strings.ToLower(n.Child("w:name").Get("val")), basedOn: n.Child("w:basedOn").Get("val"),
		outline: outlineLevel(p), numID: p.Child("w:numPr", "w:numId").Get("val"),
		mono: isMono(fontOf(r)), hidden: isSet(r.Child("w:vanish")),
	}
	if v, ok := p.Child("w:numPr", "w:ilvl").Lookup("val"); ok {
		s.numLevel, s.hasLevel = atoi(v), true
	}
	return s
}

// isSet reads a property that is on by being there.
func isSet(n *xmlread.Node) bool {
	if n == nil {
		return false
	}
	v, ok := n.Lookup("val")
	return !ok || isOn(v)
}

// outlineLevel gives the heading level in properties of paragraphs, 0 for none.
func outlineLevel(p *xmlread.Node) int {
	if v, ok := p.Child("w:outlineLvl").Lookup("val"); ok {
		if n := atoi(v); n < 9 {
			return n + 1
		}
	}
	return 0
}

func fontOf(r *xmlread.Node) string {
	fonts := r.Child("w:rFonts")
	if f := fonts.Get("w:ascii"); f != "" {
		return f
	}
	return fonts.Get("w:hAnsi")
}

// isMono reports whether a font's letters are all of one width.
func isMono(font string) bool {
	font = strings.ToLower(font)
	for _, name := range []string{"courier", "consolas", "menlo", "monaco", "lucida console", "source code", "fira code", "cascadia"} {
		if strings.HasPrefix(font, name) {
			return true
		}
	}
	return strings.HasSuffix(font, " mono") || strings.Contains(font, "monospace")
}

// resolve gives a style with what it inherits.
func (d *docx) resolve(id string) docxStyle {
	if s, ok := d.resolved[id]; ok {
		return s
	}
	s := d.styles[id]
	if s.name == "" {
		s.name = strings.ToLower(id)
	}
	if s.outline == 0 {
		s.outline = document.HeadingLevel(s.name)
	}
	base := s.basedOn
	for range 10 {
		b, ok := d.styles[base]
		if !ok {
			break
		}
		if s.outline == 0 {
			s.outline = b.outline
		}
		if s.outline == 0 {
			s.outline = document.HeadingLevel(b.name)
		}
		if s.numID == "" {
			s.numID = b.numID
		}
		if !s.hasLevel {
			s.numLevel, s.hasLevel = b.numLevel, b.hasLevel
		}
		s.mono, s.hidden = s.mono || b.mono, s.hidden || b.hidden
		base = b.basedOn
	}
	if depth, ok := d.numbering.depthOf[d.numbering.abstractOf[s.numID]+" "+id]; ok && s.numID != "" {
		s.numLevel = depth
	}
	if len(d.resolved) < maxEntries {
		d.resolved[id] = s
	}
	return s
}

// atoi reads a small number; what is none is 0.
func atoi(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 100_000_000 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}
