// Package adoc reads AsciiDoc: headings, lists, tables, code, notes and the
// words of its links and macros. Files that a document includes are not read.
package adoc

import (
	"regexp"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

var (
	heading     = regexp.MustCompile(`^(={1,6}|#{1,6})\s+(\S.*?)(\s+=+)?$`)
	attribute   = regexp.MustCompile(`^:(!?[\w-]+!?):(?:\s+(.*))?$`)
	item        = regexp.MustCompile(`^\s*(\*{1,6}|-|\.{1,6}|\d{1,6}\.|[a-zA-Z]\.)\s+(\S.*)$`)
	term        = regexp.MustCompile(`^\s*(\S.*?)(:{2,4}|;;)(?:\s+(.*))?$`)
	blockMacro  = regexp.MustCompile(`^(\w+)::([^\[\s]*)\[(.*)\]\s*$`)
	tableFence  = regexp.MustCompile(`^[|,:!]={3,}$`)
	fence       = regexp.MustCompile("^(-{4,}|\\.{4,}|\\+{4,}|/{4,}|_{4,}|={4,}|\\*{4,}|--|```.*)$")
	footnote    = regexp.MustCompile(`footnote(?:ref)?:[\w-]*\[([^\]]*)\]`)
	macro       = regexp.MustCompile(`(?:\b(?:link|xref|mailto|kbd|btn|menu|image|icon|pass|stem|latexmath|asciimath|indexterm2?|anchor):[^\[\s]*|https?://[^\[\s]+)\[([^\]]*)\]`)
	crossRef    = regexp.MustCompile(`<<([^,>]+)(?:,([^>]+))?>>`)
	anchor      = regexp.MustCompile(`\[\[[^\]]+\]\]`)
	substituted = regexp.MustCompile(`\{([\w-]{1,60})\}`)
	strong      = regexp.MustCompile("(^|[\\s(\\[\"'>,;])([*_`#+]{1,2})([^\\s*_`#+](?:[^*_`#+]*[^\\s*_`#+])?)([*_`#+]{1,2})")
	cellStart   = regexp.MustCompile(`(?:^|\s)(?:(\d{1,3})?(?:\.\d{1,3})?[+*])?(?:[<^>](?:\.[<^>])?|\.[<^>])?[aehlmsdv]?\|`)
)

// Read reads an AsciiDoc file.
func Read(w *document.Writer, in document.Input) error {
	text, err := document.ReadWhole(in.Path, w.Limits)
	if err != nil {
		return err //nolint:wrapcheck // it names what it did
	}
	r := &reader{w: w, attributes: map[string]string{}}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines) && w.Err() == nil; {
		i = r.line(lines, i)
	}
	r.flush()
	return w.Err()
}

type reader struct {
	w          *document.Writer
	attributes map[string]string
	paragraph  []string
	kind       document.BlockKind
	level      int
	marker     string
	quoted     bool
	notes      []string
	headed     bool
}

// line reads what begins at line i and gives the next line to read.
func (r *reader) line(lines []string, i int) int {
	l := strings.TrimRight(lines[i], " \t\r")
	trimmed := strings.TrimSpace(l)
	switch {
	case trimmed == "" || trimmed == "+":
		r.flush()
	case strings.HasPrefix(l, "//") && !strings.HasPrefix(l, "///"):
	case tableFence.MatchString(trimmed):
		return r.table(lines, i)
	case fence.MatchString(l) && (l != "--" || len(r.paragraph) == 0):
		return r.fenced(lines, i, l)
	case attribute.MatchString(l):
		m := attribute.FindStringSubmatch(l)
		if len(r.attributes) < 2000 {
			r.attributes[m[1]] = m[2]
		}
		if m[1] == "lang" {
			r.w.Language = m[2]
		}
	case strings.HasPrefix(l, "[") && strings.HasSuffix(l, "]") && len(r.paragraph) == 0:
		r.quoted = strings.HasPrefix(l, "[quote") || strings.HasPrefix(l, "[verse")
	case heading.MatchString(l) && len(r.paragraph) == 0:
		return r.heading(lines, i)
	case blockMacro.MatchString(l):
		r.macro(blockMacro.FindStringSubmatch(l))
	case len(l) > 1 && l[0] == '.' && l[1] != '.' && l[1] != ' ' && len(r.paragraph) == 0:
		r.w.Block(document.Caption, 0, r.inline(l[1:]))
	default:
		r.words(l, trimmed)
	}
	return i + 1
}

