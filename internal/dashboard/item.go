package dashboard

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	passagesPer = 40  // of a document, on a page
	outlineMost = 400 // passages of a document whose outline is shown whole
)

// itemPage shows a document: what is known of it, and its text by passages.
type itemPage struct {
	Document documentRow
	Library  libraryRow
	Outline  []outlineEntry
	Passages []passage
	From, To int64 // of the passages shown, counted from 1
	Previous string
	Next     string
	Download string
	Code     bool // the text keeps its lines
}

// passage is a chunk with what differs from the one before it.
type passage struct {
	ID       string // of the element: c and where it starts
	Headings []string
	Page     int // 0: as before, or none
	Text     string
	Cited    bool // it holds the place that the link asked for
}

// outlineEntry is a heading and the passage that it begins in.
type outlineEntry struct {
	Text  string
	Level int
	Path  string
}

// item finds the document of the path, in the library of the path.
func (d *Dashboard) item(r *http.Request, s httpx.Session) (library.Item, library.Library, library.Role, error) {
	item, l, role, err := d.opt.Access.Item(r.Context(), s.Principal, httpx.PathParam(r, "item"))
	if err == nil && l.UID != httpx.PathParam(r, "uid") {
		err = errs.New(errs.NotFound, "No such item.")
	}
	return item, l, role, err
}

func (d *Dashboard) showItem(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	item, l, role, err := d.item(r, s)
	if err != nil {
		return err
	}
	p := itemPage{
		Document: documentRowOf(item), Library: libraryRowOf(s.Principal, l, role), Download: "/library/api/items/" + item.UID + "/content/",
	}
	if p.Document.MayDelete, err = d.mayAdd(r, s, l.UID); err != nil {
		return err
	}
	p.Document.MayDelete = p.Document.MayDelete && library.MayChange(s.Principal, l, role, item.CreatedBy)
	if item.Generation > 0 {
		if err := d.passages(r, item, &p); err != nil {
			return err
		}
	}
	return d.views.item.Show(w, r, s, http.StatusOK, page.Heading{Title: p.Document.Title, Area: "libraries"}, p)
}

// passages reads the part of the text that is asked for: the passage at a
// code point (at), or those from an ordinal on (from).
func (d *Dashboard) passages(r *http.Request, item library.Item, p *itemPage) error {
	gen := library.GenerationRef{LibraryUID: item.LibraryUID, ItemUID: item.UID, Generation: item.Generation}
	total := int(item.ChunkCount)
	at, cited := number(page.Param(r, "at"))
	from, _ := number(page.Param(r, "from"))
	if cited {
		ordinal, err := d.ordinalAt(r.Context(), gen, total, at)
		if err != nil {
			return err
		}
		from = ordinal / passagesPer * passagesPer
	}
	from = min(from, max(total-1, 0))
	chunks, err := d.opt.Chunks.Chunks(r.Context(), gen, from, from+passagesPer)
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "The text cannot be read right now. Try again.")
	}
	if !cited {
		at = -1
	}
	p.Code = p.Document.Type == sourceCode
	p.Passages = passagesOf(chunks, at, p.Code)
	p.From, p.To = int64(from)+1, int64(from+len(chunks))
	if from > 0 {
		p.Previous = p.Document.Path + "?from=" + strconv.Itoa(max(0, from-passagesPer))
	}
	if from+passagesPer < total {
		p.Next = p.Document.Path + "?from=" + strconv.Itoa(from+passagesPer)
	}
	outline := chunks
	if total <= outlineMost && total > len(chunks) {
		if outline, err = d.opt.Chunks.Chunks(r.Context(), gen, 0, total); err != nil {
			return errs.Wrap(errs.Unavailable, err, "The text cannot be read right now. Try again.")
		}
	}
	p.Outline = outlineOf(outline, p.Document.Path)
	return nil
}

