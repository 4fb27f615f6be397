package code

import (
	"bytes"
	"regexp"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// scopeKind is what a bracket holds.
type scopeKind uint8

const (
	opaque      scopeKind = iota // nothing that is looked into
	container                    // definitions under its name
	transparent                  // definitions, as if it were not there
	function
)

// bracket is one that is open.
type bracket struct {
	open   byte
	kind   scopeKind
	name   string // of the container with those around it
	header document.Span
	margin bool // what it belongs to begins at the start of a line
	late   int  // the definition that is named behind the bracket, as by typedef, or -1
}

// braceFinder reads masked source of a language with braces.
type braceFinder struct {
	src     string
	masked  []byte
	words   *braceWords
	defs    []definition
	stack   []bracket
	stmt    int  // where the statement that is being read begins, or -1
	floor   int  // where the one before ended
	between bool // code that defines nothing has a block open
}

// deepest bounds how many brackets are remembered.
const deepest = 1000

func findInBraces(src string, masked []byte, words *braceWords) []definition {
	f := &braceFinder{src: src, masked: masked, words: words, stmt: -1, between: true}
	for i := 0; i < len(masked); i++ {
		switch c := masked[i]; c {
		case '(', '[', '{':
			f.opens(i, c)
		case ')', ']', '}':
			f.closes(i, c)
		case ' ', '\t', '\r', inMacro:
		case '\n':
			if f.stmt >= 0 && f.outside() && f.words.lines && f.endsAt(i) {
				f.statement(i)
			}
		case ';', ',':
			if f.outside() && (c == ';' || f.words.commas) {
				f.statement(i + 1)
			}
		default:
			if f.stmt < 0 && f.outside() {
				f.stmt = i
			}
		}
	}
	f.statement(len(masked))
	return f.defs
}

// outside reports a place where definitions stand.
func (f *braceFinder) outside() bool {
	return len(f.stack) == 0 || f.top().kind == container || f.top().kind == transparent
}

func (f *braceFinder) top() *bracket { return &f.stack[len(f.stack)-1] }

// around gives the container that is open.
func (f *braceFinder) around() (name string, header document.Span) {
	for i := len(f.stack) - 1; i >= 0; i-- {
		if f.stack[i].kind == container {
			return f.stack[i].name, f.stack[i].header
		}
	}
	return "", document.Span{}
}

func (f *braceFinder) opens(i int, c byte) {
	b := bracket{open: c, late: -1}
	if f.outside() {
		if f.stmt < 0 {
			f.stmt = i
		}
		if c == '{' {
			b = f.classified(i)
		} else if f.words.wraps(f.masked[f.stmt : i+1]) {
			b.kind, f.stmt = transparent, -1 // its content follows
		}
	}
	if len(f.stack) < deepest {
		f.stack = append(f.stack, b)
	}
}

// classified tells what a brace holds by the words before it.
func (f *braceFinder) classified(i int) bracket {
	b := bracket{open: '{', late: -1, margin: f.stmt == 0 || f.src[f.stmt-1] == '\n'}
	if i-f.stmt > 8000 {
		return b
	}
	outer, _ := f.around()
	name, kind := f.words.classify(f.masked[f.stmt:i], outer != "")
	b.kind = kind
	switch kind {
	case opaque:
		if f.words.typedef && bytes.HasPrefix(f.masked[f.stmt:i], []byte("typedef")) {
			b.late = len(f.defs)
			b.kind = container
			f.define(i, "", true)
		}
	case transparent:
		f.stmt, f.floor = -1, i+1
	default:
		b.header = f.define(i, name, kind == container)
		b.name = f.defs[len(f.defs)-1].symbol
	}
	if kind == container {
		f.stmt = -1
	}
	return b
}

// define adds a definition whose header ends at i.
func (f *braceFinder) define(i int, name string, holds bool) document.Span {
	outer, _ := f.around()
	if outer != "" && name != "" {
		name = outer + "." + name
	}
	header := signature(f.src, f.stmt, i)
	f.defs = append(f.defs, definition{attachedFrom(f.src, f.masked, f.stmt, f.floor), name, header})
	f.between = holds
	f.stmt = -1
	return header
}

func (f *braceFinder) closes(i int, c byte) {
	open := map[byte]byte{')': '(', ']': '[', '}': '{'}[c]
	at := len(f.stack) - 1
	for at >= 0 && f.stack[at].open != open {
		at--
	}
	if at < 0 || c != '}' && at != len(f.stack)-1 {
		return
	}
	if c == '}' && (i == 0 || f.src[i-1] == '\n') { // what is at the margin ends what began there
		for at > 0 && f.stack[at].kind != container && f.stack[at].kind != transparent && !f.stack[at].margin {
			at--
		}
	}
	b := f.stack[at]
	if f.outside() {
		f.statement(i)
	}
	f.stack = f.stack[:at]
	switch {
	case b.late >= 0:
		if m := latePattern.FindSubmatch(f.masked[i+1 : min(len(f.masked), i+200)]); m != nil && b.late < len(f.defs) {
			f.defs[b.late].symbol = string(m[1])
		}
		f.tail(i)
	case b.kind == container || b.kind == function:
		f.tail(i)
	case b.kind == transparent:
		f.stmt, f.floor = -1, i+1
	case c == '}' && f.stmt >= 0 && f.outside() && !f.words.lines && bytes.IndexByte(f.masked[f.stmt:i], '=') < 0:
		if f.masked[f.stmt] == '{' { // the body behind a constructor's braces
			f.stmt = -1
		}
		f.statement(i + 1) // a block of its own, such as that of an if
	}
}

var latePattern = regexp.MustCompile(`^\s*\**\s*(?:__attribute__\s*\(\(.*?\)\)\s*)?([A-Za-z_]\w*)`)

// tail ends a definition at its brace; what follows on the line is its own.
func (f *braceFinder) tail(i int) {
	f.stmt, f.between, f.floor = -1, false, i+1
	for j := i + 1; j < len(f.masked) && f.masked[j] != '\n' && f.masked[j] != '}'; j++ {
		if c := f.masked[j]; c == ';' || c == '{' || c == '(' {
			return
		}
		if f.masked[j] != ' ' && f.words.typedef {
			f.masked[j] = ' '
		}
	}
}

// statement ends one that has no braces of its own.
func (f *braceFinder) statement(end int) {
	if f.stmt < 0 {
		f.floor = end
		return
	}
	outer, header := f.around()
	name := ""
	if end-f.stmt < 8000 {
		name = f.words.bodiless(f.masked[f.stmt:end], outer != "")
	}
	switch {
	case name != "":
		f.define(end, name, false)
	case !f.between:
		f.defs = append(f.defs, definition{attachedFrom(f.src, f.masked, f.stmt, f.floor), outer, header})
		f.between = true
	}
	f.stmt, f.floor = -1, end
}

// endsAt reports whether a statement ends with its line, in a language that
// needs no semicolons.
func (f *braceFinder) endsAt(i int) bool {
	if i-f.stmt > 8000 {
		return true
	}
	line := bytes.TrimRight(f.masked[f.stmt:i], " \t\r\n")
	if len(line) == 0 || bytes.IndexByte([]byte(",=(+-*/%&|?:."), line[len(line)-1]) >= 0 || bytes.HasSuffix(line, []byte("=>")) {
		return false
	}
	next := bytes.TrimLeft(f.masked[i:min(len(f.masked), i+2000)], " \t\r\n")
	if goesOnPattern.Match(next[:min(len(next), 20)]) {
		return false
	}
	return !annotationPattern.Match(line)
}

var (
	goesOnPattern     = regexp.MustCompile(`^(?:[{.:?=,)&|]|where\b|extends\b|implements\b|throws\b|with\b)`)
	annotationPattern = regexp.MustCompile(`^(?:(?:@[\w.:]+(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?|export|default|public|private|internal|static|override|async|inline)\s*)+$`)
)

// braceLanguage gives the words of a language whose definitions are found by
// braces.
func braceLanguage(language string, masked []byte) (*braceWords, bool) {
	if language == "scala" && indentedScala.Match(masked) {
		return nil, false
	}
	w := wordsOf(language)
	return w, w != nil
}

var indentedScala = regexp.MustCompile(`(?m)^(?:(?:object|class|trait|enum|given)\b[^\n{]*:|(?:def|@main def)\b[^\n{]*=)[ \t]*$`)

// reduce leaves a header's own words: brackets are emptied, type parameters
// and annotations dropped.
func reduce(header []byte) string {
	var sb strings.Builder
	depth := 0
	for _, c := range header {
		switch {
		case c == '(' || c == '[' || c == '{':
			if depth == 0 {
				sb.WriteByte(c)
			}
			depth++
		case c == ')' || c == ']' || c == '}':
			if depth = max(depth-1, 0); depth == 0 {
				sb.WriteByte(c)
			}
		case depth > 0 || c == inMacro:
		default:
			sb.WriteByte(c)
		}
	}
	s := strings.NewReplacer("=>", "\x03", "->", "\x04", "operator<<", "operator\x05", "operator<", "operator\x05").Replace(sb.String())
	for range 6 {
		next := parametersPattern.ReplaceAllString(s, "")
		if next == s {
			break
		}
		s = next
	}
	s = document.OneLine(attributesPattern.ReplaceAllString(s, " "))
	if rest, ok := strings.CutPrefix(s, "case "); ok && (strings.HasPrefix(rest, "class ") || strings.HasPrefix(rest, "object ")) {
		return rest
	}
	return s
}

var (
	parametersPattern = regexp.MustCompile(`<[^<>;{}]*>`)
	attributesPattern = regexp.MustCompile(`@(?:[a-z]+:)?[A-HJ-Z\p{Lu}][\w.]*(?:\(\))?|@(?:objc|available|discardableResult|main|inlinable|escaping|override|deprecated|inline|tailrec|property|staticmethod)\w*(?:\(\))?|#!?\[\]|\[\[\]\]|^\[\]|\b__attribute__ ?\(\)|\b__declspec ?\(\)|\balignas ?\(\)|\bnoexcept ?\(\)|\bthrow ?\(\)|\bdecltype ?\(\)`)
)
