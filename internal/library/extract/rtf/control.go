package rtf

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
)

// control reads what follows a backslash.
func (r *reader) control() error {
	c, err := r.in.ReadByte()
	if err != nil {
		return endOfFile(err)
	}
	if c|0x20 >= 'a' && c|0x20 <= 'z' {
		return r.word(c)
	}
	switch c {
	case '\'':
		return r.hex()
	case '*':
		r.now.starred = true
		return nil
	case '~':
		r.write("\u00a0")
	case '_':
		r.write("-")
	case '\r', '\n':
		r.act("par", 0, false)
	case '\\', '{', '}':
		r.char(c)
	}
	return nil
}

func endOfFile(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("read the file: %w", err)
}

func (r *reader) hex() error {
	var v byte
	for range 2 {
		c, err := r.in.ReadByte()
		if err != nil {
			return endOfFile(err)
		}
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | (c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			v = v<<4 | (c | 0x20 - 'a' + 10)
		default:
			return r.in.UnreadByte() //nolint:wrapcheck // a byte was read
		}
	}
	r.char(v)
	return nil
}

// word reads a control word and its number.
func (r *reader) word(c byte) error {
	const longest = 40
	name := []byte{c}
	n, negative, given := 0, false, false
	for {
		var err error
		if c, err = r.in.ReadByte(); err != nil {
			if errors.Is(err, io.EOF) {
				r.act(string(name), n, given)
			}
			return endOfFile(err)
		}
		switch {
		case !given && !negative && c|0x20 >= 'a' && c|0x20 <= 'z' && len(name) < longest:
			name = append(name, c)
			continue
		case !given && !negative && c == '-':
			negative = true
			continue
		case c >= '0' && c <= '9':
			given = true
			n = min(n*10+int(c-'0'), 1<<31)
			continue
		case c == ' ': // belongs to the word
		default:
			if err := r.in.UnreadByte(); err != nil {
				return fmt.Errorf("read the file: %w", err)
			}
		}
		break
	}
	if negative {
		n = -n
	}
	if string(name) == "bin" {
		_, err := r.in.Discard(max(n, 0))
		return endOfFile(err)
	}
	r.act(string(name), n, given)
	return nil
}

// act does what a control word says.
func (r *reader) act(name string, n int, given bool) {
	starred, begins := r.now.starred, r.now.begins
	r.now.starred, r.now.begins = false, false
	if name == "u" {
		r.unicode(n)
		return
	}
	r.decode()
	if begins && r.destination(name, starred) {
		return
	}
	on := !given || n != 0
	switch {
	case r.special(name):
	case r.paragraphWord(name, n):
	case r.tableWord(name):
	case name == "v", name == "deleted":
		r.now.hidden = on
	case name == "plain":
		r.now.hidden = false
	case name == "uc":
		r.now.unicode = min(max(n, 0), 100)
	case name == "ansicpg":
		r.codePage = n
	case name == "mac":
		r.codePage = 10000
	case name == "pc":
		r.codePage = 437
	case name == "pca":
		r.codePage = 850
	case name == "f":
		r.now.font = n
	case name == "fcharset" && r.now.dest == fonts && len(r.charsets) < maxFonts:
		r.charsets[r.now.font] = n
	}
}

// unicode takes a character by its number; characters beyond the first 65,536
// come in two halves.
func (r *reader) unicode(n int) {
	r.decode()
	if n < 0 {
		n += 1 << 16
	}
	c := rune(n & 0x1FFFFF)
	r.pending = r.now.unicode
	switch {
	case utf16.IsSurrogate(c) && r.high != 0:
		c = utf16.DecodeRune(r.high, c)
		r.high = 0
	case utf16.IsSurrogate(c):
		r.high = c
		return
	}
	pending := r.pending
	r.write(string(c))
	r.pending = pending
}

// destination begins a group of its own; false where the word is none that
// begins one.
func (r *reader) destination(name string, starred bool) bool {
	if r.now.dest == skipped {
		return true
	}
	open := func(d destination) bool {
		r.now.dest, r.now.opens = d, d
		return true
	}
	switch name {
	case "fonttbl":
		return open(fonts)
	case "stylesheet":
		r.now.dest = stylesheet
		return true
	case "title":
		return open(infoTitle)
	case "author":
		return open(infoAuthor)
	case "listtext", "pntext":
		r.now.dest = listText
		return true
	case "footnote":
		return open(footnote)
	case "annotation":
		return open(annotation)
	case "atnauthor":
		return open(commentAuthor)
	case "shpinst":
		r.now.shape = true
		return true
	case "shptxt":
		r.now.shape = false
		return true
	case "info", "shp", "shprslt", "field", "fldrslt", "result", "shpgrp", "nesttableprops":
		r.now.dest = map[bool]destination{true: skipped, false: r.now.dest}[name == "shprslt" || name == "nesttableprops"]
		return true
	case "colortbl", "pict", "object", "fldinst", "datafield", "header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf",
		"ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "xe", "tc", "rxe", "txe", "nonshppict", "operator", "comment", "subject", "keywords",
		"creatim", "revtim", "printim", "buptim", "company", "manager", "category", "doccomm", "hlinkbase", "filetbl", "revtbl", "listtable", "listoverridetable", "sp", "nonesttables":
		r.now.dest = skipped
		return true
	}
	if starred && (r.now.dest != stylesheet || name != "cs" && name != "ts") {
		r.now.dest = skipped
		return true
	}
	return false
}

// special writes the characters that have names.
func (r *reader) special(name string) bool {
	text, ok := map[string]string{
		"tab": "\t", "line": "\n", "lbr": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
		"bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ",
	}[name]
	if ok {
		r.write(text)
	}
	return ok
}

// paragraphWord changes or ends the paragraph.
func (r *reader) paragraphWord(name string, n int) bool {
	p := &r.now.paragraph
	switch name {
	case "par", "sect", "page", "column":
		r.endLine()
	case "pard":
		*p = noParagraph()
	case "s":
		if r.now.dest == stylesheet {
			r.style = n
		}
		p.style = n
	case "outlinelevel":
		if r.now.dest == stylesheet && n < 9 && len(r.styles) < maxStyles {
			r.styles[r.style] = styleRule{outline: n + 1}
		}
		p.outline = n
	case "ilvl":
		p.level = min(max(n, 0), 8)
	case "ls":
		p.list = n > 0
	case "intbl":
		p.table = true
	default:
		return false
	}
	return true
}
