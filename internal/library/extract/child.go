package extract

import (
	"errors"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/sandbox"
)

// ChildMain is the whole life of a child process: it reads requests from stdin
// and answers on stdout until stdin closes, which it also notices in the
// middle of a file. It returns the exit code; the caller exits with it.
func ChildMain(stdin io.Reader, stdout io.Writer) int {
	var in confinement
	if err := readFrame(stdin, &in); err != nil {
		return 1
	}
	confine()
	if writeFrame(stdout, reply{Ready: true, Means: sandbox.Enter(in.Folders)}) != nil {
		return 1
	}
	requests := make(chan request)
	gone := make(chan int, 1)
	go func() {
		for {
			var req request
			if err := readFrame(stdin, &req); err != nil {
				if errors.Is(err, io.EOF) {
					gone <- 0
				} else {
					gone <- 1
				}
				return
			}
			requests <- req
		}
	}()
	// Memory matters more here than the collector's time: most of the heap is
	// PDFium's, which holds no pointers.
	debug.SetGCPercent(40)
	c := &child{out: stdout}
	go func() {
		for req := range requests {
			if !c.serve(req) {
				gone <- 1
				return
			}
		}
	}()
	return <-gone
}

// compiledBytes is room for what the cache of compiled PDF code writes.
const compiledBytes = 256 << 20

// writtenBytes is what a child may write for a file, at most: its text, and
// what it carries, which is no longer than it is.
func writtenBytes(l document.Limits) int64 { return 2*l.MaxTextBytes + l.MaxBytes + compiledBytes }

// child serves requests one after the other.
type child struct {
	mu     sync.Mutex
	out    io.Writer
	reader reader
	memory int64 // the limit that is set, in bytes
}

// keepHeapBytes is how much memory a child keeps for its next file instead of
// giving it back, which costs a whole collection.
const keepHeapBytes = 32 << 20

// heapBytes is what the heap holds of the system's memory.
func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64() + sample[1].Value.Uint64()
}

func (c *child) send(r reply) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return writeFrame(c.out, r)
}

// serve reads one file and reports whether this process is fit for another.
func (c *child) serve(req request) bool {
	confineFile(req.CPUSeconds, writtenBytes(req.Limits))
	if c.memory != req.Limits.MemoryBytes {
		c.memory = req.Limits.MemoryBytes
		debug.SetMemoryLimit(c.memory * 7 / 10) // stops the world, so not for each file
	}
	c.reader.limits = req.Limits
	c.reader.pdf.CacheDir = req.CacheDir
	c.reader.pdf.Preparing = func(now bool) { _ = c.send(reply{Preparing: &now}) }
	c.reader.recognising = func(pages int) {
		confineFile(req.CPUSeconds+cpuSeconds(recognitionTime(pages)), writtenBytes(req.Limits))
		_ = c.send(reply{Recognising: pages})
	}
	c.reader.ocr, c.reader.pdf.OCR, c.reader.pdf.Recognising = req.OCR, req.OCR, c.reader.recognising
	r := c.read(req)
	err := c.send(r)
	if heapBytes() > keepHeapBytes {
		debug.FreeOSMemory()
	}
	return err == nil && !r.Crashed
}

// read reads the file and turns whatever happens into a reply. A panic is the
// file's doing: nothing else runs here.
func (c *child) read(req request) (r reply) {
	defer func() {
		if p := recover(); p != nil {
			r = reply{Fault: crashFault(), Crashed: true}
		}
	}()
	if req.Prepare {
		if err := c.reader.pdf.Compile(); err != nil {
			return reply{Failure: err.Error()}
		}
		return reply{Prepared: true}
	}
	in := document.Input{Path: req.Path, Filename: req.Filename, ContentType: req.ContentType, Attachments: req.Attachments}
	if req.Picture != nil {
		return answer(nil, c.reader.draw(in, *req.Picture, req.Dir))
	}
	res, err := c.reader.extract(in, req.Dir, func(done, total int, unit string) {
		// A parent that is gone is noticed on stdin.
		_ = c.send(reply{Progress: &progressReply{done, total, unit}})
	})
	return answer(&res, err)
}

// answer tells what came of a file; without a result it was drawn.
func answer(res *document.Result, err error) reply {
	if fault := document.AsError(err); fault != nil {
		return reply{Fault: fault}
	}
	if err != nil {
		return reply{Failure: err.Error(), Crashed: os.IsPermission(err)}
	}
	return reply{Result: res, Drawn: res == nil}
}

func crashFault() *document.Error {
	return document.Fault(document.CodeCorrupt, "The file made its reader crash, so it is damaged or hostile; open it in its program and save it again.")
}
