package document

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Lines gives a text file line by line, cleaned, in bounded memory: a line
// longer than its buffer comes in pieces that fall on rune boundaries.
type Lines struct {
	r    *bufio.Reader
	held []byte // the start of a rune cut by the buffer's end
}

// NewLines reads from r, which is UTF-8.
func NewLines(r io.Reader) *Lines {
	return &Lines{r: bufio.NewReaderSize(r, 64<<10)}
}

// Next gives the next piece with its line end, if it has one.
func (s *Lines) Next() (string, error) {
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
	return Clean(string(piece)), err
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

// ReadWhole reads a text file into memory, cleaned.
func ReadWhole(path string, limits Limits) (string, error) {
	f, err := OpenText(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var sb strings.Builder
	src := NewLines(f)
	for {
		l, err := src.Next()
		if errors.Is(err, io.EOF) {
			return sb.String(), nil
		}
		if err != nil {
			return "", fmt.Errorf("read the file: %w", err)
		}
		if int64(sb.Len()+len(l)) > limits.MaxTextBytes {
			return "", &Error{CodeTooLarge, fmt.Sprintf("The file holds more than %s of text; split it and submit the parts.", Size(limits.MaxTextBytes))}
		}
		sb.WriteString(l)
	}
}
