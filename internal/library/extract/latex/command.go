package latex

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// command reads a command that begins at i.
func (r *reader) command(src *source, i, to int) int {
	s := src.s
	j := i + 1
	if j >= to {
		return to
	}
	for j < to && (isLetter(s[j]) || s[j] == '@') {
		j++
	}
	if j == i+1 {
		return r.sign(src, i, to)
	}
	name := s[i+1 : j]
	if j < to && s[j] == '*' {
		j++
	}
	spaced := j
	for j < to && (s[j] == ' ' || s[j] == '\t') {
		j++
	}
	if m, ok := r.macros[name]; ok {
		next := r.expand(src, m, j, to)
		if m.arguments == 0 && j > spaced {
			r.text.WriteByte(' ') // swallowed by TeX, and meant by the writer
		}
		return next
	}
	return r.named(src, name, j, to)
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// sign reads a command that is a sign, such as \& or \".
func (r *reader) sign(src *source, i, to int) int {
	s := src.s
	c, size := utf8.DecodeRuneInString(s[i+1 : to])
	next := i + 1 + size
	switch c {
	case '\\':
		r.text.WriteString("\x00")
		if next < to && s[next] == '*' {
			next++
		}
		return skipOption(s, next, to)
	case '(':
		return r.until(s, next, to, `\)`, "$")
	case '[':
		return r.until(s, next, to, `\]`, "$$")
	case '\'', '`', '^', '"', '~', '=', '.':
		return r.accent(src, string(c), next, to)
	case '%', '$', '&', '#', '_', '{', '}':
		r.text.WriteRune(c)
	case '-', '/', '!', '@', ')', ']':
	default:
		r.text.WriteByte(' ')
		if !unicode.IsSpace(c) && c != ',' && c != ';' && c != ':' && c != '>' {
			r.text.WriteRune(c)
		}
	}
	return next
}

// until keeps a formula up to its closing sign.
func (r *reader) until(s string, from, to int, closing, mark string) int {
	if r.endless[closing] {
		return from
	}
	n := strings.Index(s[from:to], closing)
	if n < 0 {
		r.endless[closing] = true
		return from
	}
	r.formula(mark, s[from:from+n])
	return from + n + len(closing)
}

// accent puts an accent on the letter that follows.
func (r *reader) accent(src *source, accent string, i, to int) int {
	marks := map[string]rune{
		"'": 0x301, "`": 0x300, "^": 0x302, `"`: 0x308, "~": 0x303, "=": 0x304, ".": 0x307, "c": 0x327, "v": 0x30C,
		"u": 0x306, "H": 0x30B, "r": 0x30A, "k": 0x328, "d": 0x323, "b": 0x331,
	}
	for i < to && src.s[i] == ' ' {
		i++
	}
	letter := ""
	if from, end, next, ok := group(src, i, to); ok {
		letter, i = strings.TrimSpace(src.s[from:end]), next
	} else if i < to && src.s[i] != '\\' {
		_, size := utf8.DecodeRuneInString(src.s[i:to])
		letter, i = src.s[i:i+size], i+size
	} else if strings.HasPrefix(src.s[i:to], `\i`) || strings.HasPrefix(src.s[i:to], `\j`) {
		letter, i = src.s[i+1:i+2], i+2
	}
	letter = strings.NewReplacer(`\i`, "i", `\j`, "j").Replace(letter)
	first, size := utf8.DecodeRuneInString(letter)
	if letter == "" || !unicode.IsLetter(first) {
		r.text.WriteString(letter)
		return i
	}
	r.text.WriteString(norm.NFC.String(letter[:size]+string(marks[accent])) + letter[size:])
	return i
}

// group gives the argument in braces at i, and what comes after it.
func group(src *source, i, to int) (from, end, next int, ok bool) {
	for i < to && (src.s[i] == ' ' || src.s[i] == '\n' || src.s[i] == '\t') {
		i++
	}
	if i >= to || src.s[i] != '{' || src.match[i] == 0 || int(src.match[i]) >= to {
		return i, i, i, false
	}
	end = int(src.match[i])
	return i + 1, end, end + 1, true
}

// skipOption passes over an argument in brackets.
func skipOption(s string, i, to int) int {
	_, next := option(s, i, to)
	return next
}

// option gives the argument in brackets at i, "" where there is none.
func option(s string, i, to int) (string, int) {
	const most = 2000 // bytes
	if i >= to || s[i] != '[' {
		return "", i
	}
	depth := 0
	for j := i; j < min(to, i+most); j++ {
		switch s[j] {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return s[i+1 : j], j + 1
			}
		}
	}
	return "", i
}

