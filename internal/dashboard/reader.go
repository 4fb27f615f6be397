package dashboard

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

const passagesPer = 40 // of a document, on a page

// itemPage shows a document's text by passages.
type itemPage struct {
	Head        itemHead
	Outline     []outlineEntry
	OutlineNote string
	Passages    []passage
	Version     int64  // that is shown
	Notice      string // that this is not the current version, or not the one asked for
	Current     string // path of the current version, while another is shown
	From, To    int64  // of the passages shown, counted from 1
	Total       int64
	Previous    string
	Next        string
	Code        bool     // the text keeps its lines
	Sheet       *sheet   // nil: the document has no pages to show
	Jobs        []jobRow // while there is no text
	Here        string
}

// reading is a version of a document, and the place in it, that is asked for.
type reading struct {
	openedItem

	gen   library.GenerationRef
	total int // passages

	from   int // first passage of the page, an ordinal
	at, to int // code points that are cited, to is exclusive; at is below 0 when none are
	page   int // that is to be seen; 0: the one of what is cited, or read
}

func (d *Dashboard) showItem(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.openWhole(r, s, tabText)
	if err != nil {
		return err
	}
	p := itemPage{Head: o.Head, Here: r.URL.RequestURI()}
	if o.Generation == 0 {
		if p.Jobs, err = d.jobsOf(r, s, o, 1); err != nil {
			return err
		}
		return d.views.item.Show(w, r, s, http.StatusOK, d.heading(o), p)
	}
	at, err := d.asked(r, o, &p)
	if err != nil {
		return err
	}
	if section, ok := number(page.Param(r, "section")); ok {
		return d.toSection(w, r, at, section)
	}
	if err := d.read(r.Context(), at, &p); err != nil {
		return err
	}
	return d.views.item.Show(w, r, s, http.StatusOK, d.heading(o), p)
}

// jobsOf lists a document's newest jobs.
func (d *Dashboard) jobsOf(r *http.Request, s httpx.Session, o openedItem, limit int) ([]jobRow, error) {
	jobs, _, err := d.opt.Ingest.Jobs(r.Context(), s.Principal, ingest.Filter{LibraryUID: o.LibraryUID, ItemUID: o.UID, Limit: limit})
	rows := make([]jobRow, len(jobs))
	for i, j := range jobs {
		rows[i] = jobRowOf(j, o.Head.Document.MayChange)
	}
	return rows, err
}

// asked finds the version and the place that the address asks for: a passage
// by its uid (chunk), code points (at, to), or an ordinal (from). What is not
// kept any more gives the current version, and says so.
func (d *Dashboard) asked(r *http.Request, o openedItem, p *itemPage) (reading, error) {
	at := reading{openedItem: o, at: -1, page: askedPage(r, o)}
	version, named := number(page.Param(r, "version"))
	if !named {
		version = int(o.Generation)
	}
	ordinal := -1
	if uid := page.Param(r, "chunk"); uid != "" {
		ref, err := library.ParseChunkUID(uid)
		if err != nil || o.UID < ref.ItemFrom || o.UID > ref.ItemTo {
			return at, errs.New(errs.NotFound, "This document has no such passage.")
		}
		version, ordinal = int(ref.Generation), ref.Ordinal
	}
	if err := d.chooseVersion(r, &at, int64(version), p); err != nil {
		return at, err
	}
	if at.gen.Generation != int64(version) {
		ordinal = -1
	}
	return at, d.findPlace(r, &at, ordinal)
}

// chooseVersion opens a version, or the current one in place of one that is
// not kept.
func (d *Dashboard) chooseVersion(r *http.Request, at *reading, version int64, p *itemPage) error {
	at.gen = library.GenerationRef{LibraryUID: at.LibraryUID, ItemUID: at.UID, Generation: at.Generation}
	at.total = int(at.ChunkCount)
	p.Version = at.Generation
	if version == at.Generation {
		return nil
	}
	kept, err := d.opt.Libraries.Versions(r.Context(), at.Item, versionsShown)
	if err != nil {
		return err
	}
	was := "version " + strconv.FormatInt(version, 10)
	p.Notice = "What you asked for is of " + was + ", which is not kept any more. This is the current version."
	for _, v := range kept {
		if v.Number == version && v.Status == library.VersionRetired && v.HasText {
			at.gen.Generation, at.total = version, int(v.ChunkCount)
			p.Version, p.Current = version, at.path(tabText)
			p.Notice = "This is " + was + ", which a newer one has replaced. Search does not find it any more."
		}
	}
	return nil
}

