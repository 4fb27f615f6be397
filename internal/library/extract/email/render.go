package email

import (
	"io"
	"net/mail"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/markup"
)

// maxNames is how many attachments of a message are named.
const maxNames = 200

// renderer writes messages.
type renderer struct {
	w *document.Writer
}

// describe keeps what a message says of its document.
func (r *renderer) describe(m *message) {
	if m.page {
		return // its head did
	}
	r.w.Title = m.subject
	r.w.Meta("author", m.from)
	r.w.Meta("to", m.to)
	r.w.Meta("cc", m.cc)
	r.w.Meta("created", when(m.date))
}

// when gives a date as others are kept, as it stands where it cannot be read.
func when(date string) string {
	if t, err := mail.ParseDate(date); err == nil {
		return t.Format(time.RFC3339)
	}
	return date
}

// message writes a message: its subject as a heading, who sent it to whom, its
// text, the names of its attachments, then the messages in it.
func (r *renderer) message(m *message, level int) error {
	if m.page {
		return r.savedPage(m)
	}
	var c contents
	c.gather(m.root)
	if c.encrypted && len(c.bodies) == 0 {
		return encrypted()
	}
	subject := m.subject
	if subject == "" && level > 1 {
		subject = "Message from " + m.from
	}
	r.w.Block(document.Heading, min(level, 6), subject)
	r.head(m)
	for _, b := range c.bodies {
		if err := r.body(b, level); err != nil {
			return err
		}
	}
	if err := r.attachments(m, c.named); err != nil {
		return err
	}
	for _, n := range c.nested {
		if err := r.message(n, level+1); err != nil {
			return err
		}
	}
	return r.w.Err() //nolint:wrapcheck // it names what it did
}

// attachments names what a message carries, and what of it is not read.
func (r *renderer) attachments(m *message, named []*part) error {
	var names []string
	for _, p := range named {
		if r.w.Attachments != nil && p.text != nil { // it was read as it might have been the message's own
			write := func(to io.Writer) error { _, err := to.Write(p.text); return err }
			if err := m.carry(r.w.Attachments, p, write); err != nil {
				return err
			}
		}
		name := p.filename
		if p.unread {
			name += " (not read)"
		}
		names = append(names, name)
	}
	if len(names) > 0 {
		r.w.Block(document.Paragraph, 0, "Attachments: "+strings.Join(names, ", "))
	}
	return nil
}

func (r *renderer) head(m *message) {
	var lines []string
	for _, f := range [][2]string{{"From", m.from}, {"To", m.to}, {"Cc", m.cc}, {"Bcc", m.bcc}, {"Date", m.date}} {
		if f[1] != "" {
			lines = append(lines, f[0]+": "+f[1])
		}
	}
	r.w.Block(document.Paragraph, 0, strings.Join(lines, "\n"))
}

// savedPage writes a web page that a browser saved with all that it shows.
func (r *renderer) savedPage(m *message) error {
	html := m.root.first("text/html")
	if html == nil {
		return nil
	}
	return markup.Page{Head: true, Prune: true}.Write(r.w, page(html)) //nolint:wrapcheck // it names what it did
}

func (p *part) first(mediaType string) *part {
	if p.mediaType == mediaType {
		return p
	}
	for _, c := range p.children {
		if f := c.first(mediaType); f != nil {
			return f
		}
	}
	return nil
}

// page gives HTML as UTF-8. Its own statement of an encoding counts where the
// part makes none.
func page(p *part) string {
	declared := p.charset
	if declared == "" {
		declared = markup.Declared(p.text)
	}
	return document.DecodeText(p.text, declared)
}

func (r *renderer) body(p *part, level int) error {
	if p.mediaType == rtfType {
		return r.richText(p.text)
	}
	if p.mediaType == "text/html" || p.mediaType == "application/xhtml+xml" {
		return markup.Page{Deeper: level}.Write(r.w, page(p)) //nolint:wrapcheck // it names what it did
	}
	r.text(document.DecodeText(p.text, p.charset), p)
	return r.w.Err() //nolint:wrapcheck // it names what it did
}

