package code

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// What mask puts in the place of text that is no code. Line ends stay, but for
// those within strings, so that a string of many lines is one line.
const (
	inComment = ' '
	inString  = 0x01
	inMacro   = 0x02 // lines of the preprocessor
)

// masker goes through a source once, from front to back.
type masker struct {
	syntax
	src    string
	out    []byte
	at     int
	absent map[string]bool // what does not occur in the rest of the source
	budget int             // bytes that may be searched ahead, so that no source takes time by its square
}

// mask hides strings and comments: the result has the length of the source.
func mask(src string, s syntax) []byte {
	m := &masker{syntax: s, src: src, out: []byte(src), absent: map[string]bool{}, budget: 4*len(src) + 1<<20}
	var begins [256]bool
	for _, c := range s.comments {
		begins[c[0]] = true
	}
	for _, b := range s.blocks {
		begins[b[0][0]] = true
	}
	for _, q := range s.quotes {
		begins[q.open[0]] = true
	}
	for m.at < len(src) {
		if !(begins[src[m.at]] && m.table()) && !m.specially() {
			m.at++
		}
	}
	return m.out
}

func (m *masker) rest() string { return m.src[m.at:] }

// hide replaces what lies up to end, which becomes the place to go on from.
func (m *masker) hide(end int, with byte) {
	for ; m.at < end; m.at++ {
		if m.src[m.at] != '\n' || with == inString {
			m.out[m.at] = with
		}
	}
}

// find looks for the end of what is open; one that is missing is missed once.
func (m *masker) find(s string, from int) int {
	if from > len(m.src) || m.absent[s] || m.budget < 0 {
		return -1
	}
	n := strings.Index(m.src[from:], s)
	if m.budget -= n; n < 0 {
		m.budget -= len(m.src) - from
		m.absent[s] = true
		return -1
	}
	return from + n
}

func (m *masker) lineEnd(from int) int { return lineEnd(m.src, from) }

// table hides a comment or a string of the tables.
func (m *masker) table() bool {
	for _, b := range m.blocks {
		if strings.HasPrefix(m.rest(), b[0]) {
			return m.block(b)
		}
	}
	for _, c := range m.comments {
		if strings.HasPrefix(m.rest(), c) {
			m.hide(m.lineEnd(m.at), inComment)
			return true
		}
	}
	for _, q := range m.quotes {
		if strings.HasPrefix(m.rest(), q.open) {
			return m.quoted(q)
		}
	}
	return false
}

func (m *masker) block(b [2]string) bool {
	end := m.find(b[1], m.at+len(b[0]))
	if end < 0 {
		return false
	}
	if m.nested {
		end = m.nestedEnd(b)
	}
	m.hide(end+len(b[1]), inComment)
	return true
}

// nestedEnd gives the end of a comment that may hold others; where they do not
// balance, the first end.
func (m *masker) nestedEnd(b [2]string) int {
	far := min(64<<10, m.budget)
	first, depth := -1, 0
	for i := m.at; i < min(len(m.src), m.at+far); {
		switch {
		case strings.HasPrefix(m.src[i:], b[0]):
			depth++
			i += len(b[0])
		case strings.HasPrefix(m.src[i:], b[1]):
			if first < 0 {
				first = i
			}
			if depth--; depth == 0 {
				m.budget -= i - m.at
				return i
			}
			i += len(b[1])
		default:
			i++
		}
	}
	m.budget -= far
	if first < 0 {
		first = m.find(b[1], m.at+len(b[0]))
	}
	return max(first, m.at)
}

// quoted hides a string. One that may not hold line ends stops at the first;
// one without an end is no string.
func (m *masker) quoted(q quote) bool {
	if q.lines && m.find(q.end, m.at+len(q.open)) < 0 {
		return false
	}
	i := m.at + len(q.open)
	for i < len(m.src) {
		switch {
		case q.escapes && m.src[i] == '\\':
			i += 2
			continue
		case !q.lines && m.src[i] == '\n':
			m.hide(i, inString)
			return true
		case strings.HasPrefix(m.src[i:], q.end):
			m.hide(i+len(q.end), inString)
			return true
		}
		i++
	}
	if q.lines {
		m.absent[q.end] = true
		return false
	}
	m.hide(len(m.src), inString)
	return true
}

