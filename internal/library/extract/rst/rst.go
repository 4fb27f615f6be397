// Package rst reads reStructuredText: headings, lists, tables, code, notes,
// captions and the words of its roles and links. Files that a document
// includes are not read.
package rst

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

var (
	bullet         = regexp.MustCompile(`^[-*+•‣⁃](?: +|$)`)
	enumerator     = regexp.MustCompile(`^\(?(?:\d{1,6}|#|[a-zA-Z]|[ivxlcdmIVXLCDM]{1,9})[.)](?: +|$)`)
	field          = regexp.MustCompile(`^:([^:\s][^:]{0,200}):(?: +|$)`)
	option         = regexp.MustCompile(`^(?:--?|/)[\w?][^ ]*(?: <?[\w.=-]+>?)?(?:, (?:--?|/)[\w?][^ ]*(?: <?[\w.=-]+>?)?)*(?:  +|$)`)
	explicit       = regexp.MustCompile(`^\.\.(?: +|$)`)
	doctest        = regexp.MustCompile(`^>>>(?: |$)`)
	underlined     = regexp.MustCompile(`(?m)^\S.{0,200}\r?\n(?:={3,}|-{3,}|~{3,}|\*{3,}|\^{3,}|#{3,})\r?\n`)
	lineBlock      = regexp.MustCompile(`^\|(?: |$)`)
	knownDirective = regexp.MustCompile(`(?m)^\.\. (?:note|warning|image|figure|code|code-block|contents|toctree|math|table|list-table|csv-table|include|literalinclude|\w+:function|function|versionadded|seealso|highlight|raw)::`)
)

// deepest is how far blocks are read within blocks; what lies deeper is text.
const deepest = 30

// Read reads a reStructuredText file.
func Read(w *document.Writer, in document.Input) error {
	text, err := document.ReadWhole(in.Path, w.Limits)
	if err != nil {
		return err //nolint:wrapcheck // it names what it did
	}
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.Contains(l, "\t") {
			l = expandTabs(l)
		}
		lines[i] = strings.TrimRight(l, " ")
	}
	r := &reader{w: w, replaced: replacements(lines), levels: map[string]int{}, first: true}
	r.body(lines, place{})
	return w.Err()
}

// Identify reports text that can hardly be anything else: it has an underlined
// heading and a directive of a known name.
func Identify(head []byte) bool {
	return underlined.Match(head) && knownDirective.Match(head)
}

// expandTabs puts spaces up to every eighth column.
func expandTabs(l string) string {
	const stop = 8
	var b strings.Builder
	column := 0
	for _, c := range l {
		if c != '\t' {
			b.WriteRune(c)
			column++
			continue
		}
		n := stop - column%stop
		b.WriteString(strings.Repeat(" ", n))
		column += n
	}
	return b.String()
}

// reader writes what a document says.
type reader struct {
	w        *document.Writer
	replaced map[string]string // what |names| stand for
	levels   map[string]int    // of headings, by how they are adorned
	expanded int               // bytes that names were replaced by
	lead     lead
	first    bool // nothing but the title was read: its fields are the document's
}

// lead is what the next paragraph begins with: an item's mark, or a note's
// name.
type lead struct {
	text string
	item bool
}

// place says where a block stands.
type place struct {
	depth int // blocks around it
	list  int // lists around it
	kind  document.BlockKind
}

func (p place) inner() place { p.depth++; return p }

// body reads the blocks of lines that begin at the left margin.
func (r *reader) body(lines []string, at place) {
	for i := 0; i < len(lines) && r.w.Err() == nil; {
		i = r.block(lines, i, at)
		if at.depth == 0 {
			r.w.Report(i, len(lines), "lines")
		}
	}
}

// block reads the block at line i and gives the line after it.
func (r *reader) block(lines []string, i int, at place) int {
	l := lines[i]
	if l == "" {
		return i + 1
	}
	if at.depth >= deepest {
		r.paragraph(strings.TrimSpace(l), at)
		return i + 1
	}
	if n := r.section(lines, i, at); n > 0 {
		return n
	}
	if field.MatchString(l) {
		return r.field(lines, i, at)
	}
	if n := r.structure(lines, i, at); n > 0 {
		r.first = false
		return n
	}
	r.first = false
	if n := r.item(lines, i, at); n > 0 {
		return n
	}
	return r.words(lines, i, at)
}

// structure reads what is no text of paragraphs or lists, 0 where there is
// none.
func (r *reader) structure(lines []string, i int, at place) int {
	l := lines[i]
	switch {
	case l[0] == ' ':
		end := indented(lines, i)
		inner := at.inner()
		inner.kind = document.Quote
		r.body(dedent(lines[i:end]), inner)
		return end
	case explicit.MatchString(l):
		end := indented(lines, i+1)
		r.explicit(lines[i:end], at)
		return end
	case strings.HasPrefix(l, "__ "):
		return i + 1 // where a link without a name leads
	case doctest.MatchString(l):
		end := untilEmpty(lines, i)
		r.code(lines[i:end])
		return end
	case lineBlock.MatchString(l):
		return r.lineBlock(lines, i, at)
	case gridBorder.MatchString(l):
		return r.gridTable(lines, i)
	case simpleBorder.MatchString(l):
		return r.simpleTable(lines, i, at)
	}
	return 0
}

