package email_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/email"
)

func wide(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

// entry is a stream, or a storage that holds others.
type entry struct {
	name, content string
	within        []entry
}

const none = 0xFFFFFFFF

// ole packs streams as Outlook does. Each is padded to the size from which
// streams lie in sectors of their own.
func ole(root ...entry) string {
	const sector, cutoff = 512, 4096
	var dir, data []byte
	var fat []uint32
	chain := func(b []byte) uint32 {
		first := uint32(len(fat))
		for n := (len(b) + sector - 1) / sector; n > 0; n-- {
			fat = append(fat, uint32(len(fat)+1))
		}
		fat[len(fat)-1] = none - 1
		data = append(data, b...)
		data = append(data, make([]byte, (sector-len(b)%sector)%sector)...)
		return first
	}
	count := 0
	var add func(name string, kind byte, content string, within []entry, right bool) int
	add = func(name string, kind byte, content string, within []entry, right bool) int {
		id := count
		count++
		row := make([]byte, 128)
		copy(row, wide(name))
		binary.LittleEndian.PutUint16(row[64:], uint16(2*len(name)+2))
		row[66] = kind
		for _, at := range []int{68, 72, 76} {
			binary.LittleEndian.PutUint32(row[at:], none)
		}
		dir = append(dir, row...)
		for i, e := range within {
			k := byte(2)
			if e.within != nil {
				k = 1
			}
			if i == 0 {
				binary.LittleEndian.PutUint32(dir[id*128+76:], uint32(count))
			}
			at := add(e.name, k, e.content, e.within, i < len(within)-1)
			if i < len(within)-1 {
				binary.LittleEndian.PutUint32(dir[at*128+72:], uint32(count))
			}
		}
		if kind == 2 {
			padded := content + strings.Repeat("\x00", max(0, (cutoff+16-len(content))/16*16))
			binary.LittleEndian.PutUint32(dir[id*128+116:], chain([]byte(padded)))
			binary.LittleEndian.PutUint32(dir[id*128+120:], uint32(len(padded)))
		}
		return id
	}
	add("Root Entry", 5, "", root, false)
	binary.LittleEndian.PutUint32(dir[116:], none-1)
	first := chain(dir)
	sectors := (len(fat) + 127) / 128
	for (len(fat)+sectors+127)/128 > sectors {
		sectors++
	}
	h := make([]byte, sector)
	copy(h, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	binary.LittleEndian.PutUint16(h[24:], 0x3E)
	binary.LittleEndian.PutUint16(h[26:], 3)
	binary.LittleEndian.PutUint16(h[28:], 0xFFFE)
	binary.LittleEndian.PutUint16(h[30:], 9)
	binary.LittleEndian.PutUint16(h[32:], 6)
	binary.LittleEndian.PutUint32(h[44:], uint32(sectors))
	binary.LittleEndian.PutUint32(h[48:], first)
	binary.LittleEndian.PutUint32(h[56:], cutoff)
	binary.LittleEndian.PutUint32(h[60:], none-1)
	binary.LittleEndian.PutUint32(h[68:], none-1)
	for i := range 109 {
		binary.LittleEndian.PutUint32(h[76+4*i:], none)
	}
	table := len(fat)
	for i := range sectors {
		binary.LittleEndian.PutUint32(h[76+4*i:], uint32(table+i))
		fat = append(fat, none-2)
	}
	out := append(h, data...)
	for i := range sectors * 128 {
		v := uint32(none)
		if i < len(fat) {
			v = fat[i]
		}
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	return string(out)
}

func text(tag, s string) entry { return entry{name: "__substg1.0_" + tag + "001F", content: wide(s)} }

func fixed(header int, rows ...uint64) entry {
	b := make([]byte, header)
	for i := 0; i+1 < len(rows); i += 2 {
		b = binary.LittleEndian.AppendUint64(b, rows[i])
		b = binary.LittleEndian.AppendUint64(b, rows[i+1])
	}
	return entry{name: "__properties_version1.0", content: string(b)}
}

func recipient(n, name, address string, kind uint64) entry {
	return entry{name: "__recip_version1.0_#0000000" + n, within: []entry{text("3001", name), text("39FE", address), fixed(8, 0x0C150003, kind)}}
}

func outlookMessage(body ...entry) string {
	return ole(append([]entry{
		fixed(32, 0x00390040, 133722524960000000), text("0037", "Plan – für alle"), text("0C1A", "Ann"), text("5D01", "ann@example.com"),
		recipient("0", "Bob", "bob@example.com", 1), recipient("1", "carol@example.com", "carol@example.com", 2),
	}, body...)...)
}

const outlookBlock = "From: Ann <ann@example.com>\nTo: Bob <bob@example.com>\nCc: carol@example.com\nDate: Tue, 01 Oct 2024 10:34:56 +0000"

func TestAMessageOfOutlookIsRead(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, email.Outlook, "a.msg", outlookMessage(text("1000", "Hello.\r\n\r\nBye."),
		entry{name: "__attach_version1.0_#00000000", within: []entry{text("3707", "report.pdf")}},
		entry{name: "__attach_version1.0_#00000001", within: []entry{
			{name: "__substg1.0_3701000D", within: []entry{text("0037", "Inner"), text("1000", "Inner text.")}},
		}}))
	documenttest.WantTexts(t, doc, document.Heading, "Plan – für alle", "Inner")
	documenttest.WantTexts(t, doc, document.Paragraph, outlookBlock, "Hello.", "Bye.", "Attachments: report.pdf", "Inner text.")
	if doc.Title != "Plan – für alle" || doc.Metadata["author"] != "Ann <ann@example.com>" || doc.Metadata["created"] != "2024-10-01T10:34:56Z" {
		t.Errorf("title %q, metadata %v", doc.Title, doc.Metadata)
	}
}

func TestTheHTMLOrRichTextOfOutlookIsReadWhereThereIsNoPlainText(t *testing.T) {
	t.Parallel()
	html := documenttest.Read(t, email.Outlook, "a.msg", outlookMessage(entry{name: "__substg1.0_10130102", content: "<p>Gr\xfc\xdfe.<ul><li>One"}))
	documenttest.WantTexts(t, html, document.Paragraph, outlookBlock, "Grüße.")
	documenttest.WantTexts(t, html, document.ListItem, "- One")

	// The example of [MS-OXRTFCP] 3.1: {\rtf1\ansi\ansicpg1252\pard hello world}.
	const packed = "\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0"
	rich := documenttest.Read(t, email.Outlook, "a.msg", outlookMessage(entry{name: "__substg1.0_10090102", content: packed}))
	documenttest.WantTexts(t, rich, document.Paragraph, outlookBlock, "hello world")
}

func TestADamagedMessageOfOutlookIsCorrupt(t *testing.T) {
	t.Parallel()
	_, err := documenttest.Try(t, email.Outlook, "a.msg", outlookMessage(text("1000", "x"))[:700])
	if e := document.AsError(err); e == nil || e.Code != document.CodeCorrupt {
		t.Errorf("error %v", err)
	}
}

func FuzzOutlook(f *testing.F) {
	documenttest.Fuzz(f, email.Outlook, "a.msg", outlookMessage(text("1000", "x"), entry{name: "__attach_version1.0_#00000001", within: []entry{
		{name: "__substg1.0_3701000D", within: []entry{text("0037", "Inner")}},
	}}))
}
