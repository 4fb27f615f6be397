package mcptools

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// toTheEnd stands for the end of a text whose length is not known yet.
const toTheEnd = int(^uint(0) >> 1)

// span asks for a part of a text: from a code point, or from a byte when
// fromRune is negative, up to a byte, and at most so many code points.
type span struct {
	fromRune int
	fromByte int
	toByte   int
	runes    int
}

// passage is a part of a text. Offsets are code points.
type passage struct {
	text       string
	start, end int
	total      int
	cut        bool  // the span goes on behind end
	marks      []int // where the bytes asked about are
}

// readPassage takes a part out of a text in one pass and tells the code points
// of some of its bytes, which ascend. It keeps nothing but the part in memory.
func readPassage(r io.Reader, want span, marks []int) (passage, error) {
	s := scanner{want: want, waiting: marks, passage: passage{start: want.fromRune, marks: make([]int, 0, len(marks))}}
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		s.read(buf[:n])
		if errors.Is(err, io.EOF) {
			return s.end(), nil
		} else if err != nil {
			return passage{}, fmt.Errorf("read the document's text: %w", err)
		}
	}
}

// scanner is how far a text was read. Code points may come in pieces.
type scanner struct {
	passage

	want      span
	waiting   []int // marks that lie ahead
	taken     []byte
	at, count int // bytes and code points so far
	taking    bool
}

func (s *scanner) read(piece []byte) {
	if s.quiet(len(piece)) {
		s.at += len(piece)
		for _, b := range piece {
			if utf8.RuneStart(b) {
				s.count++
			}
		}
		return
	}
	for _, b := range piece {
		if utf8.RuneStart(b) {
			s.begin()
		}
		if s.taking {
			s.taken = append(s.taken, b)
		}
		s.at++
	}
}

// quiet tells that nothing is to be taken or marked within the next n bytes,
// which is most of a long text.
func (s *scanner) quiet(n int) bool {
	if s.taking || (len(s.waiting) > 0 && s.waiting[0] < s.at+n) {
		return false
	}
	if s.start < 0 {
		return s.want.fromByte >= s.at+n
	}
	return s.cut || s.at >= s.want.toByte || s.count+n <= s.start
}

// begin decides on the code point that begins here.
func (s *scanner) begin() {
	for len(s.waiting) > 0 && s.waiting[0] <= s.at {
		s.marks, s.waiting = append(s.marks, s.count), s.waiting[1:]
	}
	if s.start < 0 && s.at >= s.want.fromByte {
		s.start = s.count
	}
	within := s.start >= 0 && s.count >= s.start && s.at < s.want.toByte
	s.taking = within && s.count-s.start < s.want.runes
	s.cut = s.cut || within && !s.taking
	s.count++
}

func (s *scanner) end() passage {
	p := s.passage
	for range s.waiting {
		p.marks = append(p.marks, s.count)
	}
	if p.start < 0 {
		p.start = s.count
	}
	p.text, p.total = string(s.taken), s.count
	p.end = p.start + utf8.RuneCount(s.taken)
	return p
}
