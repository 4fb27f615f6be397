package extract

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/ocr"
	"git.helu.ca/r/mnemosyne/internal/library/extract/sandbox"
)

// Parent and child speak in frames over the child's stdin and stdout: a length
// of four bytes, big-endian, and as many bytes of JSON. The text of documents
// goes through files, never through a frame.
const maxFrame = 1 << 20

// confinement is the first thing that a child hears: what it may still reach.
type confinement struct {
	Folders sandbox.Folders `json:"folders"`
}

// request asks a child for one file: to read it or, with a Picture, to draw one
// of its pages. Paths are absolute.
type request struct {
	// Prepare asks for no file, but to compile what readers need into the
	// cache.
	Prepare     bool            `json:"prepare,omitempty"`
	Path        string          `json:"path"`
	Filename    string          `json:"filename"`
	ContentType string          `json:"content_type"`
	Dir         string          `json:"dir"`
	CacheDir    string          `json:"cache_dir"`
	Limits      document.Limits `json:"limits"`
	// CPUSeconds is what the file may take in processor time.
	CPUSeconds int `json:"cpu_seconds"`
	// Attachments asks for the files that the file carries, too.
	Attachments bool    `json:"attachments,omitempty"`
	Picture     *PageOf `json:"picture,omitempty"`
	// OCR reads pictures of text.
	OCR ocr.Engine `json:"ocr,omitzero"`
}

// reply is one of eight: ready, prepared, preparing, recognising, progress, a result, a picture, an error. Fault is the file's
// own, Failure that of the program or machine.
type reply struct {
	// Ready is the first thing that a child says.
	Ready bool `json:"ready,omitempty"`
	// Means, with Ready, are what keeps the child in.
	Means sandbox.Means `json:"means,omitzero"`
	// Prepared: what was to be compiled is in the cache.
	Prepared bool `json:"prepared,omitempty"`
	// Preparing brackets work that is the program's own, such as to compile
	// its PDF code, once in a child's life: true before, false after.
	Preparing *bool `json:"preparing,omitempty"`
	// Recognising says that so many pages are about to be recognised, each of
	// which takes a second and more; once a file.
	Recognising int              `json:"recognising,omitempty"`
	Progress    *progressReply   `json:"progress,omitempty"`
	Result      *document.Result `json:"result,omitempty"`
	// Drawn: the picture that was asked for is there.
	Drawn   bool            `json:"drawn,omitempty"`
	Fault   *document.Error `json:"fault,omitempty"`
	Failure string          `json:"failure,omitempty"`
	// Crashed asks the parent for a fresh child: this one is in doubt.
	Crashed bool `json:"crashed,omitempty"`
}

type progressReply struct {
	Done  int    `json:"done"`
	Total int    `json:"total"`
	Unit  string `json:"unit"`
}

// sound tells whether progress is as our children tell it: one that was taken
// over may say anything.
func (p *progressReply) sound() bool {
	return slices.Contains([]string{"pages", "bytes", "lines"}, p.Unit) && p.Done >= 0 && p.Total >= 0
}

func writeFrame(w io.Writer, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a frame: %w", err)
	}
	if len(body) > maxFrame {
		return fmt.Errorf("encode a frame: %d bytes are too many", len(body))
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body))) //nolint:gosec // at most maxFrame
	if _, err := w.Write(append(frame, body...)); err != nil {
		return fmt.Errorf("write a frame: %w", err)
	}
	return nil
}

func readFrame(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err //nolint:wrapcheck // io.EOF is the orderly end
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return fmt.Errorf("read a frame: %d bytes are too many", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return fmt.Errorf("read a frame: %w", err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("decode a frame: %w", err)
	}
	return nil
}
