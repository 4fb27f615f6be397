package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// FileState is what became of a file of a folder.
type FileState string

// The states of a file. Accepted and running are followed by another event.
const (
	FileAccepted  FileState = "accepted"  // submitted
	FileRunning   FileState = "running"   // its job went on
	FileDone      FileState = "done"      // in the index
	FileUnchanged FileState = "unchanged" // was there already
	FileSkipped   FileState = "skipped"   // has no content
	FileFailed    FileState = "failed"    // by its job, or not to be read
)

// FileEvent tells of one file of a run.
type FileEvent struct {
	Filename string // as its document is called: the folder's name and the path in it, with slashes
	State    FileState
	Job      *Job  // once it is submitted
	Err      error // why it failed, before it had a job
	Counts   FileCounts
}

// FileCounts counts files up to an event.
type FileCounts struct {
	Found     int // so far; all of them once Walked
	Walked    bool
	Ended     int // done, unchanged, skipped or failed
	Unchanged int
	Skipped   int
	Failed    int
}

type foundFile struct {
	path, name string
	err        error
}

// findFiles walks the paths: hidden names below them are left out, symbolic
// links are not followed, and only regular files are given.
func findFiles(paths []string) iter.Seq[foundFile] {
	return func(yield func(foundFile) bool) {
		stopped := false
		for _, root := range paths {
			abs, err := filepath.Abs(root)
			if err != nil {
				abs = root
			}
			base := filepath.Dir(abs)
			walk := func(path string, entry fs.DirEntry, err error) error {
				name, bad := filepath.Rel(base, path)
				if bad != nil {
					name = path
				}
				hidden := path != abs && strings.HasPrefix(filepath.Base(path), ".")
				switch {
				case err != nil:
				case hidden && entry.IsDir():
					return fs.SkipDir
				case path == abs && !entry.IsDir() && !entry.Type().IsRegular():
					err = errors.New("this is neither a file nor a folder (symbolic links are not followed)")
				case hidden, !entry.Type().IsRegular():
					return nil
				}
				if !yield(foundFile{path: path, name: filepath.ToSlash(name), err: err}) {
					stopped = true
					return fs.SkipAll
				}
				return nil
			}
			if err := filepath.WalkDir(abs, walk); err != nil || stopped {
				return
			}
		}
	}
}

// filesRun is the state of one Files.
type filesRun struct {
	s       *Service
	p       accounts.Principal
	library string
	yield   func(FileEvent, error) bool
	counts  FileCounts
	open    []Job // as last seen
	asked   time.Time
}

// Files takes in files and folders, waits for their jobs, and tells of each.
// Hidden files are left out, symbolic links are not followed. A file's own
// fault is in its event; an error of the sequence ends it. When the caller
// stops reading, jobs already accepted go on.
func (s *Service) Files(ctx context.Context, p accounts.Principal, libraryUID string, paths []string) iter.Seq2[FileEvent, error] {
	return func(yield func(FileEvent, error) bool) {
		if _, _, err := s.access.Write(ctx, p, libraryUID); err != nil {
			yield(FileEvent{}, err)
			return
		}
		r := &filesRun{s: s, p: p, library: libraryUID, yield: yield}
		for f := range findFiles(paths) {
			if ctx.Err() != nil {
				yield(FileEvent{}, ctx.Err())
				return
			}
			r.counts.Found++
			if !r.tell(r.submit(ctx, f)) || !r.look(ctx) {
				return
			}
		}
		r.counts.Walked = true
		tick := time.NewTicker(askEvery)
		defer tick.Stop()
		for len(r.open) > 0 {
			select {
			case <-ctx.Done():
				yield(FileEvent{}, ctx.Err())
				return
			case <-tick.C:
			}
			if !r.look(ctx) {
				return
			}
		}
	}
}

func (r *filesRun) submit(ctx context.Context, f foundFile) FileEvent {
	e := FileEvent{Filename: f.name, State: FileFailed, Err: f.err}
	if f.err != nil {
		return e
	}
	body, size, err := openSame(f.path)
	if err != nil {
		e.Err = err
		return e
	}
	defer func() { _ = body.Close() }()
	if size == 0 {
		e.State = FileSkipped
		return e
	}
	out, err := r.s.Submit(ctx, r.p, Submission{LibraryUID: r.library, Filename: f.name, Body: body, Batch: true})
	switch {
	case err != nil:
		e.Err = err
	case out.Unchanged:
		e.State = FileUnchanged
	default:
		e.State, e.Job = FileAccepted, out.Job
		if !slices.ContainsFunc(r.open, func(j Job) bool { return j.ID == out.Job.ID }) {
			r.open = append(r.open, *out.Job)
		}
	}
	return e
}

