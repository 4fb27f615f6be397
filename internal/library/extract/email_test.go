package extract_test

import (
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

const mailHead = "From: Ann <ann@example.com>\r\nSubject: Plan\r\nMIME-Version: 1.0\r\n"

func TestMessagesAreToldByTheirBytes(t *testing.T) {
	t.Parallel()
	pool := newPool(t, nil)
	for name, want := range map[string]string{"a.eml": "message/rfc822", "a": "message/rfc822", "a.pdf": "message/rfc822", "a.md": "message/rfc822"} {
		if doc := read(t, pool, file(t, name, mailHead+"\r\nText.")); doc.ContentType != want || doc.Title != "Plan" {
			t.Errorf("%s is %s, titled %q", name, doc.ContentType, doc.Title)
		}
	}
	if doc := read(t, pool, file(t, "memo.md", "From: Ann\nTo: Bob\n\n# Memo")); doc.ContentType != "text/markdown" {
		t.Errorf("a memo in Markdown is %s", doc.ContentType)
	}
}

// What is made to take long or much is read or refused within a child's limits.
func TestHostileMessagesTakeLittle(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) { o.Limits.MemoryBytes, o.Limits.Timeout = 512<<20, time.Minute })
	var nested strings.Builder
	nested.WriteString(mailHead)
	for range 20_000 {
		nested.WriteString("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n")
	}
	var apart strings.Builder
	apart.WriteString(mailHead)
	for i := range 5000 {
		b := strings.Repeat("x", i%60+1)
		apart.WriteString("Content-Type: multipart/mixed; boundary=" + b + "\r\n\r\n--" + b + "\r\n")
	}
	forwarded := strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 100_000)
	many := mailHead + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 200_000)
	big := mailHead + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText.\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 1_000_000)
	for name, c := range map[string]struct{ content, code string }{
		"nested":    {nested.String(), ""},
		"apart":     {apart.String(), ""},
		"forwarded": {mailHead + forwarded, ""},
		"headers":   {mailHead + strings.Repeat("X-Field: value\r\n", 1_000_000) + "\r\nText.", ""},
		"one field": {mailHead + "To: a\r\n" + strings.Repeat(" a@example.com,\r\n", 1_000_000) + "\r\nText.", ""},
		"words":     {"From: a@b\r\nReceived: x\r\nSubject: " + strings.Repeat("=?utf-8?q?a?= ", 100_000) + "\r\n\r\nText.", ""},
		"garbage":   {mailHead + "Content-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("=A=", 5_000_000), ""},
		"parts":     {many, ""},
		"big":       {big, ""},
		"long":      {mailHead + "\r\n" + strings.Repeat("word ", 10_000_000), document.CodeTooLarge},
		"broken ole": {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 4<<20) + "_\x00_\x00n\x00a\x00m\x00e\x00i\x00d\x00_\x00v\x00e\x00r\x00s\x00i\x00o\x00n\x001\x00.\x000\x00",
			document.CodeCorrupt},
	} {
		_, err := pool.Extract(t.Context(), file(t, "a.eml", c.content), t.TempDir(), nil)
		if codeOf(err) != c.code || err != nil && c.code == "" {
			t.Errorf("%s: error %v, want code %q", name, err, c.code)
		}
	}
}
