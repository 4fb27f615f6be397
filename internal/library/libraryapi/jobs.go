package libraryapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

const (
	jobsPath = "/library/api/jobs/"
	jobPath  = jobsPath + "{id}/"
	jobTag   = "ingest"
	// heartbeat keeps an idle event stream open through proxies.
	heartbeat = 15 * time.Second
)

func (a *API) jobRoutes() []httpx.Route {
	return []httpx.Route{
		{
			Method: http.MethodGet, Path: jobsPath, ID: "listJobs", Tag: jobTag, Summary: "Jobs, newest first",
			Query: jobsQuery{}, Responses: map[int]any{http.StatusOK: []ingest.Job{}}, Handler: a.listJobs,
		},
		{
			Method: http.MethodGet, Path: jobPath, ID: "getJob", Tag: jobTag, Summary: "One job",
			Responses: map[int]any{http.StatusOK: ingest.Job{}}, Handler: a.getJob,
		},
		{
			Method: http.MethodPost, Path: jobPath + "retry/", ID: "retryJob", Tag: jobTag, Summary: "Queue a failed or cancelled job again",
			Responses: map[int]any{http.StatusAccepted: ingest.Job{}}, Handler: a.retryJob,
		},
		{
			Method: http.MethodPost, Path: jobPath + "cancel/", ID: "cancelJob", Tag: jobTag, Summary: "End a job",
			Responses: map[int]any{http.StatusAccepted: ingest.Job{}}, Handler: a.cancelJob,
		},
		{
			Method: http.MethodGet, Path: jobPath + "events/", ID: "watchJob", Tag: jobTag, Summary: "The job each time it changes, until it ends",
			Responses: map[int]any{http.StatusOK: httpx.Content("text/event-stream")}, Handler: a.watchJob,
		},
	}
}

type jobsQuery struct {
	httpx.Page

	LibraryUID  string `query:"library_uid"`
	WorkspaceID string `query:"workspace_id"`
	Status      string `query:"status" enum:"queued,running,done,failed,cancelled"`
}

func (a *API) listJobs(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	q, err := httpx.Query[jobsQuery](r)
	if err != nil {
		return err
	}
	f := ingest.Filter{LibraryUID: q.LibraryUID, WorkspaceID: q.WorkspaceID, Status: ingest.Status(q.Status), Limit: q.Limit}
	if err := a.opt.Cursors.After(r, p.UserID, q.Page, &f.Cursor); err != nil {
		return err
	}
	jobs, next, err := a.opt.Ingest.Jobs(r.Context(), p, f)
	if err != nil {
		return err
	}
	if next != "" {
		if err := a.opt.Cursors.Next(w, r, p.UserID, next); err != nil {
			return err
		}
	}
	return httpx.JSON(w, http.StatusOK, append([]ingest.Job{}, jobs...))
}

func (a *API) getJob(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	job, err := a.opt.Ingest.Job(r.Context(), p, httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, job)
}

func (a *API) retryJob(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	job, err := a.opt.Ingest.Retry(r.Context(), p, httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusAccepted, job)
}

func (a *API) cancelJob(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	job, err := a.opt.Ingest.Cancel(r.Context(), p, httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusAccepted, job)
}

// step is what a watch gives.
type step struct {
	job ingest.Job
	err error
}

func (a *API) watchJob(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	steps := make(chan step)
	go a.watch(r.Context(), p, httpx.PathParam(r, "id"), steps)
	first, ok := <-steps
	if !ok {
		return r.Context().Err()
	}
	if first.err != nil {
		return first.err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx is to pass each event on
	w.WriteHeader(http.StatusOK)
	a.stream(w, r, first, steps)
	return nil
}

// watch passes on what becomes of a job, until it ends or ctx does.
func (a *API) watch(ctx context.Context, p accounts.Principal, id string, steps chan<- step) {
	defer close(steps)
	for job, err := range a.opt.Ingest.Watch(ctx, p, id) {
		select {
		case steps <- step{job, err}:
		case <-ctx.Done():
			return
		}
	}
}

// stream writes events until the job ends, the caller goes, or the server
// stops. A fault in the middle ends the stream: whoever reads it asks again.
func (a *API) stream(w http.ResponseWriter, r *http.Request, first step, steps <-chan step) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	control := http.NewResponseController(w)
	for s, ok := first, true; ok; {
		if s.err != nil {
			httpx.Report(a.opt.Log, r, s.err)
			return
		}
		raw, err := json.Marshal(s.job)
		if err != nil {
			httpx.Report(a.opt.Log, r, err)
			return
		}
		if _, err := fmt.Fprintf(w, "event: job\ndata: %s\n\n", raw); err != nil || control.Flush() != nil {
			return
		}
		if s, ok = next(w, r, control, beat.C, steps); !ok {
			return
		}
	}
}

// next waits for the next step, beating meanwhile.
func next(w http.ResponseWriter, r *http.Request, control *http.ResponseController, beat <-chan time.Time, steps <-chan step) (step, bool) {
	for {
		select {
		case s, ok := <-steps:
			return s, ok
		case <-beat:
			if _, err := w.Write([]byte(": still here\n\n")); err != nil || control.Flush() != nil {
				return step{}, false
			}
		case <-r.Context().Done():
			return step{}, false
		case <-httpx.Draining(r.Context()):
			return step{}, false
		}
	}
}