// section reads a heading or a line between sections, 0 where there is none.
func (r *reader) section(lines []string, i int, at place) int {
	if at.depth > 0 {
		return 0
	}
	char := adornment(lines[i])
	next := func(n int) string {
		if i+n < len(lines) {
			return lines[i+n]
		}
		return ""
	}
	switch {
	case char != 0 && next(1) != "" && next(2) == lines[i] && adornment(next(1)) == 0:
		r.heading(string([]byte{char, char}), strings.TrimSpace(next(1)))
		return i + 3
	case char != 0 && len(lines[i]) >= 4 && next(1) == "":
		return i + 1
	case lines[i][0] == ' ' || char != 0 || adornment(next(1)) == 0:
		return 0
	}
	if under := len(next(1)); under < 4 && under < utf8.RuneCountInString(lines[i]) {
		return 0
	}
	r.heading(string(adornment(next(1))), lines[i])
	return i + 2
}

// adornment gives the sign that a line repeats, 0 where it does not.
func adornment(l string) byte {
	if len(l) < 2 || !strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", rune(l[0])) || strings.Trim(l, l[:1]) != "" {
		return 0
	}
	if l == "::" || l == ".." {
		return 0
	}
	return l[0]
}

func (r *reader) heading(style, title string) {
	const lowest = 6
	level, known := r.levels[style]
	if !known {
		level = min(len(r.levels)+1, lowest)
		r.levels[style] = level
	}
	title = r.inline(title)
	r.first = r.w.Offset() == 0
	if level == 1 && r.w.Title == "" {
		r.w.Title = title
	}
	r.w.Block(document.Heading, level, title)
}

// words reads a paragraph, a term with its meaning, or lines that are quoted.
func (r *reader) words(lines []string, i int, at place) int {
	end := i + 1
	for end < len(lines) && lines[end] != "" && lines[end][0] != ' ' {
		end++
	}
	if end == i+1 && end < len(lines) && lines[end] != "" && !strings.HasSuffix(lines[i], "::") {
		term, _, _ := strings.Cut(lines[i], " : ")
		meaning := indented(lines, end)
		r.list(r.inline(term), dedent(lines[end:meaning]), at)
		return meaning
	}
	text := strings.Join(lines[i:end], " ")
	if !strings.HasSuffix(text, "::") {
		r.paragraph(r.inline(text), at)
		return end
	}
	text = strings.TrimSuffix(text, ":")
	if cut := strings.TrimSuffix(text, ":"); cut == "" || strings.HasSuffix(cut, " ") {
		text = cut
	}
	r.paragraph(r.inline(text), at)
	return r.literalBlock(lines, end)
}

// literalBlock reads the code that two colons announce: indented, or each line
// quoted by the same sign.
func (r *reader) literalBlock(lines []string, end int) int {
	start := end
	for start < len(lines) && lines[start] == "" {
		start++
	}
	switch {
	case start == len(lines):
		return start
	case lines[start][0] == ' ':
		end = indented(lines, start)
		r.code(dedent(lines[start:end]))
	case adornment(lines[start][:1]+lines[start][:1]) != 0:
		for end = start; end < len(lines) && lines[end] != "" && lines[end][0] == lines[start][0]; {
			end++
		}
		r.code(lines[start:end])
	}
	return end
}

// paragraph writes text that needs no further reading.
func (r *reader) paragraph(text string, at place) {
	if strings.TrimSpace(text) == "" {
		return
	}
	begins := r.lead
	r.lead = lead{}
	if begins.item {
		r.w.Item(at.list, strings.Repeat("  ", max(at.list-1, 0))+begins.text+text)
		return
	}
	r.w.Block(at.kind, 0, begins.text+text)
}

func (r *reader) code(lines []string) {
	r.w.Block(document.Code, 0, strings.Trim(strings.Join(lines, "\n"), "\n"))
}

// lineBlock reads lines that stay lines.
func (r *reader) lineBlock(lines []string, i int, at place) int {
	var text []string
	for ; i < len(lines) && lines[i] != ""; i++ {
		switch {
		case lineBlock.MatchString(lines[i]):
			text = append(text, r.inline(strings.TrimSpace(lines[i][1:])))
		case lines[i][0] == ' ' && len(text) > 0:
			text = append(text, r.inline(strings.TrimSpace(lines[i])))
		default:
			r.paragraph(strings.Join(text, "\n"), at)
			return i
		}
	}
	r.paragraph(strings.Join(text, "\n"), at)
	return i
}

// indented gives the end of the lines from i on that are indented or empty,
// without empty ones at the end.
func indented(lines []string, i int) int {
	end := i
	for ; i < len(lines) && (lines[i] == "" || lines[i][0] == ' '); i++ {
		if lines[i] != "" {
			end = i + 1
		}
	}
	return end
}

func untilEmpty(lines []string, i int) int {
	for i < len(lines) && lines[i] != "" {
		i++
	}
	return i
}

// dedent takes the indentation that all lines share.
func dedent(lines []string) []string {
	shared := -1
	for _, l := range lines {
		if n := len(l) - len(strings.TrimLeft(l, " ")); l != "" && (shared < 0 || n < shared) {
			shared = n
		}
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l[min(max(shared, 0), len(l)):]
	}
	return out
}
