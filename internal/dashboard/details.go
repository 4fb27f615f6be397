package dashboard

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

const (
	versionsShown = 20
	jobsOfItem    = 10
)

// detailsPage shows what is known of a document beside its text.
type detailsPage struct {
	Head      itemHead
	Facts     []fact
	Metadata  []fact
	Versions  []versionRow
	Forgotten string // the versions that are not kept any more
	Jobs      []jobRow
	Here      string
}

// fact is something known, by its name.
type fact struct {
	Name, Value string
	Code        bool      // the value is for machines
	At          time.Time // in place of the value
	Link        string    // where the value leads; empty: nowhere
}

// versionRow is a version of a document as its history shows it.
type versionRow struct {
	Number           int64
	Status           string // current, kept, in the making, or not finished
	CreatedAt        time.Time
	Size, Passages   int64
	Counted          bool // its job is kept, and has counted
	Embedded, Reused int64
	Read             string // path of its text
	Original, Plain  string // downloads
}

func (d *Dashboard) showDetails(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.openWhole(r, s, tabDetails)
	if err != nil {
		return err
	}
	p := detailsPage{Head: o.Head, Metadata: metadataFacts(o.Metadata), Here: r.URL.RequestURI()}
	versions, err := d.opt.Libraries.Versions(r.Context(), o.Item, versionsShown)
	if err != nil {
		return err
	}
	jobs, _, err := d.opt.Ingest.Jobs(r.Context(), s.Principal, ingest.Filter{LibraryUID: o.LibraryUID, ItemUID: o.UID, Limit: jobsOfItem})
	if err != nil {
		return err
	}
	byVersion := map[int64]ingest.Job{}
	for _, j := range jobs {
		byVersion[j.Generation] = j
		p.Jobs = append(p.Jobs, jobRowOf(j, o.Head.Document.MayChange))
	}
	space := ""
	for _, v := range versions {
		p.Versions = append(p.Versions, versionRowOf(o, v, byVersion))
		if v.Number == o.Generation {
			space = v.Space
		}
	}
	if n := len(versions); n > 0 && n < versionsShown && versions[n-1].Number > 1 {
		p.Forgotten = forgotten(versions[n-1].Number - 1)
	}
	p.Facts = factsOf(o.Item, space, d.language(r, o.Item))
	return d.views.details.Show(w, r, s, http.StatusOK, page.Heading{Title: "Details of " + o.Head.Document.Title, Area: librariesArea}, p)
}

func forgotten(upTo int64) string {
	if upTo == 1 {
		return "Version 1 is not kept any more: of a document the newest three are."
	}
	return "Versions 1 to " + strconv.FormatInt(upTo, 10) + " are not kept any more: of a document the newest three are."
}

// language is what the current version says that it is written in. A
// structure that cannot be read says nothing.
func (d *Dashboard) language(r *http.Request, item library.Item) string {
	if item.Generation == 0 {
		return ""
	}
	g, err := d.opt.Libraries.Generation(r.Context(), item, item.Generation)
	if err != nil || g.StructureKey == "" {
		return ""
	}
	o, err := d.structure(r.Context(), g)
	if err != nil {
		return ""
	}
	return o.Language
}

func factsOf(i library.Item, space, language string) []fact {
	row := documentRowOf(i)
	all := []fact{
		{Name: "File", Value: i.Filename},
		{Name: "Collection", Value: row.Collection},
		{Name: "Came from", Value: i.Source, Link: linkTo(i.Source)},
		{Name: "File id", Value: orEmpty(i.FileID), Code: true},
		{Name: "Kind", Value: row.Type},
		{Name: "Language", Value: language},
		{Name: "Content hash", Value: i.ContentHash, Code: true},
		{Name: "Embedding space", Value: space, Code: true},
		{Name: "Added", At: i.CreatedAt},
		{Name: "Changed", At: i.UpdatedAt},
		{Name: "Uid", Value: i.UID, Code: true},
	}
	if i.Source == i.Filename {
		all = slices.DeleteFunc(all, func(f fact) bool { return f.Name == "Came from" })
	}
	return slices.DeleteFunc(all, func(f fact) bool { return f.Value == "" && f.At.IsZero() })
}

// linkTo is a source that a browser may open.
func linkTo(source string) string {
	if onTheWeb(source) {
		return source
	}
	return ""
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// metadataFacts shows what somebody noted on a document, texts as they are
// and the rest as JSON.
func metadataFacts(metadata map[string]any) []fact {
	out := make([]fact, 0, len(metadata))
	for name, value := range metadata {
		f := fact{Name: name}
		if text, ok := value.(string); ok {
			f.Value = text
		} else if raw, err := json.Marshal(value); err == nil {
			f.Value, f.Code = string(raw), true
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b fact) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func versionRowOf(o openedItem, v library.Version, jobs map[int64]ingest.Job) versionRow {
	row := versionRow{Number: v.Number, CreatedAt: v.CreatedAt, Size: v.SizeBytes, Passages: v.ChunkCount}
	job, known := jobs[v.Number]
	if known && job.Status == ingest.StatusDone {
		row.Counted, row.Embedded, row.Reused = true, job.Counts.Embedded, job.Counts.Reused
	}
	suffix := "?generation=" + strconv.FormatInt(v.Number, 10)
	switch {
	case v.Number == o.Generation:
		row.Status, row.Read = "current", o.path(tabText)
	case v.Status == library.VersionRetired:
		row.Status, row.Read = "replaced", o.path(tabText)+"?version="+strconv.FormatInt(v.Number, 10)
	case known && !job.Status.Ended():
		row.Status = "in the making"
	default:
		row.Status = "not finished"
	}
	row.Original = o.Head.Original + suffix
	if row.Read != "" && v.HasText {
		row.Plain = itemsAPI + o.UID + "/text/" + suffix
	}
	return row
}
