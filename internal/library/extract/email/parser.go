package email

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

const (
	maxDepth = 16       // of parts within parts
	maxParts = 5000     // of a message
	maxText  = 24 << 20 // of the text of a message
)

// parser reads messages line by line. What stands deeper or comes later than
// the limits is passed over.
type parser struct {
	r     *bufio.Reader
	line  []byte // the line at hand, with its end; a piece of one that is very long
	whole bool   // the line at hand begins a line
	blank bool   // the line before was empty
	eof   bool
	err   error
	tell  func(done int)
	done  int

	box     bool     // messages begin with postmarks
	nested  int      // messages around this one
	bounds  []string // of the parts around this one, outermost first
	hit     int      // which of them was met, -1 for none
	closing bool     // it was the last
	parts   int
	kept    int // bytes of text

	keep *document.Attachments // takes in attachments; nil: nobody does
	of   *message              // the one at hand
}

func newParser(r io.Reader, tell func(done int)) *parser {
	return &parser{r: bufio.NewReaderSize(r, 64<<10), whole: true, hit: -1, tell: tell}
}

// advance goes to the next line. It reports false at the end.
func (p *parser) advance() bool {
	if p.eof {
		return false
	}
	p.blank = p.whole && len(bytes.TrimRight(p.line, "\r\n")) == 0
	p.whole = len(p.line) == 0 || p.line[len(p.line)-1] == '\n'
	line, err := p.r.ReadSlice('\n')
	p.line = line
	if before := p.done >> 20; p.tell != nil && (p.done+len(line))>>20 > before {
		p.tell(p.done)
	}
	p.done += len(line)
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
	case errors.Is(err, io.EOF):
		p.eof = len(line) == 0
	case err != nil:
		p.err, p.eof = fmt.Errorf("read the file: %w", err), true
	}
	return !p.eof
}

// start goes to the first message.
func (p *parser) start() error {
	for p.advance() && len(bytes.Trim(p.line, " \t\r\n\ufeff")) == 0 {
	}
	if p.done == len(p.line) {
		p.line = bytes.TrimPrefix(p.line, []byte("\ufeff"))
	}
	p.box = postmark.Match(p.line)
	if p.box {
		p.advance()
	}
	return p.err
}

// more tells whether a message begins here.
func (p *parser) more() bool { return !p.eof && p.err == nil }

// next goes over the postmark to the next message of a box.
func (p *parser) next() {
	for !p.eof && !p.mark() {
		p.advance()
	}
	p.advance()
	p.parts, p.kept, p.hit, p.bounds = 0, 0, -1, nil
}

// mark tells whether the line at hand begins the next message of a box.
func (p *parser) mark() bool {
	return p.box && p.whole && p.blank && bytes.HasPrefix(p.line, []byte("From ")) && postmark.Match(p.line)
}

// stop tells whether the line at hand ends the part that is being read.
func (p *parser) stop() bool {
	if p.eof || p.hit >= 0 || p.mark() {
		return true
	}
	if len(p.bounds) == 0 || !p.whole || !bytes.HasPrefix(p.line, []byte("--")) {
		return false
	}
	rest := bytes.TrimRight(p.line[2:], " \t\r\n")
	for i := len(p.bounds) - 1; i >= 0; i-- {
		after, ok := bytes.CutPrefix(rest, []byte(p.bounds[i]))
		if ok && (len(after) == 0 || string(after) == "--") {
			p.hit, p.closing = i, len(after) > 0
			return true
		}
	}
	return false
}

// message reads a message from its header on.
func (p *parser) message(depth int) *message {
	h := p.header()
	m := &message{
		subject: h.words("subject"), from: h.words("from"), to: h.words("to"), cc: h.words("cc"), bcc: h.words("bcc"),
		date: h.words("date"),
	}
	if m.from == "" {
		m.from = h.words("sender")
	}
	if m.to == "" {
		m.to = h.words("newsgroups")
	}
	m.page = h["snapshot-content-location"] != "" || strings.HasPrefix(strings.ToLower(m.from), "<saved by")
	outer := p.of
	p.of = m
	m.root = p.body(h, depth, "")
	p.of = outer
	return m
}

// header reads fields to the empty line after them. A line that is no field
// begins the body, too.
func (p *parser) header() header {
	h, name := header{}, ""
	for ; !p.stop(); p.advance() {
		line := bytes.TrimRight(p.line, "\r\n")
		switch {
		case !p.whole:
		case len(line) == 0:
			p.advance()
			return h
		case line[0] == ' ' || line[0] == '\t':
		default:
			m := field.FindSubmatch(line)
			if m == nil && !bytes.HasPrefix(line, []byte(">From ")) {
				return h
			}
			name = ""
			if m == nil {
				continue
			}
			name, line = strings.ToLower(string(m[1])), line[len(m[0]):]
			if _, twice := h[name]; twice || !known(name) {
				name = ""
			}
		}
		if name != "" && len(h[name])+len(line) <= maxField {
			h[name] = strings.TrimSpace(h[name] + " " + strings.TrimSpace(string(line)))
		}
	}
	return h
}

