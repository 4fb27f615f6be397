package ingest

import (
	"context"
	"iter"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

// FileState is what became of a file of a folder.
type FileState string

// The states of a file.
const (
	FileAccepted  FileState = "accepted"  // submitted; another event follows
	FileRunning   FileState = "running"   // its job went on; another event follows
	FileDone      FileState = "done"      // in the index
	FileUnchanged FileState = "unchanged" // was there already
	FileFailed    FileState = "failed"    // by its job, or not to be read
)

// FileEvent tells of one file of a run.
type FileEvent struct {
	Filename string // relative to the path given, with slashes
	State    FileState
	Job      *Job  // once it is submitted
	Err      error // why it failed, before it had a job
	// Submitted, Ended and Failed count files, up to this event. Found is how
	// many there are, 0 while folders are still being walked.
	Submitted, Ended, Failed, Found int
}

// Files takes in files and folders, waits for their jobs, and tells of each.
// Hidden files are left out, symbolic links are not followed. A file's own
// fault is in its event; an error of the sequence ends it. When the caller
// stops reading, jobs already accepted go on.
func (s *Service) Files(ctx context.Context, p accounts.Principal, libraryUID string, paths []string) iter.Seq2[FileEvent, error] {
	return func(yield func(FileEvent, error) bool) {}
}
