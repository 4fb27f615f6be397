package dashboard

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

const (
	jobsPer   = 25
	newerMost = 20 // newer jobs that are counted while a list is looked at
)

// jobsPage lists the jobs of the libraries that a person may read.
type jobsPage struct {
	Jobs      []jobRow
	Statuses  []statusLink
	Status    string
	Libraries []page.Choice
	List      jobList
	Narrowed  bool // by more than a status
	Faults    page.Faults
	Newer     string // path of the page with newer jobs
	Older     string
	Here      string // path to come back to
	Anew      string // path of the list from its beginning
	Poll      string // path that tells how many newer jobs there are
	RetryAll  string // path, where there is something to retry
	CancelAll string
}

// statusLink leads to the jobs of a status. More says that there are more
// than were counted.
type statusLink struct {
	Label, Path string
	Count       int64
	More        bool
	Chosen      bool
}

// jobList is what the address of a list of jobs says.
type jobList struct {
	Status, Library, Item, Name, By, From, To string

	after, before string // cursors
}

func jobListOf(r *http.Request) jobList {
	text := func(name string) string { return strings.TrimSpace(page.Param(r, name)) }
	l := jobList{
		Status: text("status"), Library: text("library"), Item: text("item"), Name: text("name"), By: text("by"),
		From: text("from"), To: text("to"), after: text("after"), before: text("before"),
	}
	if !slices.Contains(ingest.Statuses(), ingest.Status(l.Status)) {
		l.Status = ""
	}
	return l
}

// path is the address of the list, or of what is done with all of it.
func (l jobList) path(below string) string {
	q := url.Values{}
	for name, value := range map[string]string{
		"status": l.Status, "library": l.Library, "item": l.Item, "name": l.Name, "by": l.By, "from": l.From, "to": l.To,
		"after": l.after, "before": l.before,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return jobsPath + below
	}
	return jobsPath + below + "?" + q.Encode()
}

func (l jobList) at(after, before string) jobList {
	l.after, l.before = after, before
	return l
}

func (l jobList) of(status ingest.Status) jobList {
	l.Status = string(status)
	return l.at("", "")
}

// filter reads the list's bounds. A day that is none is Invalid.
func (l jobList) filter() (ingest.Filter, error) {
	f := ingest.Filter{
		Status: ingest.Status(l.Status), LibraryUID: l.Library, ItemUID: l.Item, Name: l.Name, Username: l.By,
		Cursor: cmp.Or(l.before, l.after), Newer: l.before != "", Limit: jobsPer,
	}
	wrong := &errs.Error{Kind: errs.Invalid, Message: "A day of this list is none."}
	day := func(name, text string) time.Time {
		t, err := time.Parse(time.DateOnly, text)
		if err != nil && text != "" {
			wrong.Fields = map[string][]string{name: {"Give a day as 2026-01-31."}}
		}
		return t
	}
	f.Since = day("from", l.From)
	if f.Until = day("to", l.To); !f.Until.IsZero() {
		f.Until = f.Until.AddDate(0, 0, 1)
	}
	if wrong.Fields != nil {
		return f, wrong
	}
	return f, nil
}

func (d *Dashboard) listJobs(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	l := jobListOf(r)
	p := jobsPage{List: l, Status: l.Status, Anew: l.at("", "").path("")}
	p.Narrowed = cmp.Or(l.Library, l.Item, l.Name, l.By, l.From, l.To) != ""
	readable, err := d.opt.Access.Readable(r.Context(), s.Principal)
	if err != nil {
		return err
	}
	p.Libraries = librariesToChoose(readable, l.Library)
	status := http.StatusOK
	f, err := l.filter()
	if found, ok := page.FaultsOf(err); ok {
		status, p.Faults = http.StatusBadRequest, found
	} else if err = d.fillJobs(r, s, f, namesOf(readable), &p); err != nil {
		return err
	}
	return d.views.jobs.Show(w, r, s, status, page.Heading{Title: "Jobs", Area: "jobs"}, p)
}

func librariesToChoose(readable []library.Library, chosen string) []page.Choice {
	out := make([]page.Choice, len(readable))
	for i, l := range readable {
		out[i] = page.Choice{Value: l.UID, Label: l.Name, Chosen: l.UID == chosen}
	}
	slices.SortStableFunc(out, func(a, b page.Choice) int {
		return cmp.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label))
	})
	return out
}