// arguments passes over n arguments in braces and the options before them.
func arguments(src *source, n, i, to int) int {
	i = skipOption(src.s, i, to)
	for range n {
		_, _, next, ok := group(src, i, to)
		if !ok {
			return i
		}
		i = skipOption(src.s, next, to)
	}
	return i
}

// named reads a command by its name.
func (r *reader) named(src *source, name string, i, to int) int {
	if n, ok := r.drop[name]; ok {
		return arguments(src, n, i, to)
	}
	if sign, ok := r.symbols[name]; ok {
		r.text.WriteString(sign)
		return i
	}
	switch name {
	case "begin", "end":
		return r.environment(src, name, i, to)
	case "part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph":
		return r.heading(src, name, i, to)
	case "item":
		return r.item(src, i, to)
	case "bibitem":
		next := arguments(src, 1, i, to)
		r.flush()
		r.kind, r.marker = document.ListItem, "- "
		return next
	case "newcommand", "renewcommand", "providecommand", "def", "DeclareMathOperator", "DeclareRobustCommand", "newenvironment", "renewenvironment":
		return r.define(src, name, i, to)
	case "verb", "lstinline":
		return r.verb(src, i, to)
	case "iffalse":
		if n := strings.Index(src.s[i:to], `\fi`); n >= 0 {
			return i + n + len(`\fi`)
		}
		return i
	case "par":
		r.flush()
		return i
	case "maketitle":
		r.maketitle()
		return i
	case "c", "v", "u", "H", "r", "k", "d", "b":
		if _, _, _, ok := group(src, i, to); ok {
			return r.accent(src, name, i, to)
		}
		return i
	case "footnotetext", "footnote", "thanks", "caption", "captionof", "title", "author", "href", "multicolumn", "multirow":
		return r.argument(src, name, i, to)
	}
	if isReference(name) {
		return r.reference(src, i, to)
	}
	return skipOption(src.s, i, to) // formatting: its argument is text
}

func isReference(name string) bool {
	switch strings.ToLower(name) {
	case "ref", "eqref", "autoref", "cref", "pageref", "nameref", "vref", "subref", "cite", "citep", "citet", "citealp", "citealt", "citeauthor", "citeyear",
		"parencite", "textcite", "autocite", "footcite", "citenum", "onlinecite", "citeyearpar", "labelcref", "fullcite":
		return true
	}
	return false
}

// reference writes the keys that a citation or reference names.
func (r *reader) reference(src *source, i, to int) int {
	for range 2 {
		i = skipOption(src.s, i, to)
	}
	from, end, next, ok := group(src, i, to)
	if ok {
		r.text.WriteString("[" + document.OneLine(src.s[from:end]) + "]")
	}
	return next
}

// argument reads commands whose argument is not just words of the line.
func (r *reader) argument(src *source, name string, i, to int) int {
	for range 2 {
		i = skipOption(src.s, i, to)
	}
	skip := 0
	switch name {
	case "captionof", "href":
		skip = 1
	case "multicolumn", "multirow":
		skip = 2
	}
	for range skip {
		_, _, next, ok := group(src, i, to)
		if !ok {
			return i
		}
		i = skipOption(src.s, next, to)
	}
	from, end, next, ok := group(src, i, to)
	if !ok {
		return i
	}
	text := r.inline(src, from, end)
	switch name {
	case "title":
		if r.title = strings.ReplaceAll(tidy(text), "\n", " "); r.w.Title == "" {
			r.w.Title = r.title
		}
		if r.nested == 0 && !r.made {
			r.maketitle()
		}
	case "author":
		r.authors += "\x01" + text
	case "footnote", "footnotetext", "thanks":
		r.count++
		fmt.Fprintf(&r.text, "[^%d]", r.count)
		r.notes = append(r.notes, fmt.Sprintf("[^%d]: %s", r.count, tidy(text)))
	case "caption", "captionof":
		if r.nested > 0 {
			r.text.WriteString(" " + text + " ")
			break
		}
		r.flush()
		r.w.Block(document.Caption, 0, strings.ReplaceAll(tidy(text), "\n", " "))
	default:
		r.text.WriteString(text)
	}
	return next
}

