package extract

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Limits bound what one file may cost. The zero value of a field means its
// default.
type Limits struct {
	// MaxBytes is the largest file read; 512 MiB.
	MaxBytes int64
	// MaxTextBytes is the longest text; 256 MiB.
	MaxTextBytes int64
	// MaxPages is the longest PDF; 20,000.
	MaxPages int
	// Timeout is for a small file and grows with the size, at most tenfold;
	// 60 s.
	Timeout time.Duration
	// MemoryBytes is the most that the child may hold resident; 512 MiB.
	MemoryBytes int64
}

// Options configure a Pool.
type Options struct {
	// Executable and Args start a child that calls ChildMain.
	Executable string
	Args       []string
	// Workers is the number of children at most; 1.
	Workers int
	// CacheDir keeps compiled PDF code between starts; "" for none, which
	// costs each child's first PDF some three seconds.
	CacheDir string
	// IdleTimeout is how long a child waits for work before it is stopped; one
	// minute.
	IdleTimeout time.Duration
	Limits      Limits
	Logger      *slog.Logger
}

// Input names a file to read.
type Input struct {
	Path string
	// Filename is the name its owner gave it; it tells apart what the content
	// cannot, such as Markdown from plain text.
	Filename string
	// ContentType is what the sender said. The content decides.
	ContentType string
}

// Result says what was written. The text itself stays on disk.
type Result struct {
	// Dir holds TextFile and StructureFile.
	Dir         string            `json:"-"`
	Title       string            `json:"title,omitempty"`
	ContentType string            `json:"content_type"`
	Language    string            `json:"language,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	// TextBytes is the length of the text in bytes, Runes in code points.
	TextBytes int64 `json:"text_bytes"`
	Runes     int64 `json:"runes"`
	// Pages is 0 where the format has none.
	Pages  int `json:"pages,omitempty"`
	Blocks int `json:"blocks"`
}

// Document reads the whole document back into memory.
func (r Result) Document() (*Document, error) { return Load(r.Dir) }

// Progress hears how far an extraction is; unit is "pages" or "bytes".
type Progress func(done, total int, unit string)

// Pool keeps warm child processes that read untrusted files.
type Pool struct {
	opt Options
}

// NewPool makes a pool; Start makes it usable.
func NewPool(opt Options) *Pool { return &Pool{opt: opt} }

// Start checks the options. Children start with the first file.
func (p *Pool) Start(context.Context) error { return nil }

// Stop ends the children and waits for them.
func (p *Pool) Stop(context.Context) error { return nil }

// Extract reads the file and writes its text and structure under dir, which
// must exist. A file's own fault is an *Error; cancelling ctx kills the child
// and leaves nothing in dir.
func (p *Pool) Extract(ctx context.Context, in Input, dir string, progress Progress) (Result, error) {
	return Result{}, errors.New("extract: not built yet")
}
