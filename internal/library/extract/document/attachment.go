package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Attachment is a file that another file carries, such as a message, and that
// is to be a document of its own.
type Attachment struct {
	// Number is its place in the file, from 1. Its bytes lie in the file of
	// AttachmentFile(Number).
	Number int    `json:"number"`
	Name   string `json:"name"` // without folders
	Size   int64  `json:"size"`
	// Subject, From and Date are those of the message that carries it.
	Subject string `json:"subject,omitempty"`
	From    string `json:"from,omitempty"`
	Date    string `json:"date,omitempty"`
}

const (
	// AttachmentsFile lists the attachments of a document, in a JSON array.
	AttachmentsFile = "attachments.json"

	// MaxAttachments is how many of a file are kept, MaxAttachmentsEach of one
	// message in it.
	MaxAttachments     = 500
	MaxAttachmentsEach = 100

	maxAttachmentName = 200 // bytes
	maxAttachmentWord = 300 // bytes of what is said of its message
	maxAttachmentList = 2 << 20
)

// AttachmentFile names the file that an attachment is kept in.
func AttachmentFile(number int) string { return "attachment-" + strconv.Itoa(number) }

// ErrNotKept says that an attachment is not to be a document.
var ErrNotKept = errors.New("document: the attachment is not kept")

// Attachments keeps what a file carries in a folder.
type Attachments struct {
	dir string
	// readable tells whether a file may be read under a name.
	readable func(path, name string) bool
	left     int64 // bytes that may still be written
	begun    int
	list     []Attachment
}

// NewAttachments keeps attachments in dir, most bytes altogether: what a file
// carries is hardly larger than it is.
func NewAttachments(dir string, most int64, readable func(path, name string) bool) *Attachments {
	return &Attachments{dir: dir, readable: readable, left: most}
}

// Attached is an attachment that is being written.
type Attached struct {
	of    *Attachments
	file  *os.File // nil: it is not kept
	entry Attachment
	err   error
}

// Begin takes in an attachment, of which the number and size are found out.
func (a *Attachments) Begin(about Attachment) *Attached {
	w := &Attached{of: a, entry: about}
	w.entry.Name = AttachmentName(about.Name)
	for _, word := range []*string{&w.entry.Subject, &w.entry.From, &w.entry.Date} {
		*word = cutBytes(OneLine(Clean(*word)), maxAttachmentWord)
	}
	const mostBegun = 4 * MaxAttachments // for what is not kept costs time, too
	if a.begun++; len(a.list) >= MaxAttachments || a.begun > mostBegun {
		w.err = ErrNotKept
		return w
	}
	w.entry.Number = len(a.list) + 1
	w.file, w.err = os.Create(filepath.Join(a.dir, AttachmentFile(w.entry.Number)))
	return w
}

// Write fails with what End tells.
func (w *Attached) Write(piece []byte) (n int, err error) {
	if w.entry.Size += int64(len(piece)); w.err == nil && w.entry.Size > w.of.left {
		w.err = ErrNotKept
	}
	if w.err == nil {
		n, w.err = w.file.Write(piece)
	}
	return n, w.err
}

// Drop has End not keep what cannot be read to its end.
func (w *Attached) Drop() {
	if w.err == nil {
		w.err = ErrNotKept
	}
}

// End keeps the attachment, or gives ErrNotKept when it is empty, too much, or
// nothing that can be read.
func (w *Attached) End() (Attachment, error) {
	if w.file == nil {
		return w.entry, fmt.Errorf("keep an attachment: %w", w.err)
	}
	err := errors.Join(w.err, w.file.Close())
	if err == nil && (w.entry.Size == 0 || !w.of.readable(w.file.Name(), w.entry.Name)) {
		err = ErrNotKept
	}
	if err != nil {
		return w.entry, errors.Join(err, os.Remove(w.file.Name()))
	}
	w.of.left -= w.entry.Size
	w.of.list = append(w.of.list, w.entry)
	return w.entry, nil
}

// Close writes the list, where anything was kept.
func (a *Attachments) Close() error {
	if len(a.list) == 0 {
		return nil
	}
	raw, err := json.Marshal(a.list)
	if err == nil {
		err = os.WriteFile(filepath.Join(a.dir, AttachmentsFile), raw, 0o600)
	}
	if err != nil {
		return fmt.Errorf("list the attachments: %w", err)
	}
	return nil
}

// AttachmentName makes a file name of what a message says: its last part
// alone, in one line, not endless, never empty.
func AttachmentName(name string) string {
	name = OneLine(Clean(name))
	if at := strings.LastIndexAny(name, `/\`); at >= 0 {
		name = name[at+1:]
	}
	name = strings.TrimSpace(name)
	if len(name) > maxAttachmentName {
		ext := filepath.Ext(name)
		if len(ext) > 10 {
			ext = ""
		}
		name = cutBytes(name[:len(name)-len(ext)], maxAttachmentName-len(ext)) + ext
	}
	if strings.Trim(name, ". ") == "" {
		return "attachment"
	}
	return name
}

// cutBytes shortens a text to whole characters.
func cutBytes(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return strings.TrimSpace(s[:most])
}

// ReadAttachments reads the list of a folder; where there is none, it is
// empty. A list that Attachments would not have written is an error: it comes
// from a process that read a file which may be hostile. Whether the files are
// there is not looked at.
func ReadAttachments(dir string) ([]Attachment, error) {
	f, err := os.Open(filepath.Join(dir, AttachmentsFile)) //nolint:gosec // the caller names the folder
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the list of attachments: %w", err)
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxAttachmentList+1))
	if err != nil {
		return nil, fmt.Errorf("read the list of attachments: %w", err)
	}
	var list []Attachment
	if len(raw) > maxAttachmentList || json.Unmarshal(raw, &list) != nil || len(list) > MaxAttachments {
		return nil, errors.New("the list of attachments is not as it should be")
	}
	for i, a := range list {
		if !a.sound(i + 1) {
			return nil, fmt.Errorf("attachment %d is not as it should be", i+1)
		}
	}
	return list, nil
}

// sound tells whether an entry is as Begin makes it.
func (a Attachment) sound(number int) bool {
	for _, word := range []string{a.Subject, a.From, a.Date} {
		if len(word) > maxAttachmentWord || OneLine(Clean(word)) != word {
			return false
		}
	}
	return a.Number == number && a.Size > 0 && AttachmentName(a.Name) == a.Name
}
