package dashboard

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

const jobsPath = "/jobs/"

// jobRow is a job as lists show it.
type jobRow struct {
	ID, Name    string
	Status      string
	Steps       []jobStep
	Detail      string
	Failed      bool
	Done, Total int64  // of the stage; Total is 0 when there is no bar
	Path        string // of the job's own page
	ItemPath    string
	Username    string // another person's who submitted it, where jobs of several are listed
	Library     string // its name, where jobs of several are listed
	LibraryPath string
	CreatedAt   time.Time
	MayCancel   bool
	MayRetry    bool
	MayAct      bool // the buttons are there, for when they are needed
	Final       bool // it is done: nothing changes any more
}

// jobStep is a stage of a job: done, current, failed, or still to come.
type jobStep struct{ Stage, Label, State string }

// jobRowOf shows a job. mayAct tells whether the person may cancel or retry it.
func jobRowOf(j ingest.Job, mayAct bool) jobRow {
	row := jobRow{
		ID: j.ID, Name: nameOfJob(j), Status: string(j.Status), Steps: stepsOf(j), Detail: jobDetail(j), CreatedAt: j.CreatedAt,
		Failed:      j.Error != nil,
		Path:        jobsPath + j.ID + "/",
		LibraryPath: librariesPath + j.LibraryUID + "/",
		MayCancel:   mayAct && !j.Status.Ended(),
		MayRetry:    mayAct && (j.Status == ingest.StatusFailed || j.Status == ingest.StatusCancelled),
		MayAct:      mayAct,
		Final:       j.Status == ingest.StatusDone,
	}
	if j.Status == ingest.StatusRunning && j.Progress.Total > 0 {
		row.Done, row.Total = j.Progress.Done, j.Progress.Total
	}
	if j.Status == ingest.StatusDone {
		row.ItemPath = row.LibraryPath + "items/" + j.ItemUID + "/"
	}
	return row
}

func nameOfJob(j ingest.Job) string {
	for _, name := range []string{j.Filename, j.Title} {
		if name != "" {
			return name
		}
	}
	if j.FileID != nil {
		return *j.FileID
	}
	return j.ItemUID
}

// stageLabel is a stage as people read it.
func stageLabel(s ingest.Stage) string {
	return strings.ToUpper(string(s[:1])) + string(s[1:])
}

func stages() []ingest.Stage {
	return []ingest.Stage{ingest.StageFetching, ingest.StageExtracting, ingest.StageChunking, ingest.StageEmbedding, ingest.StageIndexing}
}

// stepsOf shows the stages of a job. static/jobs.js has the same rules.
func stepsOf(j ingest.Job) []jobStep {
	all := stages()
	at := slices.Index(all, j.Stage)
	steps := make([]jobStep, len(all))
	for i, stage := range all {
		steps[i] = jobStep{Stage: string(stage), Label: stageLabel(stage)}
		switch {
		case j.Status == ingest.StatusDone, j.Status != ingest.StatusQueued && i < at:
			steps[i].State = "done"
		case i == at && j.Status == ingest.StatusRunning:
			steps[i].State = "current"
		case i == at && j.Status == ingest.StatusFailed:
			steps[i].State = "failed"
		}
	}
	return steps
}

// jobDetail is a sentence on how the job stands.
func jobDetail(j ingest.Job) string {
	switch {
	case j.Error != nil:
		return j.Error.Detail
	case j.Status == ingest.StatusQueued:
		return "Waits for its turn."
	case j.Status == ingest.StatusDone:
		return page.Count(j.Counts.Chunks, "passage", "passages")
	case j.Status == ingest.StatusCancelled:
		return "Cancelled."
	case j.Stage == "":
		return ""
	case j.Progress.Total == 0 || j.Progress.Unit == "bytes":
		return stageLabel(j.Stage)
	}
	unit := j.Progress.Unit
	if unit == "chunks" {
		unit = "passages" // as every page calls them
	}
	return stageLabel(j.Stage) + ": " + strconv.FormatInt(j.Progress.Done, 10) + " of " + page.Count(j.Progress.Total, strings.TrimSuffix(unit, "s"), unit)
}

// blankJob is the row that a script fills in for a file that is uploaded.
// Whoever may upload may act on what they uploaded.
func blankJob() jobRow { return jobRow{Steps: stepsOf(ingest.Job{}), MayAct: true} }

func (d *Dashboard) retryJob(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	j, err := d.opt.Ingest.Retry(r.Context(), s.Principal, httpx.PathParam(r, "id"))
	return d.acted(w, r, s, err, "“"+nameOfJob(j)+"” gets another try.")
}

func (d *Dashboard) cancelJob(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	j, err := d.opt.Ingest.Cancel(r.Context(), s.Principal, httpx.PathParam(r, "id"))
	text := "“" + nameOfJob(j) + "” is cancelled."
	if err == nil && j.Status != ingest.StatusCancelled {
		text = "“" + nameOfJob(j) + "” was too far on to be cancelled."
	}
	return d.acted(w, r, s, err, text)
}

// acted goes back to the list that the button was on. What stands against the
// wish is said there.
func (d *Dashboard) acted(w http.ResponseWriter, r *http.Request, s httpx.Session, err error, text string) error {
	back := httpx.SafeNext(r.PostForm.Get("next"))
	if back == "/" {
		back = jobsPath
	}
	if found, ok := page.FaultsOf(err); ok {
		return page.Refused(w, r, s, found[""], back)
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, text, back)
}