func (r *reader) heading(src *source, name string, i, to int) int {
	i = skipOption(src.s, i, to)
	from, end, next, ok := group(src, i, to)
	if !ok {
		return i
	}
	level := map[string]int{"part": 2, "chapter": 2, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5, "subparagraph": 6}[name]
	if r.chapters && name != "part" && name != "chapter" {
		level = min(level+1, 6)
	}
	text := strings.ReplaceAll(tidy(r.inline(src, from, end)), "\n", " ")
	if r.nested > 0 {
		r.text.WriteString(text + " ")
		return next
	}
	r.flush()
	r.kind, r.lists = document.Paragraph, nil
	if name == "paragraph" || name == "subparagraph" { // runs on in the line
		r.text.WriteString(text + " ")
		return next
	}
	r.w.Block(document.Heading, level, text)
	return next
}

// define keeps a macro of the file. Those that define others are not kept.
func (r *reader) define(src *source, name string, i, to int) int {
	s := src.s
	var key string
	if from, end, next, ok := group(src, i, to); ok {
		key, i = strings.TrimSpace(s[from:end]), next
	} else if i < to && s[i] == '\\' {
		j := i + 1
		for j < to && (isLetter(s[j]) || s[j] == '@') {
			j++
		}
		key, i = s[i:j], j
	}
	var m macro
	if name == "def" {
		for i < to && s[i] == '#' && i+1 < to {
			m.arguments++
			i += 2
		}
	}
	if n, next := option(s, i, to); next > i {
		m.arguments, _ = strconv.Atoi(n)
		i = next
		if m.standard, next = option(s, i, to); next > i {
			m.optional, i = true, next
		}
	}
	from, end, next, ok := group(src, i, to)
	if !ok {
		return i
	}
	m.body = uncomment(s[from:end])
	if strings.HasSuffix(name, "environment") {
		if _, _, after, ok := group(src, next, to); ok {
			next = after
		}
		return next
	}
	if m.arguments >= 0 && m.arguments <= 9 && len(m.body) < 4000 && !strings.Contains(m.body, "newcommand") && !strings.Contains(m.body, key) && len(r.macros) < 2000 {
		if key = strings.TrimPrefix(key, `\`); !reserved(key) {
			r.macros[key] = m
		}
	}
	return next
}

// reserved reports commands whose new form says less than what we know of them.
func reserved(name string) bool {
	switch name {
	case "begin", "end", "section", "subsection", "item", "footnote", "caption", "cite", "ref", "title", "author", "maketitle", "thefootnote", "label":
		return true
	}
	return false
}

// expand puts a macro's body in the place of its use.
func (r *reader) expand(src *source, m macro, i, to int) int {
	values := make([]string, 0, m.arguments)
	if m.optional {
		v, next := option(src.s, i, to)
		if next == i {
			v = m.standard
		}
		values, i = append(values, v), next
	}
	for len(values) < m.arguments {
		from, end, next, ok := group(src, i, to)
		if !ok {
			break
		}
		values, i = append(values, src.s[from:end]), next
	}
	body := m.body
	for k := m.arguments; k >= 1; k-- {
		v := ""
		if k <= len(values) {
			v = values[k-1]
		}
		if strings.Count(body, "#")*len(v) > mostExpanded {
			return i
		}
		body = strings.ReplaceAll(body, "#"+strconv.Itoa(k), v)
	}
	if r.expanded += len(body) + 16; r.expanded > mostExpanded {
		return i
	}
	r.run(newSource(body), 0, len(body))
	return i
}

// verb keeps what stands between two equal signs.
func (r *reader) verb(src *source, i, to int) int {
	const most = 2000 // bytes
	s := src.s
	i = skipOption(s, i, to)
	if i >= to {
		return to
	}
	if from, end, next, ok := group(src, i, to); ok {
		r.text.WriteString(s[from:end])
		return next
	}
	n := strings.IndexByte(s[i+1:min(to, i+most)], s[i])
	if n < 0 {
		return i
	}
	r.text.WriteString(s[i+1 : i+1+n])
	return i + n + 2
}
