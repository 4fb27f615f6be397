// Package code reads source code, cut at its functions and types.
//
// It tells languages apart, hides what strings and comments hold, and finds
// definitions: of Go with Go's own parser, of languages with braces by their
// braces, of all others by their lines and indentation. It refuses to resolve
// names or to judge code: source that does not parse is read like any other.
package code

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// Reader keeps the source as it is; functions and types become blocks. The
// language is one of LanguageOf's.
func Reader(language string) document.Reader {
	return func(w *document.Writer, in document.Input) error { return read(w, in.Path, language) }
}

func read(w *document.Writer, path, language string) error {
	const parsed = 8 << 20 // longer files are data more than code
	src, err := document.ReadWhole(path, w.Limits)
	if err != nil {
		return err
	}
	w.Meta("programming_language", language)
	w.Raw(src)
	var defs []definition
	if len(src) <= parsed {
		defs = definitions(src, language)
	}
	markDefinitions(w, src, defs)
	return w.Err()
}

// definitions finds what a source defines, in the order of the text.
func definitions(src, language string) []definition {
	if language == "go" {
		if defs := goDefinitions(src); defs != nil {
			return defs
		}
	}
	masked := mask(src, lexis(language))
	if words, ok := braceLanguage(language, masked); ok {
		return findInBraces(src, masked, words)
	}
	return findInLines(src, masked, linePatterns(language))
}

// definition is where a function or type begins; it ends where the next one
// begins. A definition without symbol is code between them.
type definition struct {
	start  int
	symbol string
	header document.Span // the signature, for pieces of a definition that must be cut
}

func markDefinitions(w *document.Writer, src string, defs []definition) {
	if len(defs) == 0 || strings.TrimSpace(src[:defs[0].start]) != "" {
		defs = append([]definition{{}}, defs...)
	}
	for i, d := range defs {
		end := len(src)
		if i+1 < len(defs) {
			end = defs[i+1].start
		}
		start := d.start
		for start < end && (src[start] == '\n') {
			start++
		}
		end = start + len(strings.TrimRight(src[start:end], " \t\n"))
		w.Mark(document.Block{Kind: document.Code, Start: start, End: end, Symbol: d.symbol, Header: d.header})
	}
}

// signatureBytes bounds a header, which is repeated with each piece.
const signatureBytes = 500

// signature is the span of a header without the white space around it, cut at
// a line's end where it is long.
func signature(src string, start, end int) document.Span {
	end = start + len(strings.TrimRight(src[start:end], " \t\n"))
	if end-start > signatureBytes {
		end = start + strings.LastIndexByte(src[start:start+signatureBytes], '\n')
	}
	return document.Span{Start: start, End: max(start, end)}
}

// attachedFrom gives where the comments that stand right above a definition
// begin, no higher than floor: lines that are blank once they are masked.
func attachedFrom(src string, masked []byte, start, floor int) int {
	floor = min(floor, start)
	begin := floor + strings.LastIndexByte(src[floor:start], '\n') + 1
	if strings.TrimSpace(string(masked[begin:start])) != "" {
		return start
	}
	for begin > floor {
		above := floor + strings.LastIndexByte(src[floor:begin-1], '\n') + 1
		if strings.TrimSpace(src[above:begin]) == "" || strings.TrimSpace(string(masked[above:begin])) != "" {
			break
		}
		begin = above
	}
	return max(begin, floor)
}
