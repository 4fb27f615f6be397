package document_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// placed writes words of ten code points each, three to a line and two lines
// to a page, with a blank between them.
func placed(t *testing.T, pages int) []byte {
	t.Helper()
	var regions bytes.Buffer
	w := document.NewWriter(io.Discard, io.Discard, document.Limits{}, nil)
	w.KeepRegions(&regions)
	w.Raw("text")
	for range pages {
		w.PageSize(612, 792)
	}
	at := 0
	for page := range pages {
		for line := range 2 {
			for word := range 3 {
				x, y := float64(100*word), float64(20*line)+72.25
				w.Place(page+1, document.Word{Start: at, End: at + 10, Box: document.Box{x, y, x + 90.5, y + 12}})
				at += 11
			}
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return regions.Bytes()
}

func TestAPartOfALineHasTheBoxOfItsWords(t *testing.T) {
	t.Parallel()
	g, err := document.OpenRegions(bytes.NewReader(placed(t, 3)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := g.Find(1, 25, 50) // from within the third word to within the fifth
	want := []document.Box{{200, 72.25, 290.5, 84.25}, {0, 92.25, 190.5, 104.25}}
	if err != nil || len(got) != 1 || got[0].Page != 1 || got[0].Width != 612 || got[0].Height != 792 || !slices.Equal(got[0].Boxes, want) {
		t.Errorf("the regions are %+v, %v; want %v", got, err, want)
	}
}

func TestARunThatGoesOnHasRegionsOnEachPage(t *testing.T) {
	t.Parallel()
	g, err := document.OpenRegions(bytes.NewReader(placed(t, 3)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := g.Find(1, 60, 150)
	if err != nil || len(got) != 3 || got[2].Page != 3 || len(got[2].Boxes) != 1 || got[2].Boxes[0] != (document.Box{0, 72.25, 190.5, 84.25}) {
		t.Errorf("the regions are %+v, %v", got, err)
	}
	for _, where := range [][3]int{{0, 0, 10}, {4, 0, 10}, {2, 10_000, 10_001}} {
		if got, err := g.Find(where[0], where[1], where[2]); err != nil || len(got) != 0 {
			t.Errorf("%v gives %+v, %v", where, got, err)
		}
	}
}

func TestATextWithoutPlacesKeepsNoRegions(t *testing.T) {
	t.Parallel()
	if stored := placed(t, 0); len(stored) != 0 {
		t.Errorf("%d bytes are kept", len(stored))
	}
}

func TestADamagedRegionsFileIsAnError(t *testing.T) {
	t.Parallel()
	whole := placed(t, 2)
	for cut := range whole {
		if _, err := document.OpenRegions(bytes.NewReader(whole[:cut])); err == nil {
			t.Fatalf("cut to %d of %d bytes it opens", cut, len(whole))
		}
	}
	for i := range whole {
		broken := bytes.Clone(whole)
		broken[i] ^= 0xFF
		g, err := document.OpenRegions(bytes.NewReader(broken))
		if err == nil {
			_, err = g.Find(1, 0, 200)
		}
		if err != nil && !errors.Is(err, document.ErrRegions) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
}
