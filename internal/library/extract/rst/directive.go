package rst

import (
	"encoding/csv"
	"regexp"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

var (
	directive    = regexp.MustCompile(`^\.\. +(?:\|[^|]*\| +)?([A-Za-z][\w:+.-]*) ?::(?: +|$)`)
	footnote     = regexp.MustCompile(`^\.\. +\[([^\]\s]{1,100})\](?: +|$)`)
	substitution = regexp.MustCompile(`^\.\. +\|`)
)

// content is what stands below a directive.
type content struct {
	argument string
	options  map[string]string
	body     []string
}

// explicit reads what begins with two dots: a note, a directive, or what is
// not shown.
func (r *reader) explicit(lines []string, at place) {
	if m := footnote.FindStringSubmatch(lines[0]); m != nil {
		text := append([]string{lines[0][len(m[0]):]}, dedent(lines[1:])...)
		r.w.Block(document.Footnote, 0, "["+strings.TrimPrefix(m[1], "#")+"] "+r.inline(strings.TrimSpace(strings.Join(text, " "))))
		return
	}
	m := directive.FindStringSubmatch(lines[0])
	if m == nil || substitution.MatchString(lines[0]) {
		return // a comment, or where a link leads
	}
	name := strings.ToLower(m[1])
	r.directive(name[strings.LastIndexByte(name, ':')+1:], below(lines[0][len(m[0]):], dedent(lines[1:])), at)
}

// below parts what a directive says: its argument up to the first option or
// empty line, its options, and the rest.
func below(argument string, lines []string) content {
	c := content{options: map[string]string{}}
	words := []string{argument}
	i := 0
	for ; i < len(lines) && lines[i] != "" && !field.MatchString(lines[i]); i++ {
		words = append(words, strings.TrimSpace(lines[i]))
	}
	last := ""
	for ; i < len(lines) && lines[i] != ""; i++ {
		if m := field.FindStringSubmatch(lines[i]); m != nil {
			last = m[1]
			c.options[last] = strings.TrimSpace(lines[i][len(m[0]):])
		} else if len(c.options[last]) < 2000 {
			c.options[last] += " " + strings.TrimSpace(lines[i])
		}
	}
	c.argument, c.body = strings.TrimSpace(strings.Join(words, "\n")), lines[i:]
	return c
}

// directive reads one by its name. One that is not known is read as its
// argument and what it encloses.
func (r *reader) directive(name string, c content, at place) {
	title := r.inline(document.OneLine(c.argument))
	switch name {
	case "code", "code-block", "sourcecode", "parsed-literal", "prompt", "doctest", "testcode", "productionlist", "highlight", "ipython":
		r.literal(name, c)
	case "math":
		r.w.Block(document.Paragraph, 0, "$$"+document.OneLine(c.argument+" "+strings.Join(c.body, " "))+"$$")
	case "figure", "image":
		r.figure(c, at)
	case "table", "csv-table", "list-table", "flat-table":
		r.w.Block(document.Caption, 0, title)
		r.tableOf(name, c, at)
	case "epigraph", "highlights", "pull-quote":
		at.kind = document.Quote
		r.body(append([]string{c.argument, ""}, c.body...), at.inner())
	case "raw", "toctree", "contents", "index", "meta", "include", "literalinclude", "role", "default-role", "sectnum", "header", "footer",
		"target-notes", "tabularcolumns", "currentmodule", "module", "default-domain", "unicode", "date", "replace", "plot", "graphviz", "bibliography":
	case "container", "only", "class", "compound", "rst-class", "ifconfig", "glossary", "cssclass", "grid", "tab-set", "hlist":
		if name == "glossary" || name == "compound" {
			c.body = append(strings.Split(c.argument, "\n"), c.body...)
		}
		r.body(c.body, at.inner())
	default:
		r.told(name, title, c, at)
	}
}

// told reads a note, which begins with its name, or a titled piece of text.
func (r *reader) told(name, title string, c content, at place) {
	switch name {
	case "note", "warning", "tip", "important", "caution", "danger", "error", "hint", "attention", "seealso", "todo",
		"versionadded", "versionchanged", "deprecated":
		r.lead = lead{text: strings.ToUpper(name[:1]) + name[1:] + ": "}
		switch name {
		case "seealso":
			r.lead.text = "See also: "
		case "versionadded":
			r.lead.text = "Added in "
		case "versionchanged":
			r.lead.text = "Changed in "
		}
		c.body = append(append(strings.Split(c.argument, "\n"), ""), c.body...)
		r.body(c.body, at.inner())
		r.lead = lead{}
	default:
		r.paragraph(title, at)
		r.body(c.body, at.inner())
	}
}

// literal reads code. Of some directives the first line is code, too.
func (r *reader) literal(name string, c content) {
	if name == "parsed-literal" || name == "productionlist" || name == "highlight" {
		if name == "highlight" {
			return
		}
		c.body = append(strings.Split(c.argument, "\n"), c.body...)
	}
	r.w.Block(document.Caption, 0, r.inline(c.options["caption"]))
	r.code(c.body)
}

// figure reads what a picture is said to show, its caption and its legend.
func (r *reader) figure(c content, at place) {
	r.paragraph(r.inline(c.options["alt"]), at)
	start := 0
	for start < len(c.body) && c.body[start] == "" {
		start++
	}
	end := untilEmpty(c.body, start)
	caption := strings.Join(c.body[start:end], " ")
	if !explicit.MatchString(caption) {
		r.w.Block(document.Caption, 0, r.inline(caption))
	}
	r.body(c.body[end:], at.inner())
}

// tableOf reads a table that is given as such, as CSV or as lists.
func (r *reader) tableOf(name string, c content, at place) {
	switch name {
	case "table":
		r.body(c.body, at.inner())
	case "csv-table":
		var rows [][]string
		for _, source := range []string{c.options["header"], strings.Join(c.body, "\n")} {
			rows = append(rows, r.records(source, c.options["delim"])...)
		}
		r.w.Table(rows)
	default:
		var rows [][]string
		for _, row := range itemsOf(c.body) {
			var cells []string
			for _, cell := range itemsOf(row) {
				cells = append(cells, r.inline(document.OneLine(strings.Join(cell, " "))))
			}
			rows = append(rows, cells)
		}
		r.w.Table(rows)
	}
}

func (r *reader) records(source, delimiter string) [][]string {
	read := csv.NewReader(strings.NewReader(source))
	read.FieldsPerRecord, read.LazyQuotes, read.TrimLeadingSpace = -1, true, true
	switch delimiter {
	case "tab":
		read.Comma = '\t'
	case ";", "|", ":":
		read.Comma = rune(delimiter[0])
	}
	rows, _ := read.ReadAll() // what was read before a fault
	for _, row := range rows {
		for i, cell := range row {
			row[i] = r.inline(document.OneLine(cell))
		}
	}
	return rows
}

// itemsOf parts the items of a list of bullets.
func itemsOf(lines []string) [][]string {
	var items [][]string
	for _, l := range lines {
		if mark := bullet.FindString(l); mark != "" {
			items = append(items, []string{strings.Repeat(" ", len(mark)) + l[len(mark):]})
		} else if n := len(items); n > 0 {
			items[n-1] = append(items[n-1], l)
		}
	}
	for i := range items {
		items[i] = dedent(items[i])
	}
	return items
}
