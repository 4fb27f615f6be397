package office

import (
	"strings"
	"unicode/utf8"
)

// splitSections cuts a code at semicolons outside of quotes and brackets.
func splitSections(code string) []string {
	var out []string
	start, quoted, bracketed := 0, false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '\\' && !quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			bracketed = true
		case c == ']':
			bracketed = false
		case c == ';' && !bracketed:
			out = append(out, code[start:i])
			start = i + 1
		}
	}
	return append(out, code[min(start, len(code)):])
}

// sectionReader reads the code of one section.
type sectionReader struct {
	formatSection

	code      string
	at        int
	digits    bool // there is a place for the number
	seenPoint bool
}

func parseSection(code string) formatSection {
	r := sectionReader{code: code}
	r.general = strings.EqualFold(strings.TrimSpace(code), "general") || code == ""
	for r.at < len(code) {
		if !r.quotation() && !r.number() && !r.moment() {
			r.literal(r.character())
		}
	}
	return r.formatSection
}

func (r *sectionReader) literal(text string) { r.tokens = append(r.tokens, formatToken{'l', text}) }

func (r *sectionReader) rest() string { return r.code[r.at:] }

// character takes one character.
func (r *sectionReader) character() string {
	_, size := utf8.DecodeRuneInString(r.rest())
	r.at += size
	return r.code[r.at-size : r.at]
}

// until takes what stands before a mark, and the mark.
func (r *sectionReader) until(mark string) (text string, found bool) {
	text, _, found = strings.Cut(r.rest(), mark)
	r.at = min(r.at+len(text)+len(mark), len(r.code))
	return text, found
}

// quotation takes what is shown as it stands, or left out.
func (r *sectionReader) quotation() bool {
	c, more := r.code[r.at], r.at+1 < len(r.code)
	switch {
	case c == '"':
		r.at++
		text, _ := r.until(`"`)
		r.literal(text)
	case c == '\\' && more:
		r.at++
		r.literal(r.character())
	case (c == '_' || c == '*') && more: // as wide as the next, or filled with it
		r.at++
		r.character()
	case c == '[':
		r.at++
		if text, found := r.until("]"); found {
			r.bracket(text, r.literal)
		}
	default:
		return false
	}
	return true
}

// number takes what shows digits.
func (r *sectionReader) number() bool {
	c := r.code[r.at]
	switch {
	case isDigitSign(r.rest()):
		r.place()
		r.digit(c, r.seenPoint)
	case c == '.' && r.date: // parts of a second are left out
		r.at = len(r.code) - len(strings.TrimLeft(r.code[r.at+1:], "0")) - 1
	case c == '.':
		r.place()
		r.seenPoint = true
	case c == ',' && r.digits && isDigitSign(r.code[r.at+1:]):
		r.grouped = true
	case c == ',' && r.digits:
		r.scale++
	case c == '%':
		r.percent = true
		r.literal("%")
	case c == '/' && r.digits:
		r.fraction = true
	case r.digits && isExponent(r.rest()):
		r.exponent = true
		r.at = len(r.code) - len(strings.TrimLeft(r.code[r.at+2:], "0")) - 1
	default:
		return false
	}
	r.at++
	return true
}

// place notes where the number stands.
func (r *sectionReader) place() {
	if !r.digits {
		r.tokens = append(r.tokens, formatToken{kind: 'n'})
		r.digits = true
	}
}

func isDigitSign(s string) bool { return s != "" && strings.IndexByte("0#?", s[0]) >= 0 }

func isExponent(s string) bool { return len(s) > 1 && s[0]|0x20 == 'e' && (s[1] == '+' || s[1] == '-') }

// moment takes parts of a date, and what stands for the value itself.
func (r *sectionReader) moment() bool {
	c, rest := r.code[r.at], r.rest()
	switch {
	case halfDay(rest) > 0:
		r.tokens = append(r.tokens, formatToken{kind: 'a'})
		r.date = true
		r.at += halfDay(rest)
	case strings.IndexByte("ymdhsYMDHS", c) >= 0:
		run := rest[:len(rest)-len(strings.TrimLeft(rest, string([]byte{c | 0x20, c &^ 0x20})))]
		r.tokens = append(r.tokens, formatToken{c | 0x20, strings.ToLower(run)})
		r.date = true
		r.at += len(run)
	case c == '@':
		r.general = true
		r.at++
	case strings.HasPrefix(rest, "General"):
		r.tokens = append(r.tokens, formatToken{kind: 'g'})
		r.at += len("General")
	default:
		return false
	}
	return true
}

// halfDay is how long the mark of morning and evening is that a text begins
// with; 0: it begins with none.
func halfDay(s string) int {
	for _, mark := range []string{"AM/PM", "A/P"} {
		if len(s) >= len(mark) && strings.EqualFold(s[:len(mark)], mark) {
			return len(mark)
		}
	}
	return 0
}

// bracket reads what stands in square brackets: a currency, elapsed time; a
// colour or a condition is left out.
func (s *formatSection) bracket(text string, literal func(string)) {
	if symbol, ok := strings.CutPrefix(text, "$"); ok {
		symbol, _, _ = strings.Cut(symbol, "-")
		literal(symbol)
		return
	}
	lower := strings.ToLower(text)
	if lower != "" && strings.Trim(lower, lower[:1]) == "" && strings.Contains("hms", lower[:1]) {
		s.tokens = append(s.tokens, formatToken{'[', lower})
		s.date = true
	}
}

func (s *formatSection) digit(c byte, afterPoint bool) {
	switch {
	case s.exponent || s.fraction:
	case afterPoint && c == '0':
		s.decimals++
		s.decimals += s.optional
		s.optional = 0
	case afterPoint:
		s.optional++
	case c == '0':
		s.whole++
	}
}
