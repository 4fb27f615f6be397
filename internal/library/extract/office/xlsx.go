package office

import (
	"fmt"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// XLSXType is the media type of Excel workbooks.
const XLSXType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

const (
	maxSheets = 10_000
	// maxSharedBytes bounds the texts that cells share, which are held in
	// memory.
	maxSharedBytes = 160 << 20
	maxFormats     = 100_000
)

// workbook is an opened workbook.
type workbook struct {
	*container
	w         *document.Writer
	shared    []string
	formats   []*numberFormat // by the style of a cell
	epoch1904 bool
	people    map[string]string // who commented, by id
}

// sheetRef is a sheet as the workbook lists it.
type sheetRef struct {
	name, kind, part string
	hidden           bool
}

// XLSX reads a workbook: a sheet is a heading and the tables that stand on it,
// with values as they are shown. Hidden sheets are read and say so.
func XLSX(w *document.Writer, in document.Input) error {
	c, err := openContainer(in.Path, "xl/workbook.xml")
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.properties(w); err != nil {
		return err
	}
	b := &workbook{container: c, w: w}
	relations, err := c.relations(c.main)
	if err != nil {
		return err
	}
	sheets, err := b.sheets(relations)
	if err != nil {
		return err
	}
	if err := b.readShared(related(relations, "sharedStrings")); err != nil {
		return err
	}
	if err := b.readFormats(related(relations, "styles")); err != nil {
		return err
	}
	if err := b.readPeople(related(relations, "person")); err != nil {
		return err
	}
	for _, s := range sheets {
		if err := b.sheet(s); err != nil {
			return err
		}
		if w.Err() != nil {
			break
		}
	}
	return w.Err()
}

// sheets lists the sheets in the order of their tabs.
func (b *workbook) sheets(relations map[string]relation) ([]sheetRef, error) {
	root, err := b.tree(b.main)
	if err != nil {
		return nil, err
	}
	b.epoch1904 = isOn(root.Child("x:workbookPr").Get("date1904"))
	var out []sheetRef
	seen := map[string]bool{}
	for s := range root.Child("x:sheets").All("x:sheet") {
		r := relations[s.Get("r:id")]
		if r.target == "" || seen[r.target] || len(out) >= maxSheets {
			continue
		}
		seen[r.target] = true
		state := s.Get("state")
		out = append(out, sheetRef{s.Get("name"), r.kind, r.target, state == "hidden" || state == "veryHidden"})
	}
	return out, nil
}

// readShared reads the texts that cells refer to by number.
func (b *workbook) readShared(part string) error {
	if part == "" {
		return nil
	}
	size := 0
	return b.scan(part, func(s *xmlread.Scanner) error {
		for {
			t, err := s.Next()
			if err != nil {
				return endOfPart(err)
			}
			if t.Kind != xmlread.Start || t.Name != "x:si" {
				continue
			}
			if err := s.Tree(t.Node); err != nil {
				return err //nolint:wrapcheck // a fault, or told by scan
			}
			text := richText(t.Node)
			b.shared = append(b.shared, text)
			if size += len(text) + 16; size > maxSharedBytes {
				return document.Fault(document.CodeTooLarge, fmt.Sprintf("The workbook holds more than %s of text; split it and submit the parts.", document.Size(maxSharedBytes)))
			}
		}
	})
}

// richText gives a text that may be made of runs, without its pronunciation.
func richText(n *xmlread.Node) string {
	var sb strings.Builder
	for _, c := range n.Children {
		switch c.Name {
		case "x:t":
			sb.WriteString(c.Words())
		case "x:r":
			sb.WriteString(c.Child("x:t").Words())
		}
	}
	return strings.ReplaceAll(sb.String(), "_x000D_", "")
}

// readFormats reads how numbers are shown, by the style of a cell.
func (b *workbook) readFormats(part string) error {
	if part == "" {
		return nil
	}
	root, err := b.extra(part)
	if err != nil {
		return err
	}
	codes := map[string]string{}
	for n := range root.Child("x:numFmts").All("x:numFmt") {
		codes[n.Get("numFmtId")] = n.Get("formatCode")
	}
	parsed := map[string]*numberFormat{}
	for xf := range root.Child("x:cellXfs").All("x:xf") {
		if len(b.formats) >= maxFormats {
			break
		}
		id := xf.Get("numFmtId")
		f, ok := parsed[id]
		if !ok {
			code := codes[id]
			if code == "" {
				code = builtinFormat(atoi(id))
			}
			f = parseFormat(code)
			parsed[id] = f
		}
		b.formats = append(b.formats, f)
	}
	return nil
}

func (b *workbook) readPeople(part string) error {
	b.people = map[string]string{}
	if part == "" {
		return nil
	}
	root, err := b.extra(part)
	if err != nil {
		return err
	}
	for _, p := range orEmpty(root).Children {
		b.people[p.Get("id")] = document.OneLine(p.Get("displayName"))
	}
	return nil
}
