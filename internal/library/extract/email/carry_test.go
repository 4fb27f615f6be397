package email_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/email"
)

// kept reads a message with what it carries, each as "name: content".
func kept(t *testing.T, read document.Reader, content string) (string, []string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "in")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	var text, structure bytes.Buffer
	w := document.NewWriter(&text, &structure, document.Limits{}, nil)
	w.Attachments = document.NewAttachments(dir, int64(len(content)), func(_, name string) bool { return name != "tool.exe" })
	if err := read(w, document.Input{Path: path}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Attachments.Close(); err != nil {
		t.Fatal(err)
	}
	list, err := document.ReadAttachments(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range list {
		raw, err := os.ReadFile(filepath.Join(dir, document.AttachmentFile(a.Number)))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.Name+": "+strings.TrimRight(string(raw), "\x00"))
	}
	return text.String(), got
}

func TestOutlookMessagesHandOverWhatTheyCarry(t *testing.T) {
	t.Parallel()
	file := func(name, content string, more ...entry) entry {
		return entry{name: "__attach_version1.0_#" + name, within: append([]entry{
			{name: "__substg1.0_3707001F", content: wide(name)}, {name: "__substg1.0_37010102", content: content},
		}, more...)}
	}
	flags := make([]byte, 8+16)
	copy(flags[8:], "\x03\x00\x14\x37\x00\x00\x00\x00\x04\x00\x00\x00")
	text, got := kept(t, email.Outlook, ole(
		entry{name: "__substg1.0_0037001F", content: wide("Plan")},
		entry{name: "__substg1.0_1000001F", content: wide("Text.")},
		file("a.txt", "A report."), file("tool.exe", "MZ"),
		file("logo.png", "PNG", entry{name: "__properties_version1.0", content: string(flags)}),
	))
	if len(got) != 1 || got[0] != "a.txt: A report." || !strings.Contains(text, "Attachments: a.txt, tool.exe (not read)") || strings.Contains(text, "logo") {
		t.Errorf("carried are %q, and the text is %q", got, text)
	}
}

func TestWhatAMessageIsMadeOfIsNoAttachment(t *testing.T) {
	t.Parallel()
	const head = "From: ann@example.org\r\nSubject: S\r\nMIME-Version: 1.0\r\nContent-Type: "
	for name, m := range map[string]string{
		"a picture in the text": head + "multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Text.\r\n" +
			"--b\r\nContent-Type: image/png; name=a.png\r\nContent-ID: <a>\r\n\r\nPNG\r\n--b--\r\n",
		"another form": head + "multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nText.\r\n" +
			"--b\r\nContent-Type: text/calendar; name=a.ics\r\n\r\nBEGIN:VCALENDAR\r\n--b--\r\n",
		"a signature": head + "multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nText.\r\n" +
			"--b\r\nContent-Type: application/pgp-signature; name=a.asc\r\nContent-Disposition: attachment\r\n\r\nPROOF\r\n--b--\r\n",
		"a saved page": "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.org/\r\nSubject: S\r\nMIME-Version: 1.0\r\nContent-Type: " +
			"multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Text.\r\n--b\r\nContent-Type: text/css; name=a.css\r\n\r\na{}\r\n--b--\r\n",
	} {
		if text, got := kept(t, email.Read, m); len(got) != 0 || !strings.Contains(text, "Text.") {
			t.Errorf("%s: carried are %q, and the text is %q", name, got, text)
		}
	}
}

func TestNoMoreIsKeptThanAMessageHas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := document.NewAttachments(dir, 10, func(string, string) bool { return true })
	for i, content := range []string{"123456", "12345", "1234"} {
		w := a.Begin(document.Attachment{Name: "x"})
		_, _ = w.Write([]byte(content))
		if _, err := w.End(); (err == nil) != (i != 1) {
			t.Errorf("%q ends with %v", content, err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if list, err := document.ReadAttachments(dir); err != nil || len(list) != 2 {
		t.Errorf("kept are %+v, %v", list, err)
	}
}
