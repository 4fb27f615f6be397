package document

import (
	"encoding/binary"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	utf16encoding "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// BareUnicode recognises UTF-16 and UTF-32 without a mark, nil for anything
// else: characters that make text in one order of bytes.
func BareUnicode(head []byte) encoding.Encoding {
	const fewest = 8 // bytes
	controls := 0
	for _, c := range head {
		if c < '\t' || c > '\r' && c < ' ' {
			controls++
		}
	}
	if len(head) < fewest || controls*50 < len(head) {
		return nil // UTF-16 has a zero in each space, or letters of low numbers
	}
	switch {
	case isText(wide(head, binary.LittleEndian)):
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case isText(wide(head, binary.BigEndian)):
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case isText(units(head, binary.LittleEndian)):
		return utf16encoding.UTF16(utf16encoding.LittleEndian, utf16encoding.IgnoreBOM)
	case isText(units(head, binary.BigEndian)):
		return utf16encoding.UTF16(utf16encoding.BigEndian, utf16encoding.IgnoreBOM)
	}
	return nil
}

func wide(b []byte, order binary.ByteOrder) []rune {
	var out []rune
	for ; len(b) >= 4; b = b[4:] {
		out = append(out, rune(min(order.Uint32(b), unicode.MaxRune+1)))
	}
	return out
}

func units(b []byte, order binary.ByteOrder) []rune {
	var out []uint16
	for ; len(b) >= 2; b = b[2:] {
		out = append(out, order.Uint16(b))
	}
	return utf16.Decode(out)
}

// isText reports characters that make sense together: hardly any that is none,
// some that part words, and letters of few scripts. Bytes of anything else give
// characters from everywhere.
func isText(text []rune) bool {
	scripts := map[*unicode.RangeTable]int{}
	strange, letters, parting := 0, 0, 0
	for _, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsMark(r):
			letters++
			scripts[scriptOf(r)]++
		case r == ' ', r == '\n', r == '\r', r == '\t', r == '\u00a0', r == '\u3000', r == '、', r == '。', r == '，', r == '．':
			parting++
		case !unicode.IsPrint(r):
			strange++
		}
	}
	first, second := 0, 0
	for script, n := range scripts {
		if script == nil {
			continue
		}
		if n > first {
			first, second = n, first
		} else {
			second = max(second, n)
		}
	}
	return strange*100 <= len(text) && letters*3 >= len(text) && parting*80 >= len(text) && (first+second)*20 >= letters*19
}

// scriptOf gives the script of a letter; those of Japan count as one with Han.
func scriptOf(r rune) *unicode.RangeTable {
	for _, script := range []*unicode.RangeTable{
		unicode.Latin, unicode.Cyrillic, unicode.Han, unicode.Arabic, unicode.Greek, unicode.Hebrew, unicode.Hangul, unicode.Thai,
		unicode.Devanagari, unicode.Bengali, unicode.Tamil, unicode.Telugu, unicode.Armenian, unicode.Georgian, unicode.Ethiopic,
	} {
		if unicode.Is(script, r) {
			return script
		}
	}
	if unicode.In(r, unicode.Hiragana, unicode.Katakana) || r == 'ー' {
		return unicode.Han
	}
	return nil
}
