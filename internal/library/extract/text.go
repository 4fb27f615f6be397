package extract

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// lineSource gives a text file line by line, cleaned, in bounded memory: a line
// longer than its buffer comes in pieces that fall on rune boundaries.
type lineSource struct {
	r    *bufio.Reader
	held []byte // the start of a rune cut by the buffer's end
}

func newLineSource(r io.Reader) *lineSource {
	return &lineSource{r: bufio.NewReaderSize(r, 64<<10)}
}

// next gives the next piece with its line end, if it has one.
func (s *lineSource) next() (string, error) {
	piece, err := s.r.ReadSlice('\n')
	if len(s.held) > 0 {
		piece = append(s.held, piece...)
		s.held = nil
	}
	if errors.Is(err, bufio.ErrBufferFull) {
		err = nil
		if cut := cutRune(piece); cut > 0 {
			s.held = append([]byte(nil), piece[len(piece)-cut:]...)
			piece = piece[:len(piece)-cut]
		}
		if n := len(piece); n > 0 && piece[n-1] == '\r' {
			s.held = append([]byte{'\r'}, s.held...)
			piece = piece[:n-1]
		}
	}
	if len(piece) > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return clean(string(piece)), err
}

// cutRune gives the length of an incomplete rune at the end.
func cutRune(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if utf8.RuneStart(b[len(b)-n]) {
			if !utf8.FullRune(b[len(b)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// readText reads prose: paragraphs are what stands between empty lines.
func readText(w *writer, path string) error {
	f, err := openText(path)
	if err != nil {
		return err
	}
	defer f.Close()
	src := newLineSource(f)
	var open Span
	flush := func() {
		w.mark(Block{Kind: Paragraph, Start: open.Start, End: open.End})
		open = Span{}
	}
	for w.err == nil {
		l, err := src.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read the file: %w", err)
		}
		for part := range strings.Lines(l) {
			trimmed := strings.TrimSpace(part)
			if trimmed == "" && !open.Empty() {
				flush()
			}
			at := w.raw(part)
			if trimmed == "" {
				continue
			}
			if open.Empty() {
				open.Start = at.Start + strings.Index(part, trimmed)
			}
			open.End = at.Start + strings.Index(part, trimmed) + len(trimmed)
		}
	}
	flush()
	return w.err
}

// readLines reads text whose lines are its units: one block, of which the
// first line is the header where it is a table.
func readLines(w *writer, path string, kind BlockKind) error {
	f, err := openText(path)
	if err != nil {
		return err
	}
	defer f.Close()
	src := newLineSource(f)
	b := Block{Kind: kind}
	for w.err == nil {
		l, err := src.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read the file: %w", err)
		}
		at := w.raw(l)
		if strings.TrimSpace(l) == "" {
			continue
		}
		if b.End == 0 {
			b.Start = at.Start
			if kind == Table {
				b.Header = Span{at.Start, at.Start + len(strings.TrimRight(l, "\n"))}
			}
		}
		b.End = at.Start + len(strings.TrimRight(l, " \t\n"))
	}
	w.mark(b)
	return w.err
}

// readWhole reads a text file into memory, cleaned.
func readWhole(path string, limits Limits) (string, error) {
	f, err := openText(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var sb strings.Builder
	src := newLineSource(f)
	for {
		l, err := src.next()
		if errors.Is(err, io.EOF) {
			return sb.String(), nil
		}
		if err != nil {
			return "", fmt.Errorf("read the file: %w", err)
		}
		if int64(sb.Len()+len(l)) > limits.MaxTextBytes {
			return "", &Error{CodeTooLarge, fmt.Sprintf("The file holds more than %s of text; split it and submit the parts.", size(limits.MaxTextBytes))}
		}
		sb.WriteString(l)
	}
}
