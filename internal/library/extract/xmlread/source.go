package xmlread

import (
	"bytes"
	"io"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// source is what the decoder reads, byte by byte, without running ahead: after
// each tag it stands right behind it. So it can pass over an element by
// looking for tags alone, at a small part of the cost.
type source struct {
	r    io.Reader
	buf  []byte
	at   int // next byte in buf
	end  int // of what is in buf
	last [2]byte
	err  error
}

func newSource(r io.Reader) *source { return &source{r: r, buf: make([]byte, 16<<10)} }

// mostEmpty is how often a reader may give nothing at all.
const mostEmpty = 100

// head gives the first bytes of all, which stay to be read: four or as many as
// there are.
func (s *source) head() []byte {
	const enough = 4
	for range mostEmpty {
		if s.end >= enough || s.err != nil {
			break
		}
		var n int
		n, s.err = s.r.Read(s.buf[s.end:])
		s.end += n
	}
	return s.buf[:min(s.end, enough)]
}

// fill reads on when nothing is left.
func (s *source) fill() error {
	for range mostEmpty {
		if s.at < s.end {
			return nil
		}
		if s.err != nil {
			return s.err
		}
		if s.end >= len(s.last) {
			copy(s.last[:], s.buf[s.end-len(s.last):s.end])
		} else if s.end == 1 {
			s.last[0], s.last[1] = s.last[1], s.buf[0]
		}
		s.at = 0
		s.end, s.err = s.r.Read(s.buf)
	}
	if s.at < s.end {
		return nil
	}
	return io.ErrNoProgress
}

// ReadByte gives the next byte.
func (s *source) ReadByte() (byte, error) {
	if s.at >= s.end {
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	s.at++
	return s.buf[s.at-1], nil
}

// Read gives what is at hand.
func (s *source) Read(p []byte) (int, error) {
	if err := s.fill(); err != nil {
		return 0, err
	}
	n := copy(p, s.buf[s.at:s.end])
	s.at += n
	return n, nil
}

// before gives the byte that was read before the last one.
func (s *source) before() byte {
	switch s.at {
	case 0:
		return s.last[0]
	case 1:
		return s.last[1]
	}
	return s.buf[s.at-2]
}

// through passes over what comes up to and with a byte.
func (s *source) through(c byte) error {
	for {
		if err := s.fill(); err != nil {
			return err
		}
		if i := bytes.IndexByte(s.buf[s.at:s.end], c); i >= 0 {
			s.at += i + 1
			return nil
		}
		s.at = s.end
	}
}

// throughWord is through for a word, such as the end of a comment.
func (s *source) throughWord(word string) error {
	matched := make([]byte, 0, len(word))
	for string(matched) != word {
		c, err := s.ReadByte()
		if err != nil {
			return err
		}
		if len(matched) == len(word) {
			matched = append(matched[:0], matched[1:]...)
		}
		matched = append(matched, c)
	}
	return nil
}

// skipElement passes over the rest of an element, which may hold others down
// to that depth.
func (s *source) skipElement(deepest int) error {
	for depth := 1; depth > 0; {
		if err := s.through('<'); err != nil {
			return err
		}
		c, err := s.ReadByte()
		if err != nil {
			return err
		}
		switch c {
		case '/':
			err = s.through('>')
			depth--
		case '?':
			err = s.throughWord("?>")
		case '!':
			err = s.skipDeclaration()
		default:
			var closed bool
			if closed, err = s.skipTag(c); !closed {
				depth++
			}
		}
		if err != nil {
			return err
		}
		if depth > deepest {
			return tooDeep()
		}
	}
	return nil
}

// skipDeclaration passes over a comment or the like.
func (s *source) skipDeclaration() error {
	c, err := s.ReadByte()
	if err != nil {
		return err
	}
	switch c {
	case '-':
		if c, err = s.ReadByte(); err == nil && c == '-' {
			return s.throughWord("-->")
		}
	case '[':
		return s.throughWord("]]>")
	}
	if err != nil || c == '>' {
		return err
	}
	return s.through('>')
}

// skipTag passes over the rest of a tag that begins with that byte, and
// reports whether it closes itself.
func (s *source) skipTag(last byte) (closed bool, err error) {
	for {
		c, err := s.ReadByte()
		if err != nil {
			return false, err
		}
		switch c {
		case '>':
			return last == '/', nil
		case '"', '\'':
			if err := s.through(c); err != nil {
				return false, err
			}
		}
		last = c
	}
}

func tooDeep() error {
	return document.Fault(document.CodeCorrupt, "The document nests too deeply; open it in its program and save it again.")
}
