package dashboard

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/pages"
)

// sheet is the picture of a page of a document, with what is cited marked.
type sheet struct {
	Number, Count int64
	Alt           string
	Picture       string // path
	Large         string // path of a picture to read from
	Width, Height float64
	Marks         []mark
	Previous      string
	Next          string
}

// mark is a box in points from the top left of the page.
type mark struct{ X, Y, Width, Height float64 }

// The widths of pictures, in pixels.
const (
	sheetWidth = 1000
	largeWidth = 2000
)

// noPages stands in for what the options leave out.
type noPages struct{}

func (noPages) Of(_ context.Context, spots ...pages.Spot) [][]document.Region {
	return make([][]document.Region, len(spots))
}

// askedPage reads which page the address asks to see; 0: none.
func askedPage(r *http.Request, o openedItem) int {
	n, _ := number(page.Param(r, "page"))
	if o.Pages == nil || n > int(*o.Pages) {
		return 0
	}
	return n
}

// toPage moves a reading that cites nothing to the passage that a page begins
// with.
func (d *Dashboard) toPage(ctx context.Context, at *reading) error {
	if at.page == 0 || at.at >= 0 {
		return nil
	}
	before := func(c library.Chunk) bool { return c.Page == nil || *c.Page < at.page }
	ordinal, err := d.firstNot(ctx, at.gen, at.total, before)
	at.from = min(ordinal, max(at.total-1, 0)) / passagesPer * passagesPer
	return err
}

// firstNot finds the first passage that is not before a place, by halving.
func (d *Dashboard) firstNot(ctx context.Context, gen library.GenerationRef, total int, before func(library.Chunk) bool) (int, error) {
	low, high := 0, total
	for low < high {
		middle := (low + high) / 2
		chunks, err := d.chunks(ctx, gen, middle, middle+1)
		if err != nil {
			return 0, err
		}
		if len(chunks) > 0 && before(chunks[0]) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// sheetOf is the page that stands beside the text: the one asked for, else
// that of what is cited, else that of the first passage. nil: the document has
// none to show.
func (d *Dashboard) sheetOf(ctx context.Context, at reading, chunks []library.Chunk) *sheet {
	if at.Pages == nil || *at.Pages < 1 || !extract.HasPages(at.ContentType) || len(chunks) == 0 || chunks[0].Page == nil {
		return nil
	}
	var regions []document.Region
	number := at.page
	for _, c := range chunks {
		if !at.cites(c) || c.Page == nil {
			continue
		}
		spot := pages.SpotOf(c)
		if at.to > at.at {
			spot.Start, spot.End = max(at.at, c.Start), at.to
		}
		regions = d.opt.Places.Of(ctx, spot)[0]
		if number == 0 {
			number = *c.Page
			if len(regions) > 0 {
				number = regions[0].Page
			}
		}
		break
	}
	if number == 0 {
		number = *chunks[0].Page
	}
	return at.sheet(number, regions)
}

func (at reading) sheet(number int, regions []document.Region) *sheet {
	s := &sheet{Number: int64(number), Count: max(*at.Pages, int64(number))}
	s.Picture, s.Large = at.picture(number, sheetWidth), at.picture(number, largeWidth)
	s.Alt = "Page " + strconv.Itoa(number) + " of “" + at.Head.Document.Title + "”. Its words are in the text."
	if number > 1 {
		s.Previous = at.sheetLink(number - 1)
	}
	if s.Number < s.Count {
		s.Next = at.sheetLink(number + 1)
	}
	for _, r := range regions {
		if r.Page != number {
			continue
		}
		s.Width, s.Height = r.Width, r.Height
		for _, b := range r.Boxes {
			s.Marks = append(s.Marks, mark{b[0], b[1], b[2] - b[0], b[3] - b[1]})
		}
	}
	return s
}

// picture is the path of the picture of a page.
func (at reading) picture(number, width int) string {
	path := itemsAPI + at.UID + "/pages/" + strconv.Itoa(number) + ".png?width=" + strconv.Itoa(width)
	if at.gen.Generation != at.Generation {
		path += "&generation=" + strconv.FormatInt(at.gen.Generation, 10)
	}
	return path
}

// sheetLink leads to another page. What is cited stays so.
func (at reading) sheetLink(number int) string {
	q := url.Values{"page": {strconv.Itoa(number)}}
	if at.gen.Generation != at.Generation {
		q.Set("version", strconv.FormatInt(at.gen.Generation, 10))
	}
	if at.at >= 0 {
		q.Set("at", strconv.Itoa(at.at))
		if at.to > at.at {
			q.Set("to", strconv.Itoa(at.to))
		}
	}
	return at.path(tabText) + "?" + q.Encode() + "#page"
}
