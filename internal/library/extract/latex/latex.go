// Package latex reads LaTeX: the words of a paper with its chapters, lists,
// tables, captions, notes and formulas.
//
// It is no TeX: it knows the commands that people write in documents, expands
// the simple macros of the file itself, and takes the rest for formatting.
// Nothing outside the file is read.
package latex

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/plain"
)

const (
	// longest is the longest file that is read as LaTeX, not as plain text.
	longest = 32 << 20
	// deepest is how deep arguments and environments are followed.
	deepest = 40
	// mostExpanded bounds what macros make of a file, in bytes.
	mostExpanded = 4 << 20
)

// Read reads a LaTeX file.
func Read(w *document.Writer, in document.Input) error {
	text, err := document.ReadWhole(in.Path, w.Limits)
	if err != nil {
		return err //nolint:wrapcheck // it names what it did
	}
	if len(text) > longest {
		return plain.Text(w, in) //nolint:wrapcheck // it names what it did
	}
	r := &reader{w: w, macros: map[string]macro{}, endless: map[string]bool{}, names: environments(), drop: dropped(), symbols: symbols()}
	r.chapters = strings.Contains(text, `\chapter`)
	body := strings.Index(text, `\begin{document}`)
	if body >= 0 {
		r.preamble(newSource(text[:body]))
		text = text[body+len(`\begin{document}`):]
	}
	if end := strings.Index(text, `\end{document}`); end >= 0 {
		text = text[:end]
	}
	src := newSource(text)
	r.made = strings.Contains(text, `\maketitle`)
	if r.title != "" {
		r.maketitle()
	}
	r.run(src, 0, len(text))
	r.flush()
	return w.Err()
}

// source is text with the places of the braces that close others.
type source struct {
	s     string
	match []int32 // for each {, where its } stands; 0 for none
}

func newSource(s string) *source {
	src := &source{s: s, match: make([]int32, len(s)+1)}
	var open []int
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '%':
			for i+1 < len(s) && s[i+1] != '\n' {
				i++
			}
		case '{':
			open = append(open, i)
		case '}':
			if n := len(open); n > 0 {
				src.match[open[n-1]] = int32(i)
				open = open[:n-1]
			}
		}
	}
	return src
}

type macro struct {
	arguments int
	optional  bool
	standard  string // the value of an optional argument
	body      string
}

// reader holds what is gathered while a file is read.
type reader struct {
	w        *document.Writer
	macros   map[string]macro
	names    map[string]kind
	drop     map[string]int
	symbols  map[string]string
	endless  map[string]bool // environments whose end is not in the file
	chapters bool
	made     bool // a title page is asked for
	title    string
	authors  string

	text     strings.Builder
	kind     document.BlockKind
	level    int
	marker   string
	lists    []listState
	notes    []string
	count    int // of notes
	nested   int // within text that is no block of its own
	depth    int
	expanded int
}

type listState struct {
	numbered bool
	number   int
}

// preamble takes the title, the authors and the macros.
func (r *reader) preamble(src *source) {
	r.nested++
	r.run(src, 0, len(src.s))
	r.nested--
	r.text.Reset()
}

// maketitle writes what stands on the title page.
func (r *reader) maketitle() {
	if r.title != "" {
		r.flush()
		r.w.Block(document.Heading, 1, r.title)
		r.title = ""
	}
	if r.authors != "" {
		for part := range strings.SplitSeq(r.authors, "\x01") {
			r.w.Block(document.Paragraph, 0, tidy(part))
		}
		r.w.Meta("author", tidy(strings.ReplaceAll(r.authors, "\x01", ", ")))
		r.authors = ""
	}
	r.writeNotes()
}

// flush ends a block.
func (r *reader) flush() {
	if r.nested > 0 {
		r.text.WriteByte(' ')
		return
	}
	text := tidy(r.text.String())
	r.text.Reset()
	if text != "" {
		if r.kind == document.ListItem {
			r.w.Item(max(len(r.lists), 1), strings.Repeat("  ", max(len(r.lists)-1, 0))+r.marker+text)
			r.marker = ""
		} else {
			r.w.Block(r.kind, r.level, text)
		}
	}
	r.writeNotes()
}

