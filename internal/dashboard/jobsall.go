package dashboard

import (
	"context"
	"net/http"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

func (d *Dashboard) confirmRetryAll(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return d.confirmAll(w, r, s, "retry/", "Retry", "failed", ingest.StatusFailed)
}

func (d *Dashboard) confirmCancelAll(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return d.confirmAll(w, r, s, "cancel/", "Cancel", "unfinished", ingest.StatusQueued, ingest.StatusRunning)
}

// confirmAll asks before something is done with all jobs of a list that have
// one of the statuses.
func (d *Dashboard) confirmAll(w http.ResponseWriter, r *http.Request, s httpx.Session, below, verb, kind string, statuses ...ingest.Status) error {
	l := jobListOf(r).of("")
	f, err := l.filter()
	if err != nil {
		return err
	}
	counts, err := d.opt.Ingest.Counts(r.Context(), s.Principal, f)
	if err != nil {
		return err
	}
	var n int64
	more := ""
	for _, status := range statuses {
		n += counts[status]
		if counts[status] == ingest.CountedMost {
			more = " or more"
		}
	}
	if n == 0 {
		return page.Refused(w, r, s, "There is no "+kind+" job in this list.", l.path(""))
	}
	which, err := d.inWords(r, s, l)
	if err != nil {
		return err
	}
	text := "Those that you may not change are left as they are."
	if below == "retry/" {
		text = "Each gets all its tries again. A document that nothing was mended of fails again. " + text
	} else {
		text = "Documents that were never read stay unread; older versions stay as they are. " + text
	}
	jobs := page.Count(n, kind+" job", kind+" jobs") + more
	return d.opt.Site.Confirm(w, r, s, page.Heading{Title: verb + " jobs", Area: "jobs"}, page.Confirm{
		Title: verb + " " + jobs + "?", Text: which + text, Verb: verb + " " + jobs, Action: l.path(below), Back: l.path(""), Keep: "Leave them",
	})
}

// inWords says what a list is narrowed to, or nothing.
func (d *Dashboard) inWords(r *http.Request, s httpx.Session, l jobList) (string, error) {
	var parts []string
	if l.Library != "" {
		lib, _, err := d.opt.Access.Read(r.Context(), s.Principal, l.Library)
		if err != nil {
			return "", err
		}
		parts = append(parts, "in “"+lib.Name+"”")
	}
	for _, part := range []struct{ words, value string }{
		{"of one document", l.Item},
		{"named like “" + l.Name + "”", l.Name},
		{"submitted by " + l.By, l.By},
		{"from " + l.From, l.From},
		{"up to " + l.To, l.To},
	} {
		if part.value != "" {
			parts = append(parts, part.words)
		}
	}
	if len(parts) == 0 {
		return "In all libraries. ", nil
	}
	return "Only those " + strings.Join(parts, ", ") + ". ", nil
}

func (d *Dashboard) retryAll(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return d.actOnAll(w, r, s, d.opt.Ingest.RetryAll, "queued again", "could not be queued again: they are not yours to change, or a newer version took their place")
}

func (d *Dashboard) cancelAll(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return d.actOnAll(w, r, s, d.opt.Ingest.CancelAll, "cancelled", "could not be cancelled: they are not yours to change, or were too far on")
}

type actOnJobs func(ctx context.Context, p accounts.Principal, f ingest.Filter) (ingest.Bulk, error)

func (d *Dashboard) actOnAll(w http.ResponseWriter, r *http.Request, s httpx.Session, act actOnJobs, done, passed string) error {
	l := jobListOf(r).of("")
	f, err := l.filter()
	if err != nil {
		return err
	}
	out, err := act(r.Context(), s.Principal, f)
	if err != nil {
		return err
	}
	text := page.Count(int64(out.Done), "job is ", "jobs are ") + done + "."
	if out.Passed > 0 {
		text += " " + page.Count(int64(out.Passed), "job", "jobs") + " " + passed + "."
	}
	if out.Rest {
		text += " There are more: do it again for the next."
	}
	if out.Done == 0 {
		return page.Refused(w, r, s, text, l.path(""))
	}
	return page.Done(w, r, s, text, l.path(""))
}