// body reads what stands after a part's header, within a part of another type.
func (p *parser) body(h header, depth int, within string) *part {
	n := h.newPart()
	p.parts++
	_, params := parameters(h["content-type"])
	deep := depth >= maxDepth || p.parts > maxParts
	switch bound := strings.TrimRight(params["boundary"], " \t"); {
	case deep && (n.is("multipart/") || n.is("message/")):
		n.unreachable = true
		p.skip()
	case n.is("multipart/") && bound != "":
		p.multipart(n, bound, depth)
	case n.mediaType == "message/rfc822" || n.mediaType == "message/global" || n.mediaType == "message/news":
		p.inner(h, n, depth)
	case n.readable():
		n.text = p.content(h["content-transfer-encoding"])
	case p.keep != nil && p.of.keeps(n, within):
		p.carry(n, h["content-transfer-encoding"])
	default:
		n.size = p.measure(h["content-transfer-encoding"])
	}
	return n
}

// readable tells whether a part's text may be wanted.
func (p *part) readable() bool {
	switch {
	case p.attached:
		return false
	case p.is("multipart/"), p.mediaType == "message/delivery-status", p.mediaType == "message/disposition-notification":
		return true
	case p.mediaType == "text/html", p.mediaType == "application/xhtml+xml":
		return true
	case p.is("text/"):
		return p.filename == "" || p.mediaType == "text/plain"
	}
	return false
}

func (p *parser) multipart(n *part, bound string, depth int) {
	own := len(p.bounds)
	p.bounds = append(p.bounds, bound)
	preamble := p.content("") // all there is, where no part begins
	for p.hit == own && !p.closing {
		p.hit = -1
		p.advance()
		child := p.body(p.header(), depth+1, n.mediaType)
		if n.mediaType == "multipart/digest" && child.mediaType == "text/plain" && len(child.text) == 0 && child.size == 0 {
			continue
		}
		if p.parts <= maxParts {
			n.children = append(n.children, child)
		}
	}
	if len(n.children) == 0 {
		n.text = preamble
	}
	p.bounds = p.bounds[:own]
	if p.hit == own {
		p.hit = -1
		p.advance()
		p.skip() // what stands after the last part
	}
}

// skip goes to the end of the part.
func (p *parser) skip() {
	for !p.stop() {
		p.advance()
	}
}

// inner reads a message within a message. It may be encoded, though it should
// not.
func (p *parser) inner(h header, n *part, depth int) {
	switch strings.ToLower(h["content-transfer-encoding"]) {
	case "base64", "quoted-printable":
		data := p.content(h["content-transfer-encoding"])
		inner := newParser(bytes.NewReader(data), nil)
		inner.parts, inner.kept, inner.keep = p.parts, p.kept, p.keep
		if inner.advance() {
			n.nested = inner.message(depth + 1)
		}
		p.parts, p.kept, n.size = inner.parts, inner.kept, int64(len(data))
		if p.err == nil {
			p.err = inner.err
		}
	default:
		n.nested = p.message(depth + 1)
	}
}

// content gives the bytes of a part of text.
func (p *parser) content(encoding string) []byte {
	var out []byte
	p.each(encoding, func(piece []byte) {
		if p.kept += len(piece); p.kept > maxText {
			p.err, p.eof = tooLong(), true
			return
		}
		out = append(out, piece...)
	})
	return out
}

// measure counts the bytes of a part that is not read.
func (p *parser) measure(encoding string) (n int64) {
	p.each(encoding, func(piece []byte) { n += int64(len(piece)) })
	return n
}

// each hands over a part's bytes, decoded. The line end before a boundary is
// the boundary's.
func (p *parser) each(encoding string, take func(piece []byte)) {
	t := newTransfer(encoding)
	var end []byte
	for ; !p.stop(); p.advance() {
		line := p.line
		if p.box && p.whole && bytes.HasPrefix(line, []byte(">From ")) {
			line = line[1:]
		}
		piece := t.decode(line)
		if len(end) > 0 {
			take(end)
		}
		body := bytes.TrimSuffix(piece, []byte("\n"))
		if len(body) < len(piece) {
			body = bytes.TrimSuffix(body, []byte("\r"))
		}
		end = append(end[:0], piece[len(body):]...)
		take(body)
	}
	if p.err == nil {
		take(t.end())
	}
}