func (r *reader) writeNotes() {
	notes := r.notes
	r.notes = nil
	for _, n := range notes {
		r.w.Block(document.Footnote, 0, n)
	}
}

// tidy joins white space; a forced line end (NUL in our runs) stays one.
func tidy(s string) string {
	var kept []string
	for line := range strings.SplitSeq(s, "\x00") {
		if line = document.OneLine(line); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// inline gives the words of a part of the source, which is no block.
func (r *reader) inline(src *source, from, to int) string {
	held := r.text.String()
	r.text.Reset()
	r.nested++
	r.run(src, from, to)
	r.nested--
	text := r.text.String()
	r.text.Reset()
	r.text.WriteString(held)
	return text
}

// run reads a part of the source.
func (r *reader) run(src *source, from, to int) {
	if r.depth++; r.depth <= deepest {
		for i := from; i < to && r.w.Err() == nil; {
			i = r.step(src, i, to)
		}
	}
	r.depth--
}

// step reads what stands at i and gives where to go on.
func (r *reader) step(src *source, i, to int) int {
	s := src.s
	switch c := s[i]; c {
	case '\\':
		return r.command(src, i, to)
	case '%':
		end := strings.IndexByte(s[i:to], '\n')
		if end < 0 {
			return to
		}
		for i += end + 1; i < to && (s[i] == ' ' || s[i] == '\t'); i++ {
		}
		return i
	case '{', '}':
		return i + 1
	case '$':
		return r.dollars(s, i, to)
	case '~':
		r.text.WriteByte(' ')
	case '&':
		r.text.WriteByte(' ')
	case '\n':
		j := i + 1
		for j < to && (s[j] == ' ' || s[j] == '\t' || s[j] == '\r') {
			j++
		}
		r.text.WriteByte('\n')
		if j < to && s[j] == '\n' {
			r.flush()
			return j
		}
	case '`', '\'', '-':
		for _, p := range [][2]string{{"``", "“"}, {"''", "”"}, {"---", "—"}, {"--", "–"}} {
			if strings.HasPrefix(s[i:to], p[0]) {
				r.text.WriteString(p[1])
				return i + len(p[0])
			}
		}
		r.text.WriteByte(c)
	default:
		end := strings.IndexAny(s[i:to], "\\%{}$~&\n`'-")
		if end < 0 {
			end = to - i
		}
		r.text.WriteString(s[i : i+end])
		return i + end
	}
	return i + 1
}

// dollars keeps a formula between dollar signs as it stands.
func (r *reader) dollars(s string, i, to int) int {
	const most = 20_000 // bytes of a formula
	mark := "$"
	if strings.HasPrefix(s[i:to], "$$") {
		mark = "$$"
	}
	start := i + len(mark)
	limit := min(to, start+most)
	end := start
	for {
		n := strings.Index(s[min(end, limit):limit], mark)
		if n < 0 {
			r.text.WriteString(mark)
			return start
		}
		end += n
		if end == start || s[end-1] != '\\' {
			break
		}
		end += len(mark)
	}
	r.formula(mark, s[start:end])
	return end + len(mark)
}

// formula writes a formula: in the line, or as a paragraph of its own.
func (r *reader) formula(mark, body string) {
	body = mark + document.OneLine(uncomment(body)) + mark
	if mark == "$" || r.nested > 0 {
		r.text.WriteString(body)
		return
	}
	r.flush()
	r.text.WriteString(body)
	r.flush()
}

func uncomment(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var sb strings.Builder
	for line := range strings.Lines(s) {
		for at := 0; ; {
			n := strings.IndexByte(line[at:], '%')
			if n < 0 {
				break
			}
			if at += n; at == 0 || line[at-1] != '\\' {
				line = line[:at] + "\n"
				break
			}
			at++
		}
		sb.WriteString(line)
	}
	return sb.String()
}