// fillJobs reads a page of the list, and how many jobs of each status the
// list has.
func (d *Dashboard) fillJobs(r *http.Request, s httpx.Session, f ingest.Filter, names map[string]string, p *jobsPage) error {
	jobs, next, err := d.opt.Ingest.Jobs(r.Context(), s.Principal, f)
	if err == nil && f.Newer && next == "" { // the list's beginning, and it may have become a whole page
		p.List = p.List.at("", "")
		f.Cursor, f.Newer = "", false
		jobs, next, err = d.opt.Ingest.Jobs(r.Context(), s.Principal, f)
	}
	if err != nil {
		return err
	}
	p.Here = p.List.path("")
	p.turns(jobs, next, f)
	if p.Jobs, err = d.jobRows(r, s, jobs, names); err != nil {
		return err
	}
	counts, err := d.opt.Ingest.Counts(r.Context(), s.Principal, f)
	if err != nil {
		return err
	}
	p.count(counts)
	return nil
}

// turns says where the list goes on, both ways.
func (p *jobsPage) turns(jobs []ingest.Job, next string, f ingest.Filter) {
	switch {
	case len(jobs) == 0 && f.Cursor != "":
		p.Newer = p.Anew
		return
	case f.Newer:
		p.Newer = p.List.at("", next).path("")
		p.Older = p.List.at(ingest.CursorOf(jobs[len(jobs)-1]), "").path("")
		return
	case next != "":
		p.Older = p.List.at(next, "").path("")
	}
	first := ""
	if len(jobs) > 0 {
		first = ingest.CursorOf(jobs[0])
	}
	if f.Cursor != "" {
		p.Newer = p.List.at("", first).path("")
	} else {
		p.Poll = p.List.at("", first).path("newer/")
	}
}

func (d *Dashboard) jobRows(r *http.Request, s httpx.Session, jobs []ingest.Job, names map[string]string) ([]jobRow, error) {
	var out []jobRow
	mayAct := map[string]func(ingest.Job) bool{}
	for _, j := range jobs {
		if mayAct[j.LibraryUID] == nil {
			may, err := d.mayAct(r, s, j.LibraryUID)
			if err != nil {
				return nil, err
			}
			mayAct[j.LibraryUID] = may
		}
		row := jobRowOf(j, mayAct[j.LibraryUID](j))
		row.Library = names[j.LibraryUID]
		if j.Username != s.Principal.Username {
			row.Username = j.Username
		}
		out = append(out, row)
	}
	return out, nil
}

// count says how many jobs of each status there are, and offers what can be
// done with all of them.
func (p *jobsPage) count(counts map[ingest.Status]int64) {
	all := statusLink{Label: "all", Path: p.List.of("").path(""), Chosen: p.Status == ""}
	var each []statusLink
	for _, status := range ingest.Statuses() {
		n := counts[status]
		link := statusLink{
			Label: string(status), Path: p.List.of(status).path(""), Count: n, More: n == ingest.CountedMost, Chosen: p.Status == string(status),
		}
		all.Count, all.More = all.Count+n, all.More || link.More
		each = append(each, link)
	}
	p.Statuses = append([]statusLink{all}, each...)
	failed := func(row jobRow) bool { return row.MayRetry && row.Failed }
	if slices.ContainsFunc(p.Jobs, failed) && counts[ingest.StatusFailed] > 1 {
		p.RetryAll = p.List.of("").path("retry/")
	}
	open := counts[ingest.StatusQueued] + counts[ingest.StatusRunning]
	if slices.ContainsFunc(p.Jobs, func(row jobRow) bool { return row.MayCancel }) && open > 1 {
		p.CancelAll = p.List.of("").path("cancel/")
	}
}

// newerJobs tells how many jobs came in since a list was shown.
func (d *Dashboard) newerJobs(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	f, err := jobListOf(r).filter()
	if err != nil {
		return err
	}
	f.Limit = newerMost
	jobs, next, err := d.opt.Ingest.Jobs(r.Context(), s.Principal, f)
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, struct {
		Newer int  `json:"newer"`
		More  bool `json:"more"` // than that
	}{len(jobs), next != ""})
}
