package dashboard

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// proseLine is how long a line is at least, in code points, whose end is
// there for the width of the page it was written on.
const proseLine = 45

// flow joins the lines of paragraphs, so that they run as wide as the reader's
// window. Only line breaks become spaces. Whatever may mean its line breaks
// (code, tables, lists, verse) keeps them.
func flow(text string) string {
	lines := strings.Split(text, "\n")
	var b strings.Builder
	fenced := false
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		b.WriteString(line)
		if i+1 == len(lines) {
			break
		}
		if !fenced && runsOn(line, lines[i+1]) {
			b.WriteByte(' ')
		} else {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// runsOn tells whether a line of prose goes on in the next.
func runsOn(line, next string) bool {
	if utf8.RuneCountInString(line) < proseLine || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "|") {
		return false
	}
	first, _ := utf8.DecodeRuneInString(next)
	last, _ := utf8.DecodeLastRuneInString(line)
	indented := unicode.IsSpace(first) || unicode.IsSpace(rune(line[0]))
	return !indented && (unicode.IsLetter(first) || strings.ContainsRune(`"'“‘(`, first)) && !strings.ContainsRune("{};|\\", last)
}
