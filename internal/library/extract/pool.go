// Package extract turns a file into structured text.
//
// It tells what a file is, has the format's reader read it in a child process
// under limits, and gives the document that came of it; formats are packages
// of their own below it. It refuses to know where files come from, who may
// read them, or how the text is cut into chunks. A file that cannot be read is
// a *document.Error with a code and one sentence that a person can act on; it
// never takes anything else down.
package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/ocr"
)

// timeout grows by the base for every 16 MiB.
func timeout(l document.Limits, size int64) time.Duration {
	return min(l.Timeout+time.Duration(size>>20)*l.Timeout/16, 10*l.Timeout)
}

// What recognising text may take beside the rest: each page its share, all of
// them no more than an hour.
const (
	recognitionPerPage = 20 * time.Second
	recognitionMost    = time.Hour
)

// recognitionTime is what is added to a file's time.
func recognitionTime(pages int) time.Duration {
	return min(time.Duration(max(pages, 0))*recognitionPerPage, recognitionMost)
}

// cpuSeconds is what a file may take in processor time. The collector and the
// compiler of PDF code work beside the reader.
func cpuSeconds(wall time.Duration) int { return int(wall.Seconds())*2 + 10 }

// Options configure a Pool.
type Options struct {
	// Executable and Args start a child that calls ChildMain.
	Executable string
	Args       []string
	// Workers is the number of children at most; 1.
	Workers int
	// TempDir is where children get an empty folder to work in; the system's
	// when "".
	TempDir string
	// CacheDir keeps compiled PDF code between starts; "" for none, which
	// costs each child's first PDF some three seconds.
	CacheDir string
	// IdleTimeout is how long a child waits for work before it is stopped; one
	// minute.
	IdleTimeout time.Duration
	Limits      document.Limits
	// OCR reads pictures of text.
	OCR    ocr.Engine
	Logger *slog.Logger
}

// ErrStopped says that the pool takes no files, before Start or after Stop.
var ErrStopped = errors.New("extract: the pool is not running")

// grownBytes is what a child may keep after a file; one that holds more is
// replaced, since memory of a process is hardly ever given back.
const grownBytes = 300 << 20

// Pool keeps warm child processes that read untrusted files. A file that is
// hostile, broken or huge fails alone.
type Pool struct {
	opt   Options
	slots chan struct{}

	mu      sync.Mutex
	running bool
	dir     string // holds the children's rooms
	idle    []*worker
	active  sync.WaitGroup
	quit    chan struct{}

	preparing sync.Mutex
	prepared  bool      // what readers need is in the cache
	told      sync.Once // how far children are kept in
}