// text writes plain text: paragraphs between empty lines, what is quoted
// apart, and lines that a program broke joined again.
func (r *renderer) text(s string, p *part) {
	var lines []string
	kind := document.Paragraph
	flush := func() {
		r.w.Block(kind, 0, strings.Join(lines, "\n"))
		lines = lines[:0]
	}
	goesOn := false
	for l := range strings.Lines(s) {
		l = strings.TrimSuffix(l, "\n")
		is := document.Paragraph
		if strings.HasPrefix(l, ">") {
			is = document.Quote
		}
		trimmed := strings.TrimSpace(strings.TrimLeft(l, "> \t"))
		if trimmed == "" || is != kind {
			flush()
			goesOn = false
		}
		kind = is
		if trimmed == "" {
			continue
		}
		soft := p.flowed && strings.HasSuffix(l, " ") && l != "-- "
		if soft && p.delSp {
			l = l[:len(l)-1]
		}
		if p.flowed && is != document.Quote {
			l = strings.TrimPrefix(l, " ")
		}
		if goesOn {
			lines[len(lines)-1] += strings.TrimLeft(l, "> ")
		} else {
			lines = append(lines, l)
		}
		goesOn = soft
	}
	flush()
}

// contents is what a message has to say, sorted.
type contents struct {
	bodies    []*part
	named     []*part // attachments
	nested    []*message
	encrypted bool
}

func (c *contents) gather(p *part) {
	switch {
	case p.nested != nil:
		c.nested = append(c.nested, p.nested)
	case p.mediaType == "multipart/alternative" && len(p.children) > 0:
		c.alternative(p)
	case p.sealed():
		c.encrypted = true
	case len(p.children) > 0:
		for _, child := range p.children {
			if p.mediaType == "multipart/related" && child.id != "" && !child.readable() && !child.attached {
				continue // a picture within the text
			}
			c.gather(child)
		}
	case p.readable(), p.mediaType == rtfType && p.text != nil:
		if p.filename != "" && len(c.bodies) > 0 {
			c.name(p)
			return
		}
		c.bodies = append(c.bodies, p)
	default:
		c.name(p)
	}
}

func (c *contents) name(p *part) {
	if p.filename != "" && !p.proof() && len(c.named) < maxNames {
		c.named = append(c.named, p)
	}
}

// alternative picks the plain text where it says what the rest does, else the
// last that can be read. Calendars and the like stay attachments.
func (c *contents) alternative(p *part) {
	var plain, rich *contents
	for _, child := range p.children {
		var one contents
		one.gather(child)
		c.named = append(c.named, one.named...)
		c.nested = append(c.nested, one.nested...)
		c.encrypted = c.encrypted || one.encrypted
		one.named, one.nested = nil, nil
		switch {
		case len(one.bodies) == 0:
		case one.bodies[0].mediaType == "text/plain":
			plain = &one
		case one.bodies[0].is("text/html") || one.bodies[0].is("application/xhtml") || rich == nil:
			rich = &one
		}
	}
	chosen := plain
	if plain == nil || rich != nil && !real(plain.bodies, rich.bodies) {
		chosen = rich
	}
	if chosen != nil {
		c.bodies = append(c.bodies, chosen.bodies...)
	}
}

// real tells whether plain text says most of what its other form does, not
// only that the reader should use another program.
func real(plain, rich []*part) bool {
	const compared = 1 << 20
	count := func(parts []*part, of func(*part) string) (n int) {
		for _, p := range parts {
			n += len(strings.Fields(of(p)))
		}
		return n
	}
	words := count(plain, func(p *part) string { return document.DecodeText(p.text, p.charset) })
	if words == 0 {
		return false
	}
	return words*2 >= count(rich, func(p *part) string {
		if s := page(p); len(s) <= compared {
			return markup.Text(s)
		}
		return ""
	})
}
