package dashboard

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

const (
	documentsPer = 25
	recentJobs   = 8
	inNone       = "none" // in place of a collection's uid: the documents that are in none
)

// libraryPage shows what a library holds and what is on its way in.
type libraryPage struct {
	Head        libraryHead
	MayAdd      bool
	MayFetch    bool     // what is at a web address
	MaxUpload   int64    // bytes of a file
	Collections []string // that there are, to put a file into
	Filter      documentFilter
	Documents   []documentRow
	MayTick     bool // some can be deleted or moved
	Previous    string
	Next        string
	Jobs        []jobRow
	Blank       jobRow
	Here        string
}

// documentFilter is how the list of documents is narrowed and ordered.
type documentFilter struct {
	Text                         string
	Statuses, Collections, Sorts []page.Choice
	Narrowed                     bool
	Sort                         library.DocumentSort
}

// documentRow is a document as the list shows it.
type documentRow struct {
	UID, Title, Filename string
	Path                 string
	Status               string
	Code                 string // of its fault
	Meaning              string // of the code
	Fault                string // why it cannot be read, or why its newest version cannot
	Type                 string
	Size, Passages       int64
	Pages                *int64
	Collection           string
	AddedAt              time.Time
	MayChange            bool
	MayRetry             bool
	MayReplace           bool // an attachment is replaced with its mail
}

// documentParams are the parts of a list's address that narrow and order it.
func documentParams() []string { return []string{"q", "status", "collection", "sort"} }

func (d *Dashboard) showLibrary(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabDocuments)
	if err != nil {
		return err
	}
	p := libraryPage{Head: o.Head, Blank: blankJob(), MaxUpload: d.opt.MaxUpload, MayFetch: d.opt.FetchURLs, Here: r.URL.RequestURI()}
	if p.MayAdd, err = d.mayAdd(r, s, o.UID); err != nil {
		return err
	}
	if err := d.documents(r, s, o, &p); err != nil {
		return err
	}
	jobs, _, err := d.opt.Ingest.Jobs(r.Context(), s.Principal, ingest.Filter{LibraryUID: o.UID, Limit: recentJobs})
	if err != nil {
		return err
	}
	for _, j := range jobs {
		p.Jobs = append(p.Jobs, jobRowOf(j, p.MayAdd && library.MayChange(s.Principal, o.Library, o.Role, &j.AddedBy)))
	}
	return d.views.library.Show(w, r, s, http.StatusOK, page.Heading{Title: o.Name, Area: librariesArea}, p)
}

func (d *Dashboard) documents(r *http.Request, s httpx.Session, o opened, p *libraryPage) error {
	q := narrowing(r, documentParams()...)
	var at library.DocumentPosition
	if err := d.cursor(r, s, q, &at); err != nil {
		return err
	}
	collections, names, err := d.collectionNames(r, o.Library)
	if err != nil {
		return err
	}
	f := filterOf(q, o.UID)
	found, err := d.opt.Libraries.Documents(r.Context(), s.Principal, f, at, documentsPer)
	if err != nil {
		return err
	}
	p.Collections, p.Filter = names, filterShown(q, f, collections)
	for _, i := range found.Items {
		row := documentRowOf(i)
		row.MayChange = p.MayAdd && library.MayChange(s.Principal, o.Library, o.Role, i.CreatedBy)
		row.MayReplace = row.MayChange && i.ParentUID == nil
		row.MayRetry = row.MayChange && mayHelp(i.ErrorCode)
		p.MayTick = p.MayTick || row.MayChange
		p.Documents = append(p.Documents, row)
	}
	if n := len(found.Items); n > 0 && found.Before {
		if p.Previous, err = d.pageAt(r, s, q, library.PositionOf(found.Items[0], true)); err != nil {
			return err
		}
	}
	if n := len(found.Items); n > 0 && found.After {
		p.Next, err = d.pageAt(r, s, q, library.PositionOf(found.Items[n-1], false))
	}
	return err
}