// NewPool makes a pool; Start makes it usable.
func NewPool(opt Options) *Pool {
	opt.Limits = opt.Limits.WithDefaults()
	opt.Workers = max(opt.Workers, 1)
	if opt.IdleTimeout <= 0 {
		opt.IdleTimeout = time.Minute
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	return &Pool{opt: opt, slots: make(chan struct{}, opt.Workers), quit: make(chan struct{})}
}

// Start makes the folders that children need. The first child starts with the
// first file.
func (p *Pool) Start(context.Context) error {
	dir, err := os.MkdirTemp(p.opt.TempDir, "mnemosyne-extract-")
	if err != nil {
		return fmt.Errorf("make a folder for extraction: %w", err)
	}
	if p.opt.CacheDir != "" {
		if err := os.MkdirAll(p.opt.CacheDir, 0o700); err != nil {
			return errors.Join(fmt.Errorf("make the folder of compiled code: %w", err), os.Remove(dir))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dir, p.running = dir, true
	return nil
}

// Stop refuses new files, waits for those at work until ctx ends, then kills
// the children.
func (p *Pool) Stop(ctx context.Context) error {
	p.mu.Lock()
	if !p.running {
		p.mu.Unlock()
		return nil
	}
	p.running = false
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, w := range idle {
		w.idle.Stop()
		w.stop()
	}
	drained := make(chan struct{})
	go func() {
		p.active.Wait()
		close(drained)
	}()
	select {
	case <-drained:
	case <-ctx.Done():
	}
	close(p.quit)
	<-drained
	if err := os.RemoveAll(p.dir); err != nil {
		return fmt.Errorf("remove the folder for extraction: %w", err)
	}
	return nil
}

// Extract reads the file and writes its text and structure under dir, which
// must exist. A file's own fault is an *Error; any other error is the
// machine's, and the file may be tried again. Cancelling ctx kills the child.
// After an error nothing is left in dir.
func (p *Pool) Extract(ctx context.Context, in document.Input, dir string, progress document.Progress) (document.Result, error) {
	ctx, release, err := p.acquire(ctx)
	if err != nil {
		return document.Result{}, err
	}
	defer release()
	req, timeout, err := p.request(ctx, in)
	if err != nil {
		return document.Result{}, err
	}
	res, err := p.extract(ctx, req, dir, timeout, progress)
	if err != nil {
		return document.Result{}, errors.Join(err, emptied(dir))
	}
	res.Dir = dir
	return res, nil
}

// emptied removes from a folder what a child may have left there.
func emptied(dir string) error {
	left := []string{document.TextFile, document.StructureFile, document.RegionsFile, document.AttachmentsFile}
	for n := range document.MaxAttachments {
		left = append(left, document.AttachmentFile(n+1))
	}
	var faults []error
	for _, name := range left {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !os.IsNotExist(err) {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// acquire waits for a free place. Its context also ends when the pool gives up
// waiting at Stop.
func (p *Pool) acquire(ctx context.Context) (context.Context, func(), error) {
	p.mu.Lock()
	if !p.running {
		p.mu.Unlock()
		return nil, nil, ErrStopped
	}
	p.active.Add(1)
	p.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		select {
		case <-p.quit:
			cancel(ErrStopped)
		case <-done:
		}
	}()
	end := func() {
		close(done)
		cancel(nil)
		p.active.Done()
	}
	select {
	case p.slots <- struct{}{}:
		return ctx, func() { <-p.slots; end() }, nil
	case <-ctx.Done():
		err := context.Cause(ctx)
		end()
		return nil, nil, err
	}
}

// request makes what a child is asked about a file. It sees that what reading
// the file needs is compiled.
func (p *Pool) request(ctx context.Context, in document.Input) (request, time.Duration, error) {
	info, err := os.Stat(in.Path)
	if err != nil {
		return request{}, 0, fmt.Errorf("look at the file: %w", err)
	}
	timeout := timeout(p.opt.Limits, info.Size())
	req := request{
		Filename: in.Filename, ContentType: in.ContentType, Limits: p.opt.Limits,
		CPUSeconds: cpuSeconds(timeout), OCR: p.opt.OCR, Attachments: in.Attachments,
	}
	for to, from := range map[*string]string{&req.Path: in.Path, &req.CacheDir: p.opt.CacheDir} {
		if from == "" {
			continue
		}
		if *to, err = filepath.Abs(from); err != nil {
			return request{}, 0, fmt.Errorf("find the file: %w", err)
		}
	}
	if isPDF(req.Path) && req.CacheDir != "" {
		err = p.prepare(ctx, req)
	}
	return req, timeout, err
}

// extract has a child read the file.
func (p *Pool) extract(ctx context.Context, req request, dir string, timeout time.Duration, progress document.Progress) (document.Result, error) {
	r, err := p.ask(ctx, req, dir, timeout, progress)
	if err != nil {
		return document.Result{}, err
	}
	if r.Result == nil {
		return document.Result{}, errors.New("extract: the child answered what it was not asked")
	}
	return *r.Result, nil
}

// ask has a child do what a request says, and moves what it writes into dir. A
// crash of a child that had read other files before says little about this one,
// so it is tried once more alone.
func (p *Pool) ask(ctx context.Context, req request, dir string, timeout time.Duration, progress document.Progress) (reply, error) {
	for {
		w, err := p.take(ctx, req)
		if err != nil && ctx.Err() != nil {
			return reply{}, context.Cause(ctx)
		}
		if err != nil {
			return reply{}, err
		}
		fresh := w.served == 0
		o := w.serve(ctx, req, dir, timeout, progress)
		crashed := errors.Is(o.err, errGone) || o.reply.Crashed
		if errors.Is(o.err, errGone) {
			o.err = w.crash(req.Limits)
		}
		p.giveBack(w, o.fit)
		if ctx.Err() != nil {
			return reply{}, context.Cause(ctx)
		}
		if crashed && !fresh {
			continue
		}
		if crashed {
			p.opt.Logger.WarnContext(ctx, "extraction process crashed", "state", w.cmd.ProcessState.String())
		}
		return o.result()
	}
}

// result gives what the child said at the end.
func (o outcome) result() (reply, error) {
	switch {
	case o.err != nil:
		return reply{}, o.err
	case o.reply.Fault != nil:
		return reply{}, o.reply.Fault
	case o.reply.Result == nil && !o.reply.Drawn && !o.reply.Prepared:
		return reply{}, fmt.Errorf("extract: %s", o.reply.Failure)
	}
	return o.reply, nil
}

// take gives the child that worked last, or a new one.
func (p *Pool) take(ctx context.Context, req request) (*worker, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		w.idle.Stop()
		return w, nil
	}
	p.mu.Unlock()
	return p.start(ctx, req.CacheDir, false)
}

// start makes a child. One that compiles may write the cache, and reads no
// file.
func (p *Pool) start(ctx context.Context, cache string, compiles bool) (*worker, error) {
	home, err := newRoom(p.dir)
	if err != nil {
		return nil, err
	}
	w, err := startWorker(ctx, p.opt.Executable, p.opt.Args, home, home.folders(cache, compiles))
	if err != nil {
		return nil, errors.Join(err, home.remove())
	}
	p.told.Do(func() {
		if !w.means.Calls || !w.means.Files {
			p.opt.Logger.WarnContext(ctx, "extraction processes are confined only in part", "system_calls", w.means.Calls, "files", w.means.Files)
		}
	})
	return w, nil
}

// prepare has a child of its own compile what readers need, once in the
// pool's life.
func (p *Pool) prepare(ctx context.Context, like request) error {
	p.preparing.Lock()
	defer p.preparing.Unlock()
	if p.prepared {
		return nil
	}
	w, err := p.start(ctx, like.CacheDir, true)
	if err != nil {
		return err
	}
	defer w.stop()
	like.Prepare, like.Path = true, ""
	like.CPUSeconds = int(2 * prepareTimeout.Seconds())
	o := w.run(ctx, like, prepareTimeout, nil)
	if o.err != nil {
		return fmt.Errorf("compile the readers' code: %w", o.err)
	}
	if !o.reply.Prepared {
		return fmt.Errorf("compile the readers' code: %s", o.reply.Failure)
	}
	p.prepared = true
	return nil
}

// isPDF goes by the mark that every PDF has near its beginning.
func isPDF(path string) bool {
	f, err := os.Open(path) //nolint:gosec // the caller's file
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	head, err := io.ReadAll(io.LimitReader(f, 1024))
	return err == nil && bytes.Contains(head, []byte("%PDF-"))
}

// giveBack keeps a child for the next file, or ends it.
func (p *Pool) giveBack(w *worker, fit bool) {
	if !fit || residentBytes(w.cmd.Process.Pid) > grownBytes {
		w.stop()
		return
	}
	p.mu.Lock()
	if !p.running {
		p.mu.Unlock()
		w.stop()
		return
	}
	p.idle = append(p.idle, w)
	w.idle = time.AfterFunc(p.opt.IdleTimeout, func() { p.retire(w) })
	p.mu.Unlock()
}

// retire stops a child that has been idle for long.
func (p *Pool) retire(w *worker) {
	p.mu.Lock()
	i := slices.Index(p.idle, w)
	if i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 {
		w.stop()
	}
}
