package extract

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
	n := docxNumbering{abstractOf: map[string]string{}, levels: map[string]map[int]docxLevel{}, depthOf: map[string]int{}}
	err := d.part("word/numbering.xml", func(dec *xml.Decoder) error {
		var abstract, num string
		depth, level := 0, docxLevel{}
		for {
			t, err := dec.RawToken()
			if err != nil {
				return err
			}
			switch t := t.(type) {
			case xml.StartElement:
				switch val := xmlAttr(t, "val"); t.Name.Local {
				case "abstractNum":
					abstract = xmlAttr(t, "abstractNumId")
					n.levels[abstract] = map[int]docxLevel{}
				case "lvl":
					depth, level = atoi(xmlAttr(t, "ilvl")), docxLevel{}
				case "numFmt":
					level.format, level.bullet = val, val == "bullet" || val == "none"
				case "lvlText":
					level.text = val
				case "pStyle":
					n.depthOf[abstract+" "+val] = min(depth, 8)
				case "num":
					num = xmlAttr(t, "numId")
				case "abstractNumId":
					n.abstractOf[num] = val
				}
			case xml.EndElement:
				if t.Name.Local == "lvl" && depth < 9 && n.levels[abstract] != nil {
					n.levels[abstract][depth] = level
				}
			}
			if len(n.levels) > maxEntries || len(n.abstractOf) > maxEntries || len(n.depthOf) > maxEntries {
				return errBomb
			}
		}
	})
	return n, err
}
