package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/sandbox"
)

// worker is a running child process.
type worker struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	exited chan struct{} // closed when the process is gone
	room   room
	means  sandbox.Means
	served int
	// prepared counts what the child said of its preparing.
	prepared int
	idle     *time.Timer
}

// startWorker starts a child with hardly an environment in a room of its own,
// which goes with it. A thread of its own waits for it, since the kernel ties "die with your parent" to the
// thread that started the child.
func startWorker(ctx context.Context, executable string, args []string, home room, reach sandbox.Folders) (*worker, error) {
	cmd := exec.Command(executable, args...) //nolint:gosec,noctx // our own binary; a worker outlives the file it was started for
	cmd.Env = []string{"TMPDIR=" + home.out(), "HOME=" + home.out(), "PATH=/usr/local/bin:/usr/bin:/bin"}
	cmd.Dir = home.out()
	detach(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the extraction process: %w", err)
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start the extraction process: %w", err)
	}
	cmd.Stdout = childOut
	w := &worker{cmd: cmd, in: in, out: out, exited: make(chan struct{}), room: home}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		childOut.Close()
		started <- err
		if err != nil {
			return
		}
		endGroup(cmd.Process.Pid)
		_ = cmd.Wait() // the state is read by crash
		close(w.exited)
	}()
	if err := <-started; err != nil {
		in.Close()
		out.Close()
		return nil, fmt.Errorf("start the extraction process: %w", err)
	}
	if err := w.await(ctx, reach); err != nil {
		w.stop()
		return nil, err
	}
	return w, nil
}

// await tells the child what it may reach and waits for its first word, so that a program that cannot start
// is never taken for a file that makes it crash.
func (w *worker) await(ctx context.Context, reach sandbox.Folders) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = w.cmd.Process.Kill() })
	defer stop()
	var r reply
	err := writeFrame(w.in, confinement{reach})
	if err == nil {
		err = readFrame(w.out, &r)
	}
	if err != nil || !r.Ready {
		if ctx.Err() != nil {
			return fmt.Errorf("start the extraction process: %w", ctx.Err())
		}
		return fmt.Errorf("start the extraction process: %s does not answer as one", w.cmd.Path)
	}
	w.means = r.Means
	return nil
}

// stop ends the process and waits for it.
func (w *worker) stop() {
	w.in.Close()
	killAll(w.cmd.Process)
	<-w.exited
	w.out.Close()
	_ = w.room.remove() // the pool's folder goes with the pool
}

// outcome is how a file ended: the child's last reply, or why there is none.
type outcome struct {
	reply reply
	err   error
	fit   bool // the child may read another file
}

// errGone says that the child ended by itself in the middle of a file.
var errGone = errors.New("the extraction process ended")

// prepareTimeout bounds what a child does once before its first file of a
// kind: on a small machine, compiling the PDF code takes a minute.
const prepareTimeout = 5 * time.Minute

// serve has the child do what a request says of a file, in its room, and moves
// what it writes into dir.
func (w *worker) serve(ctx context.Context, req request, dir string, timeout time.Duration, progress document.Progress) outcome {
	if err := w.room.put(req.Path); err != nil {
		return outcome{err: err, fit: true}
	}
	req.Path, req.Dir = w.room.doc(), w.room.out()
	o := w.run(ctx, req, timeout, progress)
	if o.err == nil && o.reply.Fault == nil && o.reply.Failure == "" {
		o.err = w.take(&o.reply, dir, req.Limits)
	}
	if err := w.room.empty(); err != nil || o.err != nil {
		o.fit = false
	}
	return o
}

// take moves what the child wrote into dir, and bounds what it says: a child
// may have been taken over by its file.
func (w *worker) take(r *reply, dir string, l document.Limits) error {
	if err := w.room.take(dir); err != nil || r.Result == nil {
		return err
	}
	r.Result.Bound()
	list, err := w.room.takeAttachments(dir, l.MaxBytes)
	r.Result.Attachments = list
	return err
}

// run has the child do what a request says, within its limits.
func (w *worker) run(ctx context.Context, req request, timeout time.Duration, progress document.Progress) outcome {
	w.served++
	if err := writeFrame(w.in, req); err != nil {
		return outcome{err: errGone}
	}
	done, news := make(chan outcome, 1), news{make(chan bool, 2), make(chan int, 1)}
	go func() { done <- w.listen(progress, news) }()
	began := time.Now()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	const watch = 50 * time.Millisecond
	ticker := time.NewTicker(watch)
	defer ticker.Stop()
	looks := time.NewTicker(20 * watch)
	defer looks.Stop()
	kill := func(err error) outcome {
		killAll(w.cmd.Process)
		<-done
		return outcome{err: err}
	}
	for {
		select {
		case o := <-done:
			return o
		case <-ctx.Done():
			return kill(ctx.Err())
		case pages := <-news.recognising:
			timeout += recognitionTime(pages)
			timer.Reset(timeout - time.Since(began))
		case now := <-news.preparing:
			began = time.Now()
			if now {
				timer.Reset(prepareTimeout)
			} else {
				timer.Reset(timeout)
			}
		case <-timer.C:
			return kill(document.Fault(document.CodeTimedOut, fmt.Sprintf("Reading the file took longer than %s; split it, or save it in a simpler form.", timeout.Round(time.Second))))
		case <-looks.C:
			if w.room.overfull(writtenBytes(req.Limits)) {
				return kill(document.Fault(document.CodeTooLarge, "Reading the file took more room on the disk than it should; it may be damaged or hostile."))
			}
		case <-ticker.C:
			if w.memory() > req.Limits.MemoryBytes {
				return kill(memoryFault(req.Limits))
			}
		}
	}
}

// news is what a child says of itself in the middle of a file.
type news struct {
	preparing   chan bool
	recognising chan int // pages; once
}

// memory is what the child holds, with the programs that it started.
func (w *worker) memory() int64 { return residentOfTree(w.cmd.Process.Pid) }

func memoryFault(l document.Limits) *document.Error {
	return document.Fault(document.CodeOutOfMemory, fmt.Sprintf("Reading the file took more than %s of memory; split it, or save it in a simpler form.", document.Size(l.MemoryBytes)))
}

// listen reads replies until the last.
func (w *worker) listen(progress document.Progress, news news) outcome {
	told := false
	for {
		var r reply
		if err := readFrame(w.out, &r); err != nil {
			killAll(w.cmd.Process) // in case it only garbled its answer
			<-w.exited
			return outcome{err: errGone}
		}
		if r.Preparing != nil {
			if w.prepared < cap(news.preparing) { // a child that is taken over by a file gets no more time
				w.prepared++
				news.preparing <- *r.Preparing
			}
			continue
		}
		if r.Recognising != 0 {
			if !told { // nor more than once
				told = true
				news.recognising <- r.Recognising
			}
			continue
		}
		if r.Progress == nil {
			return outcome{reply: r, fit: !r.Crashed}
		}
		if progress != nil && r.Progress.sound() {
			progress(r.Progress.Done, r.Progress.Total, r.Progress.Unit)
		}
	}
}

// crash says why a child ended by itself.
func (w *worker) crash(l document.Limits) *document.Error {
	<-w.exited
	if s, ok := w.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		switch s.Signal() {
		case syscall.SIGKILL: // the kernel's, for want of memory
			return memoryFault(l)
		case syscall.SIGXCPU:
			return document.Fault(document.CodeTimedOut, "Reading the file took too much processor time; split it, or save it in a simpler form.")
		default:
		}
	}
	return crashFault()
}
