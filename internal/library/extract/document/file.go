package document

import "time"

// Input names a file to read.
type Input struct {
	Path string
	// Filename is the name its owner gave it; it tells apart what the content
	// cannot, such as Markdown from plain text.
	Filename string
	// ContentType is what the sender said. The content decides.
	ContentType string
	// Attachments asks for the files that this one carries, as a message does.
	Attachments bool
}

// Reader reads one file of one format into a writer. A fault of the file's own
// is an *Error. It runs in a process that may end with the file, so it guards
// against what the file declares, not against crashes.
type Reader func(w *Writer, in Input) error

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

// WithDefaults puts the defaults where nothing is set.
func (l Limits) WithDefaults() Limits {
	set := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.MaxBytes, 512<<20)
	set(&l.MaxTextBytes, 256<<20)
	set(&l.MemoryBytes, 512<<20)
	if l.MaxPages <= 0 {
		l.MaxPages = 20_000
	}
	if l.Timeout <= 0 {
		l.Timeout = time.Minute
	}
	return l
}

// Progress hears how far an extraction is; unit is "pages" or "bytes". It is
// called from another goroutine, one call at a time, never after Extract
// returned.
type Progress func(done, total int, unit string)

// Result says what was written. The text itself stays on disk.
type Result struct {
	// Dir holds TextFile and StructureFile, and RegionsFile where words have places.
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
	// Attachments are the files in Dir that the document carries.
	Attachments []Attachment `json:"-"`
}

// Document reads the whole document back into memory.
func (r Result) Document() (*Document, error) { return Load(r.Dir) }