// findPlace fills in what is cited and where the page begins.
func (d *Dashboard) findPlace(r *http.Request, at *reading, ordinal int) error {
	point, cited := number(page.Param(r, "at"))
	from, _ := number(page.Param(r, "from"))
	switch {
	case ordinal >= 0:
		chunks, err := d.chunks(r.Context(), at.gen, ordinal, ordinal+1)
		if err != nil {
			return err
		}
		if len(chunks) == 0 {
			return errs.New(errs.NotFound, "This document has no such passage.")
		}
		at.at, at.to, from = chunks[0].Start, chunks[0].End, ordinal/passagesPer*passagesPer
	case cited:
		within, err := d.ordinalAt(r.Context(), at.gen, at.total, point)
		if err != nil {
			return err
		}
		at.at, from = point, within/passagesPer*passagesPer
		if to, ok := number(page.Param(r, "to")); ok && to > point {
			at.to = to
		}
	}
	at.from = min(from, max(at.total-1, 0))
	return d.toPage(r.Context(), at)
}

// read fills in the page that begins at a place.
func (d *Dashboard) read(ctx context.Context, at reading, p *itemPage) error {
	chunks, err := d.chunks(ctx, at.gen, at.from, at.from+passagesPer)
	if err != nil {
		return err
	}
	p.Code = p.Head.Document.Type == sourceCode
	p.Total, p.From, p.To = int64(at.total), int64(at.from)+1, int64(at.from+len(chunks))
	p.Passages = passagesOf(chunks, at, p.Code)
	p.Sheet = d.sheetOf(ctx, at, chunks)
	if at.from > 0 {
		p.Previous = at.turn(max(0, at.from-passagesPer))
	}
	if at.from+passagesPer < at.total {
		p.Next = at.turn(at.from + passagesPer)
	}
	if at.total <= passagesPer {
		p.Outline = outlineOf(chunks)
		return nil
	}
	p.Outline, p.OutlineNote, err = d.outline(ctx, at)
	return err
}

// turn is the path of the text from a passage on.
func (at reading) turn(from int) string { return at.link("from", from) }

// link leads to a place of the version that is read.
func (at reading) link(name string, value int) string {
	q := url.Values{name: {strconv.Itoa(value)}}
	if at.gen.Generation != at.Generation {
		q.Set("version", strconv.FormatInt(at.gen.Generation, 10))
	}
	return at.path(tabText) + "?" + q.Encode()
}

func (d *Dashboard) chunks(ctx context.Context, gen library.GenerationRef, from, to int) ([]library.Chunk, error) {
	chunks, err := d.opt.Chunks.Chunks(ctx, gen, from, to)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The text cannot be read right now. Try again.")
	}
	return chunks, nil
}

// ordinalAt finds the passage that holds a code point, or the one before it,
// by halving.
func (d *Dashboard) ordinalAt(ctx context.Context, gen library.GenerationRef, total, at int) (int, error) {
	low, high := 0, total // the passage lies in [low, high)
	for high-low > 1 {
		middle := (low + high) / 2
		chunks, err := d.chunks(ctx, gen, middle, middle+1)
		if err != nil {
			return 0, err
		}
		if len(chunks) == 0 || chunks[0].Start > at {
			high = middle
		} else {
			low = middle
		}
	}
	return low, nil
}

// anchor names the passage that starts at a code point.
func anchor(start int) string { return "c" + strconv.Itoa(start) }

// passagePath leads to a passage of a document.
func passagePath(libraryUID, itemUID string, start int) string {
	return librariesPath + libraryUID + "/items/" + itemUID + "/?at=" + strconv.Itoa(start) + "#" + anchor(start)
}

// number reads a count from a query. What is none is as if it were not there.
func number(text string) (n int, ok bool) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	return max(n, 0), err == nil && n >= 0
}