func (r *reader) heading(lines []string, i int) int {
	m := heading.FindStringSubmatch(strings.TrimRight(lines[i], " \t\r"))
	title := r.inline(m[2])
	if len(m[1]) == 1 && r.w.Title == "" {
		r.w.Title = title
	}
	r.w.Block(document.Heading, len(m[1]), title)
	if len(m[1]) > 1 || r.headed {
		return i + 1
	}
	r.headed = true
	// The author and the revision follow the title at once.
	for n := 0; n < 2 && i+1 < len(lines); n++ {
		next := strings.TrimSpace(lines[i+1])
		if next == "" || strings.HasPrefix(next, ":") || strings.HasPrefix(next, "//") {
			break
		}
		if n == 0 {
			name, _, _ := strings.Cut(next, "<")
			r.w.Meta("author", name)
		}
		r.w.Block(document.Paragraph, 0, next)
		i++
	}
	return i + 1
}

func (r *reader) macro(m []string) {
	r.flush()
	switch m[1] {
	case "image", "video", "audio":
		alt, _, _ := strings.Cut(m[3], ",")
		if !strings.Contains(alt, "=") {
			r.w.Block(document.Paragraph, 0, document.Picture(strings.Trim(alt, `"`)))
		}
	case "include", "ifdef", "ifndef", "ifeval", "endif", "toc":
	default:
		r.w.Block(document.Paragraph, 0, r.inline(m[3]))
	}
}

// words adds a line of a paragraph or begins an item.
func (r *reader) words(l, trimmed string) {
	if m := item.FindStringSubmatch(l); m != nil {
		r.flush()
		r.kind, r.level, r.marker = document.ListItem, 1, "- "
		if m[1][0] == '*' || m[1][0] == '.' {
			r.level = len(m[1])
		}
		if m[1] != "-" && m[1][0] != '*' {
			r.marker = "1. "
		}
		r.paragraph = []string{m[2]}
		return
	}
	if m := term.FindStringSubmatch(l); m != nil && len(r.paragraph) == 0 {
		r.w.Item(1, "- "+r.inline(m[1]))
		if m[3] != "" {
			r.kind, r.level, r.marker = document.ListItem, 2, "- "
			r.paragraph = []string{m[3]}
		}
		return
	}
	if (l[0] == ' ' || l[0] == '\t') && len(r.paragraph) == 0 {
		r.kind = document.Code // an indented line is literal
	}
	if r.kind == document.Code {
		r.paragraph = append(r.paragraph, l)
		return
	}
	if line, broken := strings.CutSuffix(trimmed, " +"); broken {
		trimmed = line + "\x00"
	}
	r.paragraph = append(r.paragraph, trimmed)
}

func (r *reader) flush() {
	if len(r.paragraph) > 0 {
		switch r.kind {
		case document.Code:
			r.w.Block(document.Code, 0, strings.Join(r.paragraph, "\n"))
		case document.ListItem:
			r.w.Item(r.level, strings.Repeat("  ", r.level-1)+r.marker+r.inline(strings.Join(r.paragraph, " ")))
		default:
			kind := document.Paragraph
			if r.quoted {
				kind = document.Quote
			}
			r.w.Block(kind, 0, r.inline(strings.Join(r.paragraph, " ")))
		}
	}
	r.paragraph, r.kind = nil, document.Paragraph
	for _, n := range r.notes {
		r.w.Block(document.Footnote, 0, n)
	}
	r.notes = nil
}

// fenced reads a block between two equal lines.
func (r *reader) fenced(lines []string, i int, mark string) int {
	closing := mark
	if strings.HasPrefix(mark, "```") {
		closing = "```"
	}
	switch mark[0] {
	case '-', '.', '+', '/', '`':
		if mark == "--" {
			r.flush()
			return i + 1
		}
	case '_':
		r.flush()
		r.quoted = !r.quoted
		return i + 1
	default: // what it encloses is read as if it stood alone
		r.flush()
		return i + 1
	}
	r.flush()
	end := i + 1
	for end < len(lines) && strings.TrimRight(lines[end], " \t\r") != closing {
		end++
	}
	if mark[0] != '/' {
		r.w.Block(document.Code, 0, strings.Trim(strings.Join(lines[i+1:end], "\n"), "\n"))
	}
	return end + 1
}

