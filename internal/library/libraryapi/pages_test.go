package libraryapi_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/libraryapi"
	"git.helu.ca/r/mnemosyne/internal/library/pages"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// onePaged has a picture of page 1 of everything, and places of whatever is on
// a page.
type onePaged struct {
	dir   string
	asked []int // widths
}

func (o *onePaged) Page(_ context.Context, _ library.Generation, number, width int) (*os.File, error) {
	if number != 1 {
		return nil, pages.ErrNoPicture
	}
	o.asked = append(o.asked, width)
	path := filepath.Join(o.dir, "page")
	if err := os.WriteFile(path, []byte("picture"), 0o600); err != nil {
		return nil, err
	}
	return os.Open(path)
}

func (o *onePaged) Of(_ context.Context, spots ...pages.Spot) [][]document.Region {
	out := make([][]document.Region, len(spots))
	for i, s := range spots {
		if s.Page != nil {
			out[i] = []document.Region{{Page: *s.Page, Width: 612, Height: 792, Boxes: []document.Box{{72, 90.25, float64(s.Start), float64(s.Generation)}}}}
		}
	}
	return out
}

func TestAPageIsAPictureThatABrowserMayAskForAgain(t *testing.T) {
	t.Parallel()
	source := &onePaged{dir: t.TempDir()}
	w := newWorld(t, sqldbtest.SQLite(t), func(o *libraryapi.Options) { o.Pictures, o.Places = source, source })
	item := w.item(w.library("alice", "Private"), "alice", "a.pdf", "original", "text")
	at := "/library/api/items/" + item + "/pages/"
	a := w.must(http.StatusOK, "alice", http.MethodGet, at+"1.png?width=300", nil)
	if a.Body != "picture" || a.Header.Get("Content-Type") != "image/png" || a.Header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("it answers %q with %v", a.Body, a.Header)
	}
	other := w.must(http.StatusOK, "alice", http.MethodGet, at+"1.png", nil)
	if a.Header.Get("ETag") == "" || a.Header.Get("ETag") == other.Header.Get("ETag") || source.asked[0] != 300 || source.asked[1] != pages.DefaultWidth {
		t.Errorf("the tags are %s and %s, widths %v", a.Header.Get("ETag"), other.Header.Get("ETag"), source.asked)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+at+"1.png", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.tokens["alice"])
	r.Header.Set("If-None-Match", other.Header.Get("ETag"))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotModified {
		t.Errorf("asked again it answers %d", resp.StatusCode)
	}
	for _, wrong := range []string{"2.png", "0.png", "-1.png", "01.png", "x.png", "1.png?generation=2", "99999999999999999999.png"} {
		w.must(http.StatusNotFound, "alice", http.MethodGet, at+wrong, nil)
	}
	for _, wrong := range []string{"1.png?width=99", "1.png?width=2001", "1.png?width=x", "1.png?generation=0"} {
		w.must(http.StatusBadRequest, "alice", http.MethodGet, at+wrong, nil)
	}
}

func TestHitsAndChunksCarryTheirRegions(t *testing.T) {
	t.Parallel()
	source := &onePaged{dir: t.TempDir()}
	w := newWorld(t, sqldbtest.SQLite(t), func(o *libraryapi.Options) { o.Places, o.Chunks = source, paged{} })
	item := w.item(w.library("alice", "Private"), "alice", "a.pdf", "original", "text")
	uid, err := library.ChunkUID(item, 7, 0)
	if err != nil {
		t.Fatal(err)
	}
	page := 3
	w.search.found = search.Result{Hits: []search.Hit{{ChunkUID: uid, ItemUID: item, Page: &page, Start: 200, End: 300}, {ChunkUID: uid, ItemUID: item}}}
	const region = `"regions":[{"page":3,"width":612,"height":792,"boxes":[[72,90.25,200,7]]}],`
	a := w.must(http.StatusOK, "alice", http.MethodPost, "/library/api/search/", map[string]any{"query": "q"})
	if !strings.Contains(a.Body, region) || !strings.Contains(a.Body, `"regions":[],`) {
		t.Errorf("hits are %s", a.Body)
	}
	a = w.must(http.StatusOK, "alice", http.MethodGet, "/library/api/items/"+item+"/chunks/", nil)
	if !strings.Contains(a.Body, `"boxes":[[72,90.25,5,1]]`) {
		t.Errorf("chunks are %s", a.Body)
	}
}

// paged has one chunk of each item, on a page.
type paged struct{}

func (paged) Chunks(_ context.Context, gen library.GenerationRef, _, _ int) ([]library.Chunk, error) {
	page := 2
	return []library.Chunk{{ItemUID: gen.ItemUID, Generation: gen.Generation, Page: &page, Start: 5, End: 9}}, nil
}
