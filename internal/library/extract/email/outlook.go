package email

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/richardlehane/mscfb"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/rtf"
)

const (
	maxStreams  = 20_000 // of a file
	maxProperty = 64 << 10
	maxNested   = 8 // of messages within messages
)

// Properties that are read, by their tags in [MS-OXPROPS].
const (
	propSubject      = 0x0037
	propClass        = 0x001A
	propSubmitted    = 0x0039
	propDelivered    = 0x0E06
	propSenderName   = 0x0C1A
	propSenderMail   = 0x0C1F
	propSenderSMTP   = 0x5D01
	propTo           = 0x0E04
	propCc           = 0x0E03
	propBcc          = 0x0E02
	propHeaders      = 0x007D
	propBody         = 0x1000
	propRTF          = 0x1009
	propHTML         = 0x1013
	propName         = 0x3001
	propMail         = 0x3003
	propSMTP         = 0x39FE
	propRecipient    = 0x0C15
	propFilename     = 0x3704
	propLongFilename = 0x3707
	propCodePage     = 0x3FFD
	propCharset      = 0x3FDE
	propHidden       = 0x7FFE
	propData         = 0x3701
	propAttachFlags  = 0x3714
)

const (
	typeInteger = 0x0003
	typeBoolean = 0x000B
	typeTime    = 0x0040
	typeANSI    = 0x001E
	typeUnicode = 0x001F
	typeBinary  = 0x0102
)

// storage is a folder of the file: a message, a recipient, an attachment.
type storage struct {
	props   map[uint16]property
	fixed   []byte // the stream of properties of fixed length
	within  []*storage
	name    string
	streams int
}

type property struct {
	kind uint16
	file *mscfb.File
	data []byte
}

// Outlook reads a message that Outlook saved.
func Outlook(w *document.Writer, in document.Input) error {
	f, err := os.Open(in.Path)
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	defer f.Close()
	root, err := openStorage(f)
	if err != nil {
		return err
	}
	kept := 0
	o := &outlook{kept: &kept, keep: w.Attachments}
	m, err := o.message(root, 0)
	if err != nil {
		return err
	}
	r := &renderer{w: w}
	r.describe(m)
	return r.message(m, 1)
}

func damaged() error {
	return document.Fault(document.CodeCorrupt, "The message is damaged; open it in Outlook and save it again.")
}

// openStorage gives the root with all that is below it.
func openStorage(f io.ReaderAt) (*storage, error) {
	doc, err := mscfb.New(f)
	if err != nil || len(doc.File) > maxStreams {
		return nil, damaged()
	}
	root := &storage{props: map[uint16]property{}}
	byPath := map[string]*storage{"": root}
	folder := func(path []string) *storage {
		at := root
		for i := range path {
			if i > 3*maxNested {
				return nil
			}
			key := strings.Join(path[:i+1], "/")
			s := byPath[key]
			if s == nil {
				s = &storage{props: map[uint16]property{}, name: path[i]}
				byPath[key] = s
				at.within = append(at.within, s)
			}
			at = s
		}
		return at
	}
	for _, file := range doc.File {
		s := folder(file.Path)
		if s == nil {
			continue
		}
		tag, ok := strings.CutPrefix(file.Name, "__substg1.0_")
		switch {
		case file.FileInfo().IsDir():
			if file.Name != "" && file.Name != "Root Entry" {
				folder(append(append([]string(nil), file.Path...), file.Name))
			}
		case file.Name == "__properties_version1.0":
			s.fixed, _ = io.ReadAll(io.LimitReader(file, maxProperty))
		case ok && len(tag) == 8:
			if id, err := strconv.ParseUint(tag, 16, 32); err == nil {
				s.props[uint16(id>>16)] = property{kind: uint16(id), file: file}
			}
		}
	}
	return root, nil
}

// outlook reads messages of one file.
type outlook struct {
	kept     *int // bytes of text
	codePage string
	keep     *document.Attachments // nil: nobody takes attachments in
}

