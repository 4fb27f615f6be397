package ingest

import (
	"context"
	"errors"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// Failure is why a document could not be taken in, in words for its owner.
type Failure struct { //nolint:errname // a job has a failure, and JobError is what is kept of it
	Code   string // one of the Code constants, or of extract's
	Detail string // one sentence that a person can act on
	// Passing tells that trying again may help.
	Passing bool
	Err     error // the cause, for the log
}

// Error gives the code, the sentence and the cause.
func (f *Failure) Error() string {
	text := f.Code + ": " + f.Detail
	if f.Err != nil {
		text += ": " + f.Err.Error()
	}
	return text
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Why a run ends without an end of its own to write.
var (
	// errLost says that the lease is somebody else's: the job was cancelled,
	// superseded, or taken over.
	errLost = errors.New("ingest: the lease was lost")
	// errGone says that the document was deleted.
	errGone = errors.New("ingest: the document is gone")
	// errStopping says that the worker shuts down.
	errStopping = errors.New("ingest: the worker stops")
)

// failureOf turns any error of the pipeline into one for the job's owner.
func failureOf(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	if x, ok := errors.AsType[*document.Error](err); ok {
		return &Failure{Code: x.Code, Detail: x.Detail, Passing: x.Code == document.CodeInternal, Err: err}
	}
	detail := "Something went wrong inside Mnemosyne; the log says what, under this job's id."
	if e := errs.As(err); e != nil && e.Kind == errs.Unavailable && e.Message != "" {
		detail = e.Message
	}
	return &Failure{Code: document.CodeInternal, Detail: detail, Passing: true, Err: err}
}

// endedBy gives the reason that the run's context was ended with, or err.
func endedBy(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && ctx.Err() != nil && cause != nil {
		return cause
	}
	return err
}
