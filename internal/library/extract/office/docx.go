// Package office reads the documents of office programs.
package office

import (
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"

	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	// DOCXType is the media type of Word documents.
	DOCXType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

	// A part of a document that unpacks to more than this, or to many times
	// its packed size, is a bomb.
	maxPart      = 512 << 20
	bombRatio    = 100
	bombMinBytes = 32 << 20
	maxEntries   = 10_000
)

var errBomb = document.Fault(document.CodeTooLarge, "The document unpacks to far more than it should; it may be damaged or hostile.")

// docx is an opened Word document.
type docx struct {
	zip       *zip.Reader
	styles    map[string]docxStyle
	numbering docxNumbering
}

// DOCX reads headings, paragraphs, lists, tables and footnotes in the
// order of the document. The format knows no pages.
func DOCX(w *document.Writer, in document.Input) error {
	z, err := zip.OpenReader(in.Path)
	if err != nil {
		return document.Fault(document.CodeCorrupt, "The document is damaged; open it in Word or LibreOffice and save it again.")
	}
	defer z.Close()
	if len(z.File) > maxEntries {
		return errBomb
	}
	d := &docx{zip: &z.Reader}
	if err := d.coreProperties(w); err != nil {
		return err
	}
	if d.styles, err = d.readStyles(); err != nil {
		return err
	}
	if d.numbering, err = d.readNumbering(); err != nil {
		return err
	}
	main := d.mainPart()
	body := &docxBody{w: w, docx: d, counters: map[string]*[9]int{}}
	if err := d.part(main, body.read); err != nil {
		return err
	}
	notes := &docxBody{w: w, docx: d, counters: map[string]*[9]int{}, notes: true}
	for _, name := range []string{"word/footnotes.xml", "word/endnotes.xml"} {
		if err := d.part(name, notes.read); err != nil {
			return err
		}
	}
	return w.Err()
}

func (d *docx) mainPart() string {
	for _, f := range d.zip.File {
		if f.Name != "word/document.xml" && strings.HasPrefix(f.Name, "word/document") && strings.HasSuffix(f.Name, ".xml") {
			if d.find("word/document.xml") == nil {
				return f.Name
			}
		}
	}
	return "word/document.xml"
}

func (d *docx) find(name string) *zip.File {
	for _, f := range d.zip.File {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// part reads a part of the document as XML. A missing part is none.
func (d *docx) part(name string, read func(*xml.Decoder) error) error {
	f := d.find(name)
	if f == nil {
		return nil
	}
	if f.UncompressedSize64 > maxPart {
		return errBomb
	}
	rc, err := f.Open()
	if err != nil {
		return document.Fault(document.CodeCorrupt, "The document is damaged: "+name+" cannot be unpacked; save it again.")
	}
	defer rc.Close()
	err = read(newXML(&bombGuard{r: rc, packed: int64(min(f.CompressedSize64, maxPart))}))
	if document.AsError(err) != nil {
		return err
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return document.Fault(document.CodeCorrupt, fmt.Sprintf("The document is damaged: %s cannot be read; open it in its program and save it again.", name))
	}
	return nil
}

// newXML reads XML as forgivingly as Word does.
func newXML(r io.Reader) *xml.Decoder {
	dec := xml.NewDecoder(r)
	dec.Strict = false
	dec.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("not UTF-8") }
	return dec
}

// bombGuard ends the reading of what unpacks to too much.
type bombGuard struct {
	r            io.Reader
	packed, read int64
}

func (g *bombGuard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	g.read += int64(n)
	if g.read > maxPart || g.read > bombMinBytes && g.read > g.packed*bombRatio {
		return 0, errBomb
	}
	return n, err
}

func (d *docx) coreProperties(w *document.Writer) error {
	return d.part("docProps/core.xml", func(dec *xml.Decoder) error {
		var name string
		for {
			t, err := dec.RawToken()
			if err != nil {
				return err
			}
			switch t := t.(type) {
			case xml.StartElement:
				name = t.Name.Local
			case xml.EndElement:
				name = ""
			case xml.CharData:
				switch name {
				case "title":
					w.Title += string(t)
				case "creator":
					w.Meta("author", string(t))
				case "created", "modified", "subject", "keywords", "description":
					w.Meta(name, string(t))
				case "language":
					w.Language = string(t)
				}
			}
		}
	})
}

// docxStyle is what a paragraph style says about its paragraphs.
type docxStyle struct {
	name, basedOn string
	outline       int // heading level, 0 for none
	numID         string
	numLevel      int
	hasLevel      bool
}

func (d *docx) readStyles() (map[string]docxStyle, error) {
	styles := map[string]docxStyle{}
	err := d.part("word/styles.xml", func(dec *xml.Decoder) error {
		var id string
		var s docxStyle
		for {
			t, err := dec.RawToken()
			if err != nil {
				return err
			}
			switch t := t.(type) {
			case xml.StartElement:
				if t.Name.Local == "style" {
					id, s = xmlAttr(t, "styleId"), docxStyle{}
				}
				s.property(t)
			case xml.EndElement:
				if t.Name.Local == "style" && len(styles) < maxEntries {
					styles[id] = s
				}
			}
		}
	})
	return styles, err
}

func (s *docxStyle) property(t xml.StartElement) {
	switch t.Name.Local {
	case "name":
		s.name = strings.ToLower(xmlAttr(t, "val"))
	case "basedOn":
		s.basedOn = xmlAttr(t, "val")
	case "outlineLvl":
		if n := atoi(xmlAttr(t, "val")); n < 9 {
			s.outline = n + 1
		}
	case "numId":
		s.numID = xmlAttr(t, "val")
	case "ilvl":
		s.numLevel, s.hasLevel = atoi(xmlAttr(t, "val")), true
	}
}

// resolve gives a style with what it inherits.
func (d *docx) resolve(id string) docxStyle {
	s := d.styles[id]
	if s.name == "" {
		s.name = strings.ToLower(id)
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
		if s.numID == "" {
			s.numID = b.numID
		}
		if !s.hasLevel {
			s.numLevel, s.hasLevel = b.numLevel, b.hasLevel
		}
		base = b.basedOn
	}
	if depth, ok := d.numbering.depthOf[d.numbering.abstractOf[s.numID]+" "+id]; ok && s.numID != "" {
		s.numLevel = depth
	}
	if n, ok := strings.CutPrefix(s.name, "heading "); ok && s.outline == 0 {
		s.outline = atoi(n)
	}
	if s.name == "title" {
		s.outline = 1
	}
	return s
}

func xmlAttr(t xml.StartElement, local string) string {
	for _, a := range t.Attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// atoi reads a small number; what is none is 0.
func atoi(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1_000_000 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}
