// Package document is what a file says once it is read: one UTF-8 text, and
// where in it headings, paragraphs, tables, code and pages stand.
//
// It owns that structure, the form in which it is kept (see store.go), the
// Writer that readers of formats fill, and what they all need to get at clean
// text. It knows no format.
package document

// Document is what a file says: one text and where in it everything stands.
// All offsets are byte offsets into Text and fall on rune boundaries.
type Document struct {
	// Text is valid UTF-8 with \n line ends, without \r, NUL or other control
	// characters than tab and newline.
	Text string
	// Title is the document's own title, "" when it has none.
	Title string
	// ContentType is what the content was found to be, such as application/pdf.
	ContentType string
	// Language is a BCP 47 tag, of the file's own statement or found in its
	// text; "" when neither tells.
	Language string
	// Blocks are in reading order, ascending, and do not overlap. Text between
	// them is white space or of no particular kind.
	Blocks []Block
	// Pages are ascending; empty where the format has none.
	Pages []Page
	// Metadata is small: author, created, and the like.
	Metadata map[string]string
}

// BlockKind says what a block is.
type BlockKind uint8

// The kinds of blocks. Their names in the stored form are those of String.
const (
	Paragraph BlockKind = iota
	Heading
	ListItem
	Table
	Code
	Quote
	Caption
	Footnote
)

// String gives the kind's name as it is stored.
func (k BlockKind) String() string {
	switch k {
	case Paragraph:
		return "paragraph"
	case Heading:
		return "heading"
	case ListItem:
		return "list_item"
	case Table:
		return "table"
	case Code:
		return "code"
	case Quote:
		return "quote"
	case Caption:
		return "caption"
	case Footnote:
		return "footnote"
	}
	return "paragraph"
}

func kindOf(name string) BlockKind {
	for k := Paragraph; k <= Footnote; k++ {
		if k.String() == name {
			return k
		}
	}
	return Paragraph
}

// Span is a run of bytes of a document's text.
type Span struct{ Start, End int }

// Empty reports whether the span holds nothing.
func (s Span) Empty() bool { return s.End <= s.Start }

// Block is a run of the text of one kind.
type Block struct {
	Kind BlockKind
	// Level is 1–6 for headings, the depth from 1 for list items, else 0.
	Level      int
	Start, End int
	// Header is what a part of the block needs to be understood: a table's
	// header row, the signature line that encloses a piece of code. It lies
	// within the text, not always within the block. Empty when there is none.
	Header Span
	// Symbol names the function or type that a code block defines, else "".
	Symbol string
	// Title is a heading's words without markup; "" for other kinds.
	Title string
}

// Page is a page's run of the text. Numbers count from 1.
type Page struct{ Number, Start, End int }

// The codes of extraction, as a job reports them.
const (
	CodeUnsupportedType  = "unsupported_type"
	CodePasswordRequired = "password_required"
	CodeCorrupt          = "corrupt"
	CodeTooLarge         = "too_large"
	CodeEmpty            = "empty"
	CodeNoText           = "no_text"
	CodeTimedOut         = "timed_out"
	CodeOutOfMemory      = "out_of_memory"
	CodeInternal         = "internal"
)

// CodeNoPage is of a page that was asked for and is not there. No job ends
// with it.
const CodeNoPage = "no_page"

// Error is a file's own fault, or a limit it ran into.
type Error struct {
	// Code is one of the Code constants.
	Code string
	// Detail is one sentence that a person can act on. It is safe to show.
	Detail string
}

func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// Fault is an Error of that code; detail is one sentence that a person can act
// on.
func Fault(code, detail string) *Error { return &Error{Code: code, Detail: detail} }
