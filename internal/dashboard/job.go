package dashboard

import (
	"fmt"
	"net/http"
	"time"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

// jobPage is a job with all that is known of it.
type jobPage struct {
	Job       jobRow
	Document  string // its path; empty when it is gone
	Title     string // of the document
	OfItem    string // path of all its jobs
	Username  string
	FileID    string
	Attempts  int64
	Version   int64
	StartedAt *time.Time
	EndedAt   *time.Time
	Took      string
	Counts    ingest.Counts
	Code      string
	Remedy    string // what to do about the error
	Events    []eventRow
	Here      string
}

// eventRow is a step of a job's life.
type eventRow struct {
	At     time.Time
	Status string
	Stage  string
	Detail string
	Took   string // until the next step
}

func (d *Dashboard) showJob(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	j, err := d.opt.Ingest.Job(r.Context(), s.Principal, httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	l, _, err := d.opt.Access.Read(r.Context(), s.Principal, j.LibraryUID)
	if err != nil {
		return err
	}
	events, err := d.opt.Ingest.Events(r.Context(), s.Principal, j.ID)
	if err != nil {
		return err
	}
	may, err := d.mayAct(r, s, j.LibraryUID)
	if err != nil {
		return err
	}
	p := jobPageOf(j, may(j))
	p.Job.Library, p.Events = l.Name, eventsOf(events)
	item, _, _, err := d.opt.Access.Item(r.Context(), s.Principal, j.ItemUID)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	if err == nil {
		row := documentRowOf(item)
		p.Document, p.Title = row.Path, row.Title
	} else {
		p.Job.ItemPath = ""
	}
	return d.views.job.Show(w, r, s, http.StatusOK, page.Heading{Title: p.Job.Name + " – job", Area: "jobs"}, p)
}

func jobPageOf(j ingest.Job, mayAct bool) jobPage {
	p := jobPage{
		Job: jobRowOf(j, mayAct), OfItem: jobList{Item: j.ItemUID}.path(""), Username: j.Username, Attempts: j.Attempts,
		Version: j.Generation, StartedAt: j.StartedAt, EndedAt: j.FinishedAt, Counts: j.Counts,
	}
	p.Here = p.Job.Path
	if j.FileID != nil {
		p.FileID = *j.FileID
	}
	if j.StartedAt != nil && j.FinishedAt != nil {
		p.Took = spell(j.FinishedAt.Sub(*j.StartedAt))
	}
	if j.Error != nil {
		p.Code, p.Remedy = j.Error.Code, remedyOf(j.Error.Code)
	}
	return p
}

func eventsOf(events []ingest.Event) []eventRow {
	out := make([]eventRow, len(events))
	for i, e := range events {
		out[i] = eventRow{At: e.At, Status: string(e.Status), Detail: e.Detail}
		if e.Stage != "" && e.Status == ingest.StatusRunning {
			out[i].Stage = stageLabel(e.Stage)
		}
		if i+1 < len(events) {
			out[i].Took = spell(events[i+1].At.Sub(e.At))
		}
	}
	return out
}

// spell says how long something took, no more exactly than it matters.
func spell(took time.Duration) string {
	switch {
	case took < 0:
		return ""
	case took < time.Second:
		return fmt.Sprintf("%d ms", took.Milliseconds())
	case took < time.Minute:
		return fmt.Sprintf("%.1f s", took.Seconds())
	}
	minutes := took.Round(time.Second)
	return fmt.Sprintf("%d min %d s", int(minutes.Minutes()), int(minutes.Seconds())%60)
}

// remedyOf says what to do about a job that failed. Why it failed, the job
// says.
func remedyOf(code string) string {
	switch code {
	case document.CodeUnsupportedType:
		return "Save the document as a type that is read, such as PDF, DOCX, HTML, Markdown or plain text, and add that. A retry alone changes nothing."
	case document.CodePasswordRequired:
		return "Take the password off the document and add it again. A retry alone changes nothing."
	case document.CodeCorrupt:
		return "Open the file yourself: if it opens, save it anew and add that; if not, get it from where it came from. A retry alone changes nothing."
	case document.CodeTooLarge:
		return "Split the document, or leave out what is not text, and add the parts."
	case document.CodeEmpty, document.CodeNoText:
		return "There are no words to find in it. Scanned pages need text recognition first: add the document with its text."
	case document.CodeTimedOut, document.CodeOutOfMemory:
		return "Retry it when less is going on. If it fails again, split the document."
	case ingest.CodeEmbedderFailed:
		return "Retry it. If it fails again, whoever runs this place should look at the embedding service."
	case ingest.CodeSourceMissing, ingest.CodeSourceForbidden:
		return "See to it that the file is where it was said to be and may be read from here, then retry."
	case ingest.CodeSourceUnreachable:
		return "The place that the file comes from did not answer. Retry it later."
	case ingest.CodeHashMismatch:
		return "The file is not the one that was announced. Submit it again."
	}
	return "Retry it. If it fails again, whoever runs this place finds the cause in the log, under this job’s id."
}