func (m *masker) specially() bool {
	for _, f := range m.special {
		if f(m) {
			return true
		}
	}
	return false
}

// previous gives the byte before, a line end at the start.
func (m *masker) previous() byte {
	if m.at == 0 {
		return '\n'
	}
	return m.src[m.at-1]
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= utf8.RuneSelf
}

// character hides 'x' and '\n', and leaves lifetimes, primes and separators of
// digits alone.
func (m *masker) character() bool {
	if m.src[m.at] != '\'' || isWord(m.previous()) && m.previous() != 'L' && m.previous() != 'u' && m.previous() != 'b' {
		return false
	}
	rest := m.src[m.at+1 : min(len(m.src), m.at+14)]
	end := -1
	if strings.HasPrefix(rest, `\`) && len(rest) > 2 {
		if end = strings.IndexByte(rest[2:], '\''); end >= 0 {
			end += 2
		}
	} else if _, n := utf8.DecodeRuneInString(rest); n < len(rest) && rest[n] == '\'' {
		end = n
	}
	if end < 0 {
		return false
	}
	m.hide(m.at+end+2, inString)
	return true
}

// preprocessor hides a directive with the lines that it goes on over.
func (m *masker) preprocessor() bool {
	if c := m.src[m.at]; c != '#' && (c != '@' || !objcLinePattern.MatchString(m.rest()[:min(len(m.rest()), 20)])) {
		return false
	}
	if before := strings.TrimRight(m.src[max(0, m.at-80):m.at], " \t"); before != "" && !strings.HasSuffix(before, "\n") {
		return false
	}
	end := m.lineEnd(m.at)
	for end < len(m.src) && m.src[end-1] == '\\' {
		end = m.lineEnd(end + 1)
	}
	m.hide(end, inMacro)
	return true
}

var (
	objcLinePattern = regexp.MustCompile(`^@(?:implementation|interface|protocol|end|property|class|import|synthesize|optional|required)\b`)
	cppRawPattern   = regexp.MustCompile(`^R"([^\s()\\"]{0,16})\(`)
	rustRawPattern  = regexp.MustCompile(`^(?:br|r)(#*)"`)
	heredocPattern  = regexp.MustCompile(`^<<(?:[-~]|<[ \t]*)?[ \t]*(["'\\]?)([A-Za-z_]\w*)`)
	dollarPattern   = regexp.MustCompile(`^\$\w*\$`)
	regexPattern    = regexp.MustCompile(`^/(?:[^/\\\[\n*]|\\.|\[(?:[^\]\\\n]|\\.)*\])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])*/[a-z]*`)
	beforeRegex     = regexp.MustCompile(`(?:^|[(,=:\[!&|?{};+\n]|\b(?:return|typeof|case|in|of|do|else|yield|await))[ \t]*$`)
)

// until hides a string up to its end, where there is one.
func (m *masker) until(end string, from int) bool {
	at := m.find(end, from)
	if at < 0 {
		return false
	}
	m.hide(at+len(end), inString)
	return true
}

func (m *masker) cppRaw() bool {
	if m.src[m.at] != 'R' || isWord(m.previous()) && m.previous() != 'u' && m.previous() != 'L' {
		return false
	}
	d := cppRawPattern.FindStringSubmatch(m.rest())
	return d != nil && m.until(")"+d[1]+`"`, m.at+len(d[0]))
}

func (m *masker) rustRaw() bool {
	if c := m.src[m.at]; c != 'r' && c != 'b' || isWord(m.previous()) {
		return false
	}
	d := rustRawPattern.FindStringSubmatch(m.rest()[:min(len(m.rest()), 260)])
	return d != nil && m.until(`"`+d[1], m.at+len(d[0]))
}

// spacedHash hides a comment whose # stands apart: others are part of a word.
func (m *masker) spacedHash() bool {
	if m.src[m.at] != '#' || !strings.ContainsRune(" \t\n;", rune(m.previous())) {
		return false
	}
	m.hide(m.lineEnd(m.at), inComment)
	return true
}

// escaped passes by what a backslash hides.
func (m *masker) escaped() bool {
	if m.src[m.at] != '\\' || m.at+1 >= len(m.src) {
		return false
	}
	m.at += 2
	return true
}

// heredoc hides the lines that << announces, with the rest of its own line.
func (m *masker) heredoc() bool {
	if m.src[m.at] != '<' || m.previous() == '<' || m.budget < 0 {
		return false
	}
	d := heredocPattern.FindStringSubmatch(m.rest()[:min(len(m.rest()), 200)])
	if d == nil {
		return false
	}
	from := m.lineEnd(m.at)
	for m.budget -= from - m.at; ; {
		at := m.find(d[2], from+1)
		if at < 0 || at-m.at > 1<<20 {
			return false
		}
		begin := strings.LastIndexByte(m.src[:at], '\n') + 1
		if begin > from && strings.Trim(m.src[begin:at], " \t") == "" && (at+len(d[2]) == len(m.src) || !isWord(m.src[at+len(d[2])])) {
			m.hide(at+len(d[2]), inString)
			return true
		}
		from = at
	}
}

// pod hides documentation between =word and =cut or =end, and all that
// follows __END__.
func (m *masker) pod() bool {
	if m.previous() != '\n' {
		return false
	}
	rest := m.rest()
	switch {
	case strings.HasPrefix(rest, "__END__"), strings.HasPrefix(rest, "__DATA__"):
		m.hide(len(m.src), inComment)
		return true
	case rest[0] != '=' || len(rest) < 2 || rest[1] < 'a' || rest[1] > 'z':
		return false
	}
	word := "\n=cut"
	if strings.HasPrefix(rest, "=begin\n") || strings.HasPrefix(rest, "=begin ") {
		if at := m.find("\n=end", m.at); at >= 0 && (m.find(word, m.at) < 0 || at < m.find(word, m.at)) {
			word = "\n=end"
		}
	}
	end := m.find(word, m.at)
	if end < 0 {
		end = len(m.src) - 1
	}
	m.hide(m.lineEnd(end+1), inComment)
	return true
}

// dollar hides PostgreSQL's $$ strings $$.
func (m *masker) dollar() bool {
	if m.src[m.at] != '$' {
		return false
	}
	tag := dollarPattern.FindString(m.rest()[:min(len(m.rest()), 80)])
	return tag != "" && m.until(tag, m.at+len(tag))
}

// regex hides a regular expression of JavaScript: a slash where a value may
// begin.
func (m *masker) regex() bool {
	if m.src[m.at] != '/' || m.budget < 0 || !beforeRegex.Match(m.out[max(0, m.at-20):m.at]) {
		return false
	}
	r := regexPattern.FindString(m.rest()[:min(len(m.rest()), 2000)])
	if r == "" {
		m.budget -= 2000
		return false
	}
	m.hide(m.at+len(r), inString)
	return true
}

// template hides a template of JavaScript with the code in it.
func (m *masker) template() bool {
	if m.src[m.at] != '`' || m.absent["`"] {
		return false
	}
	end := templateEnd(m.src, m.at+1, 0)
	if end < 0 {
		m.absent["`"] = true
		return false
	}
	m.hide(end, inString)
	return true
}

// templateEnd gives where a template that is open ends, -1 for nowhere.
func templateEnd(src string, i, depth int) int {
	const deepest = 20
	for braces := 0; i < len(src); i++ {
		switch c := src[i]; {
		case c == '\\':
			i++
		case c == '`' && braces == 0:
			return i + 1
		case c == '`':
			if depth == deepest {
				return -1
			}
			if i = templateEnd(src, i+1, depth+1); i < 0 {
				return -1
			}
			i--
		case c == '$' && i+1 < len(src) && src[i+1] == '{', c == '{' && braces > 0:
			braces++
			if c == '$' {
				i++
			}
		case c == '}' && braces > 0:
			braces--
		}
	}
	return -1
}
