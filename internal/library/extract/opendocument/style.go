package opendocument

import (
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// maxStyles bounds what is remembered of a document's styles.
const maxStyles = 100_000

// style is what a style says that matters for the text.
type style struct {
	parent string
	hidden bool // of text, a sheet or a slide
}

// listStyle says how each level of a list is numbered.
type listStyle [10]listLevel

type listLevel struct {
	format, prefix, suffix string // format "" is a bullet
	start, levels          int
}

// counter is how far a list has come.
type counter struct {
	at  [10]int
	set [10]bool
}

// learn reads styles.
func (r *reader) learn(n *xmlread.Node) {
	for _, c := range n.Children {
		if len(r.styles) >= maxStyles || len(r.lists) >= maxStyles {
			return
		}
		switch c.Name {
		case "style:style":
			s := style{parent: c.Get("style:parent-style-name")}
			s.hidden = c.Child("style:text-properties").Get("text:display") == "none" ||
				c.Child("style:table-properties").Get("table:display") == "false" ||
				c.Child("style:drawing-page-properties").Get("presentation:visibility") == "hidden"
			r.styles[c.Get("style:name")] = s
		case "text:list-style":
			r.lists[c.Get("style:name")] = readListStyle(c)
		case "text:outline-style":
			r.outline = readListStyle(c)
		}
	}
}

func readListStyle(n *xmlread.Node) *listStyle {
	out := &listStyle{}
	for _, c := range n.Children {
		level := number(c.Get("text:level"))
		if level < 1 || level > len(out) || c.Name == "text:list-level-style-bullet" {
			continue
		}
		out[level-1] = listLevel{
			format: c.Get("style:num-format"), prefix: c.Get("style:num-prefix"), suffix: c.Get("style:num-suffix"),
			start: max(number(c.Get("text:start-value")), 1), levels: max(number(c.Get("text:display-levels")), 1),
		}
	}
	return out
}

// next counts an item and gives its number such as "2.1. ", "" for a bullet.
func (c *counter) next(s *listStyle, depth int) string {
	if s == nil {
		return ""
	}
	depth = min(depth, len(s)-1)
	if c.set[depth] {
		c.at[depth]++
	} else {
		c.at[depth], c.set[depth] = max(s[depth].start, 1), true
	}
	for i := depth + 1; i < len(c.set); i++ {
		c.set[i] = false
	}
	level := s[depth]
	if level.format == "" {
		return ""
	}
	var parts []string
	for i := max(depth-level.levels+1, 0); i <= depth; i++ {
		if s[i].format != "" {
			parts = append(parts, spell(s[i].format, max(c.at[i], 1)))
		}
	}
	return level.prefix + strings.Join(parts, ".") + level.suffix + " "
}

func spell(format string, n int) string {
	switch format {
	case "a":
		return strings.Repeat(string(rune('a'+(n-1)%26)), min((n-1)/26+1, 10))
	case "A":
		return strings.ToUpper(spell("a", n))
	case "i":
		return strings.ToLower(spell("I", n))
	case "I":
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

// number reads a number; what is none, or negative, is 0.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// named gives the name of the style that an automatic one takes after, as its
// author sees it.
func (r *reader) named(name string) string {
	for range 10 {
		s, ok := r.styles[name]
		if !ok || s.parent == "" {
			break
		}
		if !automatic(name) {
			break
		}
		name = s.parent
	}
	return strings.ReplaceAll(name, "_20_", " ")
}

// automatic reports names such as P12, which programs give.
func automatic(name string) bool {
	digits := strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	return digits != "" && len(name)-len(digits) <= 2 && strings.Trim(digits, "0123456789") == ""
}
