package document

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Outline is where a document's headings and pages stand, without the rest of
// its structure.
type Outline struct {
	Headings []OutlineHeading // in reading order
	Pages    []Page
	Language string // BCP 47, where it is known
	// Whole tells that the structure was read to its end.
	Whole bool
}

// OutlineHeading is a heading of a document.
type OutlineHeading struct {
	Title string
	Level int // 1 to 6
	Start int // byte of the text
}

// ReadOutline reads the stored form of a document's structure line by line,
// so that a long document's blocks are never all in memory. It ends with the
// reader: a structure that is cut short gives what was read of it.
func ReadOutline(structure io.Reader) (Outline, error) {
	dec := json.NewDecoder(bufio.NewReader(structure))
	var o Outline
	for {
		var l line
		err := dec.Decode(&l)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return o, nil
		case err != nil:
			return Outline{}, fmt.Errorf("read the document's structure: %w", err)
		case l.Page > 0:
			o.Pages = append(o.Pages, Page{Number: l.Page, Start: l.Start, End: l.End})
		case l.Kind == Heading.String():
			o.Headings = append(o.Headings, OutlineHeading{Title: l.Title, Level: l.Level, Start: l.Start})
		case l.Version != 0:
			o.Language, o.Whole = l.Language, true
		}
	}
}