func (o *outlook) bytes(s *storage, tag uint16) []byte {
	p, ok := s.props[tag]
	if !ok {
		return nil
	}
	if p.data == nil && p.file.Size <= int64(maxText-*o.kept) {
		p.data, _ = io.ReadAll(io.LimitReader(p.file, p.file.Size)) // what is cut short is read as far as it goes
		*o.kept += len(p.data)
		s.props[tag] = p
	}
	return p.data
}

// text gives a property of either kind of text.
func (o *outlook) text(s *storage, tags ...uint16) string {
	for _, tag := range tags {
		data := o.bytes(s, tag)
		if len(data) == 0 {
			continue
		}
		text := ""
		if s.props[tag].kind == typeUnicode {
			text = fromUTF16(data)
		} else {
			text = document.DecodeText(data, o.codePage)
		}
		if text = strings.TrimRight(text, "\x00"); strings.TrimSpace(text) != "" {
			return text
		}
	}
	return ""
}

func (o *outlook) line(s *storage, tags ...uint16) string {
	return document.OneLine(document.Clean(o.text(s, tags...)))
}

func fromUTF16(data []byte) string {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(data[2*i:])
	}
	return document.Clean(string(utf16.Decode(units)))
}

// number gives a property of fixed length.
func (s *storage) number(tag, kind uint16) (uint64, bool) {
	// A header of 8, 24 or 32 bytes stands before rows of 16.
	for at := len(s.fixed) % 16; at+16 <= len(s.fixed); at += 16 {
		row := s.fixed[at:]
		if binary.LittleEndian.Uint16(row) == kind && binary.LittleEndian.Uint16(row[2:]) == tag {
			return binary.LittleEndian.Uint64(row[8:]), true
		}
	}
	return 0, false
}

func (s *storage) when(tags ...uint16) string {
	for _, tag := range tags {
		const epoch = 116444736000000000 // 1970 in 100 ns since 1601
		if v, ok := s.number(tag, typeTime); ok && v > epoch && v < epoch*4 {
			return time.Unix(0, 0).UTC().Add(time.Duration(v-epoch) / 10 * time.Microsecond).Format(time.RFC1123Z)
		}
	}
	return ""
}

