// Package email reads messages: those of the internet (RFC 5322 with MIME),
// boxes of them (mbox), and Outlook's (.msg).
//
// It owns what a message is, how its parts are told apart and in what order
// they are written. It reads a message as a stream: an attachment, whatever its
// size, takes no memory. It verifies no signature, opens no encryption, and
// fetches nothing that a message refers to.
package email

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// Types of what is read here.
const (
	MessageType = "message/rfc822"
	BoxType     = "application/mbox"
	OutlookType = "application/vnd.ms-outlook"
)

// strong are fields that only messages begin with; weak ones stand at the head
// of memos, too.
var (
	field  = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]{0,70})[ \t]*:`)
	strong = regexp.MustCompile(`(?i)^(received|return-path|message-id|mime-version|delivered-to|dkim-signature|x-mailer|newsgroups|content-transfer-encoding)$`)
	weak   = regexp.MustCompile(`(?i)^(from|to|cc|bcc|subject|date|sender|reply-to)$`)
	// postmark begins each message of a box.
	postmark = regexp.MustCompile(`^From \S.{0,200}\d{1,2}:\d{2}(:\d{2})?.{0,40}\d{4}`)
)

// Identify tells by its start whether a file is a message or a box of them,
// and gives its type. A memo in a file that is named as text of another kind
// (other) is none.
func Identify(head []byte, other bool) string {
	head = bytes.TrimLeft(head, " \t\r\n\ufeff")
	if first, rest, ok := bytes.Cut(head, []byte("\n")); ok && postmark.Match(first) {
		if isMessage(rest, other) {
			return BoxType
		}
	}
	if isMessage(head, other) {
		return MessageType
	}
	return ""
}

func isMessage(head []byte, other bool) bool {
	known, sure := 0, false
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			continue
		}
		m := field.FindSubmatch(line)
		if m == nil {
			// A long head ends anywhere; anything else is no message.
			return sure && known > 3
		}
		switch {
		case strong.Match(m[1]):
			known, sure = known+1, true
		case weak.Match(m[1]):
			known++
		}
	}
	return known > 1 && (sure || !other)
}

// Read reads a message or a box of messages.
func Read(w *document.Writer, in document.Input) error {
	f, err := open(in.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	size := 0
	if info, err := os.Stat(in.Path); err == nil {
		size = int(info.Size())
	}
	p := newParser(f, func(done int) { w.Report(min(done, size), size, "bytes") })
	p.keep = w.Attachments
	if err := p.start(); err != nil {
		return err
	}
	r := &renderer{w: w}
	var first *message
	count := 0
	for ; w.Err() == nil && p.more(); count++ {
		m := p.message(0)
		if p.err != nil {
			return p.err
		}
		if first == nil {
			first = m
		}
		if err := r.message(m, 1); err != nil {
			return err
		}
		p.next()
	}
	if p.err != nil {
		return p.err
	}
	if count == 1 { // the first of many says nothing of their box
		r.describe(first)
	}
	return w.Err() //nolint:wrapcheck // it names what it did
}

// open gives the bytes as they are, for each part has an encoding of its own,
// unless the whole file is UTF-16.
func open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path) //nolint:gosec // reading the caller's file is the task
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	head := make([]byte, 4096)
	n, _ := io.ReadFull(f, head)
	head = head[:n]
	if document.BareUnicode(head) != nil || bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		f.Close()
		return document.OpenText(path) //nolint:wrapcheck // it names what it did
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		f.Close()
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return f, nil
}

func tooLong() error {
	return document.Fault(document.CodeTooLarge, fmt.Sprintf("The message holds more than %s of text; save the long part as a file of its own.", document.Size(maxText)))
}

func encrypted() error {
	return document.Fault(document.CodePasswordRequired, "The message is encrypted; open it in its mail program and submit a copy that is not.")
}

// message is what one message says.
type message struct {
	subject, from, to, cc, bcc, date string
	page                             bool // a web page that was saved as a message
	root                             *part
	carried                          int // attachments that were offered for keeping
}

// part is a part of a message.
type part struct {
	mediaType   string // in lower case, without parameters
	charset     string
	filename    string
	attached    bool   // said to be one
	id          string // that other parts refer to it by
	flowed      bool   // lines that end with a space go on
	delSp       bool   // and lose that space
	text        []byte // of text, decoded from its transfer encoding
	size        int64  // of anything else
	nested      *message
	children    []*part
	unreachable bool // nested too deep to be read
	unread      bool // an attachment that was not kept where others are
}

func (p *part) is(prefix string) bool { return strings.HasPrefix(p.mediaType, prefix) }
