package email

import (
	"errors"
	"io"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// keeps tells whether a part is an attachment, and not one of the pieces that
// a message is made of: a picture in its text, another form of it, a proof.
func (m *message) keeps(p *part, within string) bool {
	switch {
	case m.page, p.filename == "" && !p.attached, p.proof(), p.sealed():
		return false
	case within == "multipart/alternative":
		return p.attached
	case within == "multipart/related":
		return p.attached || p.id == ""
	case within == "multipart/encrypted":
		return false
	}
	return true
}

// proof tells whether a part only signs others.
func (p *part) proof() bool {
	switch p.mediaType {
	case "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature":
		return true
	}
	return false
}

// sealed tells whether a part is an encrypted message.
func (p *part) sealed() bool {
	switch p.mediaType {
	case "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime":
		return true
	}
	return false
}

// carry hands over a part as an attachment of the message at hand.
func (p *parser) carry(n *part, encoding string) {
	write := func(to io.Writer) error {
		p.each(encoding, func(piece []byte) {
			n.size += int64(len(piece))
			_, _ = to.Write(piece) // what fails is told at the end
		})
		return nil
	}
	if err := p.of.carry(p.keep, n, write); err != nil && p.err == nil {
		p.err, p.eof = err, true
	}
}

// carry offers a part for keeping. One that is not wanted is passed over.
func (m *message) carry(keep *document.Attachments, n *part, write func(to io.Writer) error) error {
	m.carried++
	if m.carried > document.MaxAttachmentsEach {
		n.unread = true
		return write(io.Discard)
	}
	to := keep.Begin(document.Attachment{Name: n.filename, Subject: m.subject, From: m.from, Date: when(m.date)})
	if write(to) != nil {
		to.Drop()
	}
	entry, err := to.End()
	n.filename = entry.Name
	if errors.Is(err, document.ErrNotKept) {
		n.unread = true
		return nil
	}
	return err //nolint:wrapcheck // it names what it did
}