func (o *outlook) message(s *storage, depth int) (*message, error) {
	for _, tag := range []uint16{propCharset, propCodePage} {
		if n, ok := s.number(tag, typeInteger); ok && n > 0 && o.codePage == "" {
			o.codePage = codePageName(uint32(n)) //nolint:gosec // its lower half
		}
	}
	if class := o.line(s, propClass); strings.EqualFold(class, "IPM.Note.SMIME") {
		return nil, encrypted()
	}
	m := &message{
		subject: o.line(s, propSubject), date: s.when(propSubmitted, propDelivered),
		from: person(o.line(s, propSenderName), o.line(s, propSenderSMTP), o.line(s, propSenderMail)),
		root: &part{mediaType: "multipart/mixed"},
	}
	o.recipients(s, m)
	o.headers(s, m)
	body, err := o.body(s)
	if err != nil {
		return nil, err
	}
	if body != nil {
		m.root.children = append(m.root.children, body)
	}
	for _, a := range s.within {
		if strings.HasPrefix(a.name, "__attach_version1.0_") && len(m.root.children) < maxParts {
			if err := o.attachment(a, m, depth); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// person joins a name and the first address that is one.
func person(name string, addresses ...string) string {
	for _, a := range addresses {
		switch {
		case !strings.Contains(a, "@"):
		case name == "" || name == a:
			return a
		default:
			return name + " <" + a + ">"
		}
	}
	return name
}

func (o *outlook) recipients(s *storage, m *message) {
	var lists [4][]string
	for _, r := range s.within {
		if !strings.HasPrefix(r.name, "__recip_version1.0_") {
			continue
		}
		kind, _ := r.number(propRecipient, typeInteger)
		kind &= 0xF
		if who := person(o.line(r, propName), o.line(r, propSMTP), o.line(r, propMail)); who != "" && kind < 4 {
			lists[kind] = append(lists[kind], who)
		}
	}
	m.to, m.cc, m.bcc = strings.Join(lists[1], ", "), strings.Join(lists[2], ", "), strings.Join(lists[3], ", ")
	if m.to+m.cc+m.bcc == "" {
		m.to, m.cc, m.bcc = o.line(s, propTo), o.line(s, propCc), o.line(s, propBcc)
	}
}

// headers fills from the header that came over the internet what is missing.
func (o *outlook) headers(s *storage, m *message) {
	raw := o.text(s, propHeaders)
	if raw == "" {
		return
	}
	p := newParser(strings.NewReader(raw), nil)
	if !p.advance() {
		return
	}
	if !field.Match(p.line) {
		p.advance() // Exchange puts a line before it
	}
	h := p.header()
	for name, to := range map[string]*string{"subject": &m.subject, "from": &m.from, "to": &m.to, "cc": &m.cc, "date": &m.date} {
		if *to == "" || name == "date" || name == "from" && !strings.Contains(m.from, "@") {
			if v := h.words(name); v != "" {
				*to = v
			}
		}
	}
}

// body picks the form of the text: plain, else HTML, else what the compressed
// RTF holds.
func (o *outlook) body(s *storage) (*part, error) {
	if text := o.text(s, propBody); document.HasLetters(text) {
		return &part{mediaType: "text/plain", charset: "utf-8", text: []byte(text)}, nil
	}
	if html := o.bytes(s, propHTML); len(bytes.TrimSpace(html)) > 0 {
		if s.props[propHTML].kind == typeUnicode {
			return &part{mediaType: "text/html", charset: "utf-8", text: []byte(fromUTF16(html))}, nil
		}
		return &part{mediaType: "text/html", charset: o.codePage, text: html}, nil
	}
	packed := o.bytes(s, propRTF)
	if len(packed) == 0 {
		return nil, nil
	}
	plain, err := unpackRTF(packed, maxText)
	if err != nil {
		return nil, err
	}
	return &part{mediaType: rtfType, text: plain}, nil
}

const rtfType = "application/rtf"

// richText writes the text of RTF, of which nothing else is taken.
func (r *renderer) richText(data []byte) error {
	title := r.w.Title
	err := rtf.From(r.w, bytes.NewReader(data))
	r.w.Title = title
	return err //nolint:wrapcheck // a fault of the file
}

func (o *outlook) attachment(a *storage, m *message, depth int) error {
	for _, inner := range a.within {
		if inner.name != "__substg1.0_3701000D" || depth >= maxNested {
			continue
		}
		n, err := (&outlook{kept: o.kept, keep: o.keep}).message(inner, depth+1)
		if err != nil {
			return err
		}
		if n.subject != "" || n.from != "" {
			m.root.children = append(m.root.children, &part{mediaType: MessageType, nested: n})
			return nil
		}
	}
	const within = 4
	hidden, _ := a.number(propHidden, typeBoolean)
	if flags, _ := a.number(propAttachFlags, typeInteger); hidden&0xFF != 0 || flags&within != 0 {
		return nil // a picture within the text
	}
	n := &part{mediaType: "application/octet-stream", filename: o.line(a, propLongFilename, propFilename, propName), attached: true}
	m.root.children = append(m.root.children, n)
	data, ok := a.props[propData]
	if o.keep == nil || !ok || data.kind != typeBinary {
		return nil
	}
	return m.carry(o.keep, n, func(to io.Writer) error {
		_, err := io.Copy(to, io.LimitReader(data.file, data.file.Size))
		return err //nolint:wrapcheck // it is not told to anybody
	})
}

// codePageName gives Windows' number of an encoding as a name that is known.
func codePageName(n uint32) string {
	switch n {
	case 65001, 20127:
		return "utf-8"
	case 932:
		return "shift_jis"
	case 936:
		return "gbk"
	case 949:
		return "euc-kr"
	case 950:
		return "big5"
	case 20866:
		return "koi8-r"
	case 50220, 50221, 50222:
		return "iso-2022-jp"
	case 54936:
		return "gb18030"
	}
	if n > 28590 && n < 28606 {
		return fmt.Sprintf("iso-8859-%d", n-28590)
	}
	return fmt.Sprintf("windows-%d", n)
}
