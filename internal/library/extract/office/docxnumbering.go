package office

import (
	"strconv"
	"strings"
)

// docxNumbering says how lists are numbered: a paragraph names a list, which
// names an abstract list, which has nine levels. Lists of one abstract list
// count on from each other.
type docxNumbering struct {
	abstractOf map[string]string
	levels     map[string]*[9]docxLevel
	depthOf    map[string]int         // by abstract list and paragraph style
	starts     map[string]map[int]int // of lists that begin anew, by list and depth
	counters   map[string]*docxCounter
}

type docxLevel struct {
	known, bullet, legal bool
	format               string
	text                 string // such as "%1.%2."
	start                int
}

// docxCounter is how far an abstract list has come.
type docxCounter struct {
	at  [9]int
	set [9]bool
}

// spell writes a number in the level's format.
func (l docxLevel) spell(n int) string {
	switch l.format {
	case "lowerLetter", "upperLetter":
		s := strings.Repeat(string(rune('a'+(max(n, 1)-1)%26)), min((max(n, 1)-1)/26+1, 10))
		if l.format == "upperLetter" {
			return strings.ToUpper(s)
		}
		return s
	case "lowerRoman":
		return strings.ToLower(roman(n))
	case "upperRoman":
		return roman(n)
	case "decimalZero":
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
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

func (d *docx) readNumbering() error {
	d.numbering = docxNumbering{
		abstractOf: map[string]string{}, levels: map[string]*[9]docxLevel{}, depthOf: map[string]int{},
		starts: map[string]map[int]int{}, counters: map[string]*docxCounter{},
	}
	n := &d.numbering
	root, err := d.extra(d.part("numbering", "numbering.xml"))
	if err != nil {
		return err
	}
	for a := range root.All("w:abstractNum") {
		id := a.Get("abstractNumId")
		levels := &[9]docxLevel{}
		n.levels[id] = levels
		for l := range a.All("w:lvl") {
			depth := min(atoi(l.Get("ilvl")), 8)
			format := l.Child("w:numFmt").Get("val")
			level := docxLevel{
				known: true, format: format, bullet: format == "bullet" || format == "none",
				text: l.Child("w:lvlText").Get("val"), start: 1, legal: isSet(l.Child("w:isLgl")),
			}
			if v, ok := l.Child("w:start").Lookup("val"); ok {
				level.start = atoi(v)
			}
			levels[depth] = level
			if style := l.Child("w:pStyle").Get("val"); style != "" {
				n.depthOf[id+" "+style] = depth
			}
		}
	}
	for num := range root.All("w:num") {
		id := num.Get("numId")
		n.abstractOf[id] = num.Child("w:abstractNumId").Get("val")
		for o := range num.All("w:lvlOverride") {
			if v, ok := o.Child("w:startOverride").Lookup("val"); ok {
				if n.starts[id] == nil {
					n.starts[id] = map[int]int{}
				}
				n.starts[id][min(atoi(o.Get("ilvl")), 8)] = atoi(v)
			}
		}
	}
	return nil
}

// number gives the next number of a list such as "2.1. ", "" for bullets.
func (d *docx) number(style docxStyle) string {
	if style.numID == "" || style.numID == "0" {
		return ""
	}
	n := &d.numbering
	abstract := n.abstractOf[style.numID]
	levels := n.levels[abstract]
	if levels == nil {
		return ""
	}
	c := n.counters[abstract]
	if c == nil {
		c = &docxCounter{}
		n.counters[abstract] = c
	}
	for depth, start := range n.starts[style.numID] {
		c.at[depth], c.set[depth] = start-1, true
	}
	delete(n.starts, style.numID)
	depth := style.numLevel
	for i := range depth {
		if !c.set[i] {
			c.at[i], c.set[i] = levels[i].start, true
		}
	}
	if c.set[depth] {
		c.at[depth]++
	} else {
		c.at[depth], c.set[depth] = levels[depth].start, true
	}
	for i := depth + 1; i < len(c.set); i++ {
		c.set[i] = false
	}
	return c.spell(levels, depth)
}

// spell writes the number of the item that a counter has come to.
func (c *docxCounter) spell(levels *[9]docxLevel, depth int) string {
	level := levels[depth]
	if !level.known || level.bullet {
		return ""
	}
	if level.text == "" {
		return strconv.Itoa(c.at[depth]) + ". "
	}
	out := level.text
	for i := range depth + 1 {
		text := levels[i].spell(c.at[i])
		if level.legal {
			text = strconv.Itoa(c.at[i])
		}
		out = strings.ReplaceAll(out, "%"+strconv.Itoa(i+1), text)
	}
	return out + " "
}