// ordinalAt finds the passage that holds a code point, or the one before it,
// by halving.
func (d *Dashboard) ordinalAt(ctx context.Context, gen library.GenerationRef, total, at int) (int, error) {
	low, high := 0, total // the passage lies in [low, high)
	for high-low > 1 {
		middle := (low + high) / 2
		chunks, err := d.opt.Chunks.Chunks(ctx, gen, middle, middle+1)
		if err != nil {
			return 0, errs.Wrap(errs.Unavailable, err, "The text cannot be read right now. Try again.")
		}
		if len(chunks) == 0 || chunks[0].Start > at {
			high = middle
		} else {
			low = middle
		}
	}
	return low, nil
}

// passagesOf shows chunks, the headings and pages where they change. at is
// the code point that was cited, or below 0.
func passagesOf(chunks []library.Chunk, at int, code bool) []passage {
	out := make([]passage, len(chunks))
	var headings []string
	page := 0
	for i, c := range chunks {
		out[i] = passage{ID: anchor(c.Start), Text: c.Text, Cited: at >= c.Start && at < max(c.End, c.Start+1)}
		if !code {
			out[i].Text = flow(c.Text)
		}
		if !slices.Equal(headings, c.HeadingPath) {
			headings = c.HeadingPath
			if !opensWith(c.Text, headings) {
				out[i].Headings = headings
			}
		}
		if c.Page != nil && *c.Page != page {
			page, out[i].Page = *c.Page, *c.Page
		}
	}
	return out
}

// opensWith tells whether a passage begins with one of its headings by itself.
func opensWith(text string, headings []string) bool {
	first, _, _ := strings.Cut(text, "\n")
	return slices.Contains(headings, strings.TrimSpace(strings.TrimLeft(first, "#")))
}

// anchor names the passage that starts at a code point.
func anchor(start int) string { return "c" + strconv.Itoa(start) }

// passagePath leads to a passage of a document.
func passagePath(libraryUID, itemUID string, start int) string {
	return librariesPath + libraryUID + "/items/" + itemUID + "/?at=" + strconv.Itoa(start) + "#" + anchor(start)
}

// outlineOf gathers the headings that passages stand under, each where it
// first comes.
func outlineOf(chunks []library.Chunk, path string) []outlineEntry {
	var out []outlineEntry
	var before []string
	for _, c := range chunks {
		same := 0
		for same < len(before) && same < len(c.HeadingPath) && before[same] == c.HeadingPath[same] {
			same++
		}
		for level := same; level < len(c.HeadingPath); level++ {
			out = append(out, outlineEntry{
				Text: c.HeadingPath[level], Level: min(level+1, 4),
				Path: path + "?at=" + strconv.Itoa(c.Start) + "#" + anchor(c.Start),
			})
		}
		before = c.HeadingPath
	}
	return out
}

// number reads a count from a query. What is none is as if it were not there.
func number(text string) (n int, ok bool) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	return max(n, 0), err == nil && n >= 0
}

func (d *Dashboard) confirmDelete(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	if _, _, _, err := d.item(r, s); err != nil {
		return err
	}
	item, l, _, err := d.opt.Access.ItemForWrite(r.Context(), s.Principal, httpx.PathParam(r, "item"))
	if err != nil {
		return err
	}
	row := documentRowOf(item)
	p := page.Confirm{
		Title: "Delete “" + row.Title + "”?", Verb: "Delete document", Action: row.Path + "delete/", Back: row.Path,
		Text: "The document, its text and " + page.Count(row.Passages, "passage", "passages") + " leave “" + l.Name + "” at once. This cannot be undone.",
	}
	return d.opt.Site.Confirm(w, r, s, page.Heading{Title: "Delete a document", Area: "libraries"}, p)
}

func (d *Dashboard) deleteItem(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	item, l, _, err := d.item(r, s)
	if err != nil {
		return err
	}
	if err := d.opt.Libraries.DeleteItem(r.Context(), s.Principal, item.UID); err != nil {
		return err
	}
	return page.Done(w, r, s, "“"+documentRowOf(item).Title+"” is deleted.", librariesPath+l.UID+"/")
}