// openSame opens a regular file, and no other that came in its place since.
func openSame(path string) (*os.File, int64, error) {
	want, err := os.Lstat(path)
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(path) //nolint:gosec // the caller names the files to take in
	if err != nil {
		return nil, 0, err
	}
	is, err := f.Stat()
	if err == nil && !os.SameFile(want, is) {
		err = fmt.Errorf("%s changed while it was opened", path)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, is.Size(), nil
}

func (r *filesRun) tell(e FileEvent) bool {
	switch e.State {
	case FileDone:
		r.counts.Ended++
	case FileUnchanged:
		r.counts.Ended++
		r.counts.Unchanged++
	case FileSkipped:
		r.counts.Ended++
		r.counts.Skipped++
	case FileFailed:
		r.counts.Ended++
		r.counts.Failed++
	case FileAccepted, FileRunning:
	}
	e.Counts = r.counts
	return r.yield(e, nil)
}

const (
	askEvery = 300 * time.Millisecond
	askMany  = 500
)

// look asks what became of the jobs that are open.
func (r *filesRun) look(ctx context.Context) bool {
	if time.Since(r.asked) < askEvery && !r.counts.Walked {
		return true
	}
	r.asked = time.Now()
	now := make(map[string]Job, len(r.open))
	for part := range slices.Chunk(r.open, askMany) {
		jobs, err := r.s.jobsByID(ctx, part)
		if err != nil {
			r.yield(FileEvent{}, err)
			return false
		}
		for _, j := range jobs {
			now[j.ID] = j
		}
	}
	var still []Job
	for _, was := range r.open {
		j, found := now[was.ID]
		e := FileEvent{Filename: was.Filename, State: FileRunning, Job: &j}
		switch {
		case !found:
			e.State, e.Job, e.Err = FileFailed, nil, errors.New("the library was deleted")
		case j.Status == StatusDone:
			e.State = FileDone
		case j.Status.Ended():
			e.State = FileFailed
		default:
			j.Filename = was.Filename
			still = append(still, j)
		}
		if differs(was, j) && !r.tell(e) {
			return false
		}
		if j.Status == StatusDone && j.Counts.Attachments > 0 {
			more, err := r.carried(ctx, was.Filename, j)
			if err != nil {
				r.yield(FileEvent{}, err)
				return false
			}
			r.counts.Found += len(more)
			still = append(still, more...)
		}
	}
	r.open = still
	return true
}

const jobsOfAttachments = `SELECT ` + jobColumns + ` FROM ingest_job WHERE created_at >= $3
	AND item_uid IN (SELECT uid FROM item WHERE library_uid = $1 AND parent_uid = $2 AND deleted_at IS NULL) ORDER BY created_at, id`

// carried gives the jobs of the attachments that a mail's job made, as they
// began.
func (r *filesRun) carried(ctx context.Context, mail string, j Job) ([]Job, error) {
	jobs, err := sqldb.All(ctx, r.s.db.Read(), scanJob, jobsOfAttachments, j.LibraryUID, j.ItemUID, sqldb.At(j.CreatedAt))
	if err != nil {
		return nil, fmt.Errorf("read the jobs of attachments: %w", err)
	}
	for i := range jobs {
		jobs[i].Filename, jobs[i].Status, jobs[i].Stage = mail+"#"+jobs[i].Filename, StatusQueued, StageFetching
	}
	return jobs, nil
}

// jobsByID reads jobs again that the caller was given.
func (s *core) jobsByID(ctx context.Context, jobs []Job) ([]Job, error) {
	ids := make([]any, len(jobs))
	for i, j := range jobs {
		ids[i] = j.ID
	}
	out, err := sqldb.All(ctx, s.db.Read(), scanJob, `SELECT `+jobColumns+` FROM ingest_job WHERE id IN (`+marks(len(ids))+`) ORDER BY id`, ids...)
	if err != nil {
		return nil, fmt.Errorf("read jobs: %w", err)
	}
	return out, nil
}
