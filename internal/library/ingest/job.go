package ingest

import (
	"time"
)

// Status is where a job stands. A job ends once: done, failed or cancelled.
type Status string

// The statuses of a job.
const (
	StatusQueued    Status = "queued"
	StatusRunning   Status = "running"
	StatusDone      Status = "done"
	StatusFailed    Status = "failed"
	StatusCancelled Status = "cancelled"
)

// Statuses are all of them, in the order of a job's life.
func Statuses() []Status {
	return []Status{StatusQueued, StatusRunning, StatusDone, StatusFailed, StatusCancelled}
}

// Ended tells whether the job has come to its end.
func (s Status) Ended() bool {
	return s == StatusDone || s == StatusFailed || s == StatusCancelled
}

// Stage is what a job is at, or was at when it ended.
type Stage string

// The stages of a job, in order.
const (
	StageFetching   Stage = "fetching"
	StageExtracting Stage = "extracting"
	StageChunking   Stage = "chunking"
	StageEmbedding  Stage = "embedding"
	StageIndexing   Stage = "indexing"
)

// Job is one document on its way into the index. Its JSON is the one that
// the contract gives a job.
type Job struct {
	ID          string     `json:"id"`
	Status      Status     `json:"status"`
	Stage       Stage      `json:"stage"`
	Progress    Progress   `json:"progress"`
	LibraryUID  string     `json:"library_uid"`
	WorkspaceID *string    `json:"workspace_id"`
	ItemUID     string     `json:"item_uid"`
	FileID      *string    `json:"file_id"`
	Filename    string     `json:"filename"`
	Title       string     `json:"title"`
	Attempts    int64      `json:"attempts"`
	Error       *JobError  `json:"error"`
	Counts      Counts     `json:"counts"`
	CreatedAt   time.Time  `json:"created_at"`
	StartedAt   *time.Time `json:"started_at"`
	FinishedAt  *time.Time `json:"finished_at"`

	Generation int64     `json:"-"` // of the item, that the job makes
	Queue      string    `json:"-"`
	Username   string    `json:"-"` // of who submitted it, where jobs are listed or read
	AddedBy    string    `json:"-"` // the id of who added its document, likewise
	UpdatedAt  time.Time `json:"-"`
}

// Progress is how far the stage is. Total is 0 while it is not known.
type Progress struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	Unit  string `json:"unit"` // bytes, pages or chunks
}

// JobError is why a job failed.
type JobError struct {
	Code   string `json:"code"`   // one of the Code constants
	Detail string `json:"detail"` // one sentence that a person can act on
}

// Counts is what a job found and did.
type Counts struct {
	Pages    int64 `json:"pages"`
	Chunks   int64 `json:"chunks"`
	Embedded int64 `json:"embedded"`
	Reused   int64 `json:"reused"` // chunks that kept their vectors
	// Attachments is how many files a mail carries that are documents of their
	// own, each with a job of its own.
	Attachments int64 `json:"attachments"`
}

// The codes of job errors, beside those of extraction.
const (
	CodeSourceMissing     = "source_missing"
	CodeSourceForbidden   = "source_forbidden"
	CodeSourceUnreachable = "source_unreachable"
	CodeHashMismatch      = "hash_mismatch"
	CodeEmbedderFailed    = "embedder_failed"
)

// Event is a step in a job's life: a stage that began, or its end.
type Event struct {
	At     time.Time `json:"at"`
	Status Status    `json:"status"`
	Stage  Stage     `json:"stage"`
	Detail string    `json:"detail"` // for people: why it waits, failed or was cancelled
}
