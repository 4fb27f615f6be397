package ingest

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

const (
	bulkMost = 500 // jobs that are acted on in one go
	bulkPage = 100
	bulkRead = 5000 // jobs that are looked at in one go
)

// Bulk is what became of jobs that were acted on together.
type Bulk struct {
	Done   int  // those that the act was for
	Passed int  // those that it was not for, or that are not the caller's to change
	Rest   bool // there are more than are acted on in one go
}

// RetryAll retries the failed jobs that a filter lets through, newest first,
// as Retry does each.
func (s *Service) RetryAll(ctx context.Context, p accounts.Principal, f Filter) (Bulk, error) {
	f.Status = StatusFailed
	var out Bulk
	err := s.actOnAll(ctx, p, f, &out, func(id string) (bool, error) {
		_, err := s.Retry(ctx, p, id)
		return err == nil, err
	})
	return out, err
}

// CancelAll cancels the jobs that a filter lets through and that have not
// ended, the waiting ones first, as Cancel does each.
func (s *Service) CancelAll(ctx context.Context, p accounts.Principal, f Filter) (Bulk, error) {
	var out Bulk
	for _, f.Status = range []Status{StatusQueued, StatusRunning} {
		err := s.actOnAll(ctx, p, f, &out, func(id string) (bool, error) {
			j, err := s.Cancel(ctx, p, id)
			return j.Status == StatusCancelled, err
		})
		if err != nil || out.Rest {
			return out, err
		}
	}
	return out, nil
}

// actOnAll walks through a list and adds to out. An act that is refused is no
// reason to stop: the job has moved on, or is another's.
func (s *Service) actOnAll(ctx context.Context, p accounts.Principal, f Filter, out *Bulk, act func(id string) (done bool, err error)) error {
	f.Limit, f.Cursor, f.Newer = bulkPage, "", false
	for {
		jobs, next, err := s.Jobs(ctx, p, f)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if out.Done == bulkMost || out.Done+out.Passed == bulkRead {
				out.Rest = true
				return nil
			}
			done, err := act(j.ID)
			switch {
			case done:
				out.Done++
			case err == nil, errs.Is(err, errs.Conflict), errs.Is(err, errs.NotFound), errs.Is(err, errs.Forbidden):
				out.Passed++
			default:
				return err
			}
		}
		if next == "" {
			return nil
		}
		f.Cursor = next
	}
}