// filterOf reads what the address narrows the list to. What it does not know
// narrows nothing.
func filterOf(q url.Values, libraryUID string) library.DocumentFilter {
	f := library.DocumentFilter{LibraryUID: libraryUID, Text: strings.TrimSpace(q.Get("q")), Sort: library.ByNewest}
	if status := library.ItemStatus(q.Get("status")); slices.Contains(itemStatuses(), status) {
		f.Status = status
	}
	if sort := library.DocumentSort(q.Get("sort")); sort == library.ByName || sort == library.BySize {
		f.Sort = sort
	}
	switch uid := q.Get("collection"); uid {
	case "":
	case inNone:
		f.Collection = new("")
	default:
		f.Collection = &uid
	}
	return f
}

func itemStatuses() []library.ItemStatus {
	return []library.ItemStatus{library.ItemReady, library.ItemProcessing, library.ItemFailed}
}

func filterShown(q url.Values, f library.DocumentFilter, collections []library.Collection) documentFilter {
	shown := documentFilter{Text: f.Text, Sort: f.Sort, Narrowed: f.Text != "" || f.Status != "" || f.Collection != nil}
	for _, status := range itemStatuses() {
		shown.Statuses = append(shown.Statuses, page.Choice{Value: string(status), Label: string(status), Chosen: status == f.Status})
	}
	for _, sort := range []struct {
		sort  library.DocumentSort
		label string
	}{{library.ByNewest, "newest first"}, {library.ByName, "by name"}, {library.BySize, "largest first"}} {
		shown.Sorts = append(shown.Sorts, page.Choice{Value: string(sort.sort), Label: sort.label, Chosen: sort.sort == f.Sort})
	}
	chosen := q.Get("collection")
	offered := chosen == "" || chosen == inNone
	for _, c := range collections {
		offered = offered || c.UID == chosen
		shown.Collections = append(shown.Collections, page.Choice{Value: c.UID, Label: c.Name, Chosen: c.UID == chosen})
	}
	if !offered {
		shown.Collections = append(shown.Collections, page.Choice{Value: chosen, Label: "the collection that was chosen", Chosen: true})
	}
	if len(shown.Collections) > 0 {
		shown.Collections = append(shown.Collections, page.Choice{Value: inNone, Label: "in no collection", Chosen: chosen == inNone})
	}
	return shown
}

func documentRowOf(i library.Item) documentRow {
	row := documentRow{
		UID: i.UID, Title: i.Title, Filename: i.Filename, Path: librariesPath + i.LibraryUID + "/items/" + i.UID + "/",
		Status: string(i.Status), Code: i.ErrorCode, Meaning: meaningOf(i.ErrorCode), Fault: i.ErrorDetail,
		Type: kindOf(i.ContentType), Size: i.SizeBytes, Passages: i.ChunkCount, Pages: i.Pages, AddedAt: i.CreatedAt,
	}
	if i.Collection != nil {
		row.Collection = *i.Collection
	}
	if row.Title == "" {
		row.Title = i.Filename
	}
	if row.Title == "" {
		row.Title = i.UID
	}
	return row
}

// sourceCode is the kind of a document whose line breaks mean something.
const sourceCode = "Source code"

// kindOf is a media type as people say it.
func kindOf(contentType string) string {
	kind, _, _ := strings.Cut(contentType, ";")
	switch kind {
	case "application/pdf":
		return "PDF"
	case "text/html", "application/xhtml+xml":
		return "HTML"
	case "text/markdown":
		return "Markdown"
	case "text/plain":
		return "Text"
	case "text/csv":
		return "Table"
	case "application/vnd.openxmlformats-officedocument.wordprocessingml.document":
		return "Word"
	case "message/rfc822", "application/mbox", "application/vnd.ms-outlook":
		return "E-mail"
	case "":
		return ""
	}
	if strings.HasPrefix(kind, "text/") {
		return sourceCode
	}
	return kind
}