// table reads the cells between two fences. How many make a row, the first
// line or the table's own layout tells.
func (r *reader) table(lines []string, i int) int {
	const most = 200 // columns
	r.flush()
	mark := strings.TrimSpace(lines[i])
	columns := 0
	if i > 0 {
		columns = columnsOf(lines[i-1])
	}
	var cells []string
	end := i + 1
	for ; end < len(lines) && strings.TrimSpace(lines[end]) != mark; end++ {
		l := strings.TrimSpace(lines[end])
		switch {
		case l == "" || strings.HasPrefix(l, "//"):
		case mark[0] == ',' || mark[0] == ':':
			cells = append(cells, strings.Split(l, mark[:1])...)
		case !strings.Contains(l, "|") && len(cells) > 0:
			if len(cells[len(cells)-1]) < 10_000 {
				cells[len(cells)-1] += " " + l
			}
			continue
		default:
			cells = appendCells(cells, l)
		}
		if columns == 0 && len(cells) > 0 {
			columns = len(cells)
		}
	}
	columns = min(max(columns, 1), most)
	var rows [][]string
	for start := 0; start < len(cells); start += columns {
		var row []string
		for _, c := range cells[start:min(start+columns, len(cells))] {
			row = append(row, r.inline(c))
		}
		rows = append(rows, row)
	}
	r.w.Table(rows)
	return end + 1
}

var columnsAttribute = regexp.MustCompile(`cols="?([^"\]]*)"?`)

// columnsOf counts the columns that a line of attributes names.
func columnsOf(line string) int {
	m := columnsAttribute.FindStringSubmatch(line)
	if m == nil {
		return 0
	}
	n := 0
	for part := range strings.FieldsFuncSeq(m[1], func(c rune) bool { return c == ',' || c == ';' }) {
		times := 0
		for _, c := range strings.TrimSpace(part) {
			if c == '*' {
				n += max(min(times, 200)-1, 0)
			}
			if c < '0' || c > '9' || times > 200 {
				break
			}
			times = times*10 + int(c-'0')
		}
		n++
	}
	return n
}

// appendCells splits a line at the bars that begin cells.
func appendCells(cells []string, l string) []string {
	at := cellStart.FindAllStringSubmatchIndex(l, 1000)
	for k, m := range at {
		end := len(l)
		if k+1 < len(at) {
			end = at[k+1][0]
		}
		cells = append(cells, strings.TrimSpace(l[m[1]:max(end, m[1])]))
	}
	return cells
}

// inline takes the marks out of a line.
func (r *reader) inline(s string) string {
	s = substituted.ReplaceAllStringFunc(s, func(m string) string {
		if v, ok := r.attributes[m[1:len(m)-1]]; ok && len(v) < 500 {
			return v
		}
		return m
	})
	s = footnote.ReplaceAllStringFunc(s, func(m string) string {
		if text := footnote.FindStringSubmatch(m)[1]; text != "" && len(r.notes) < 1000 {
			r.notes = append(r.notes, text)
		}
		return ""
	})
	s = macro.ReplaceAllStringFunc(s, func(m string) string {
		text, _, _ := strings.Cut(macro.FindStringSubmatch(m)[1], ",")
		if text = strings.TrimSuffix(text, "^"); text == "" {
			text = strings.TrimSuffix(m, "[]")
		}
		return text
	})
	s = crossRef.ReplaceAllStringFunc(s, func(m string) string {
		if p := crossRef.FindStringSubmatch(m); p[2] != "" {
			return p[2]
		}
		return strings.Trim(m, "<>")
	})
	s = anchor.ReplaceAllString(s, "")
	for range 3 { // marks within marks
		s = strong.ReplaceAllString(s, "$1$3")
	}
	var out []string
	for line := range strings.SplitSeq(s, "\x00") {
		out = append(out, document.OneLine(line))
	}
	return strings.Join(out, "\n")
}
