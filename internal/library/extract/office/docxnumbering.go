package office

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// docxNumbering says how lists are numbered: a paragraph names a numId, which
// names an abstract list, which has nine levels.
type docxNumbering struct {
	abstractOf map[string]string
	levels     map[string]map[int]docxLevel
	depthOf    map[string]int // by abstract list and paragraph style
}

type docxLevel struct {
	bullet bool
	format string
	text   string // such as "%1.%2."
}

// spell writes a number in the level's format.
func (l docxLevel) spell(n int) string {
	switch l.format {
	case "lowerLetter", "upperLetter":
		s := strings.Repeat(string(rune('a'+(n-1)%26)), min((n-1)/26+1, 10))
		if l.format == "upperLetter" {
			return strings.ToUpper(s)
		}
		return s
	case "lowerRoman":
		return strings.ToLower(roman(n))
	case "upperRoman":
		return roman(n)
	}
	return strconv.Itoa(n)
}

func roman(n int) string {
	if n >= 4000 {
		return strconv.Itoa(n)
	}
	var sb strings.Builder
	values := []int{1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1}
	for i, s := range []string{"M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"} {
		for n >= values[i] {
			sb.WriteString(s)
			n -= values[i]
		}
	}
	return sb.String()
}

func (d *docx) readNumbering() (docxNumbering, error) {
	r := numberingReader{docxNumbering: docxNumbering{
		abstractOf: map[string]string{}, levels: map[string]map[int]docxLevel{}, depthOf: map[string]int{},
	}}
	err := d.part("word/numbering.xml", func(dec *xml.Decoder) error {
		for {
			t, err := dec.RawToken()
			if err != nil {
				return err
			}
			switch t := t.(type) {
			case xml.StartElement:
				r.start(t)
			case xml.EndElement:
				if t.Name.Local == "lvl" && r.depth < 9 && r.levels[r.abstract] != nil {
					r.levels[r.abstract][r.depth] = r.level
				}
			}
			if max(len(r.levels), len(r.abstractOf), len(r.depthOf)) > maxEntries {
				return errBomb
			}
		}
	})
	return r.docxNumbering, err
}

// numberingReader gathers lists element by element.
type numberingReader struct {
	docxNumbering
	abstract, num string
	depth         int
	level         docxLevel
}

func (r *numberingReader) start(t xml.StartElement) {
	switch val := xmlAttr(t, "val"); t.Name.Local {
	case "abstractNum":
		r.abstract = xmlAttr(t, "abstractNumId")
		r.levels[r.abstract] = map[int]docxLevel{}
	case "lvl":
		r.depth, r.level = atoi(xmlAttr(t, "ilvl")), docxLevel{}
	case "numFmt":
		r.level.format, r.level.bullet = val, val == "bullet" || val == "none"
	case "lvlText":
		r.level.text = val
	case "pStyle":
		r.depthOf[r.abstract+" "+val] = min(r.depth, 8)
	case "num":
		r.num = xmlAttr(t, "numId")
	case "abstractNumId":
		r.abstractOf[r.num] = val
	}
}
