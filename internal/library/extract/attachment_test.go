package extract_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// mail writes a message whose parts follow each other, attachments by name.
func mail(subject string, parts ...string) string {
	const bound = "=-=-="
	head := "From: Ann <ann@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: " + subject +
		"\r\nDate: Mon, 02 Jan 2023 15:04:05 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"" + bound + subject + "\"\r\n"
	var b strings.Builder
	b.WriteString(head + "\r\n")
	for _, p := range parts {
		b.WriteString("--" + bound + subject + "\r\n" + p + "\r\n")
	}
	return b.String() + "--" + bound + subject + "--\r\n"
}

func words(s string) string { return "Content-Type: text/plain; charset=utf-8\r\n\r\n" + s }

func attached(name, content string) string {
	return "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"" + name +
		"\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(content))
}

// carried reads a message with what it carries: its text, and the attachments
// as "name: content".
func carried(t *testing.T, in document.Input) (string, []string, []document.Attachment) {
	t.Helper()
	in.Attachments = true
	dir := t.TempDir()
	res, err := newPool(t, nil).Extract(t.Context(), in, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := res.Document()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range res.Attachments {
		raw, err := os.ReadFile(filepath.Join(dir, document.AttachmentFile(a.Number)))
		if err != nil || int64(len(raw)) != a.Size {
			t.Fatalf("attachment %d of %d bytes has %d, %v", a.Number, a.Size, len(raw), err)
		}
		got = append(got, a.Name+": "+string(raw))
	}
	return doc.Text, got, res.Attachments
}

func TestAMessageHandsOverWhatItCarries(t *testing.T) {
	t.Parallel()
	inner := mail("Inner", words("Within."), attached("deep.md", "# Deep"))
	in := file(t, "m.eml", mail("Outer",
		words("Hello."), attached("../../etc/report.txt", "A report."), attached("tool.exe", "MZ\x90\x00\x03\x00\x00\x00"+strings.Repeat("\x00\x01\x02\xff", 100)),
		attached("empty.txt", ""), attached("report.txt", "Another report."),
		"Content-Type: message/rfc822\r\n\r\n"+inner,
		"Content-Type: text/plain; name=notes.txt\r\n\r\nInline notes.",
	))
	text, got, list := carried(t, in)
	want := []string{"report.txt: A report.", "report.txt: Another report.", "deep.md: # Deep", "notes.txt: Inline notes."}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("carried are %q, want %q", got, want)
	}
	if !strings.Contains(text, "Attachments: report.txt, tool.exe (not read), empty.txt (not read), report.txt, notes.txt") {
		t.Errorf("the text does not tell of its attachments: %q", text)
	}
	first := document.Attachment{Number: 1, Name: "report.txt", Size: 9, Subject: "Outer", From: "Ann <ann@example.org>", Date: "2023-01-02T15:04:05+01:00"}
	if list[0] != first || list[2].Subject != "Inner" {
		t.Errorf("they are described as %+v", list)
	}
}

func TestAttachmentsAreLeftWhereTheyAreUnlessAskedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := file(t, "m.eml", mail("Plain", words("Hello."), attached("a.txt", "A."), attached("b.bin", "\x00\x01\x02")))
	res, err := newPool(t, nil).Extract(t.Context(), in, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := res.Document()
	if err != nil || len(res.Attachments) != 0 || !strings.Contains(doc.Text, "Attachments: a.txt, b.bin") {
		t.Errorf("got %d attachments and %q, %v", len(res.Attachments), doc.Text, err)
	}
}

func TestAMessageHandsOverAHundredAttachmentsAtMost(t *testing.T) {
	t.Parallel()
	parts := []string{words("Many.")}
	for n := range 103 {
		parts = append(parts, attached(fmt.Sprintf("%d.txt", n), "Text."))
	}
	text, got, _ := carried(t, file(t, "m.eml", mail("Many", parts...)))
	if len(got) != 100 || !strings.Contains(text, "99.txt, 100.txt (not read), 101.txt (not read), 102.txt (not read)") {
		t.Errorf("%d are carried, and the text says %q", len(got), text[max(0, len(text)-100):])
	}
}

// A child that was taken over may list anything.
func TestWhatAHostileChildListsIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, lists := range map[string]string{
		"a name that climbs":     `[{"number":1,"name":"../a","size":1}]`,
		"a wrong number":         `[{"number":2,"name":"a","size":1}]`,
		"a wrong size":           `[{"number":1,"name":"a","size":2}]`,
		"more than there is":     `[{"number":1,"name":"a","size":1},{"number":2,"name":"a","size":1}]`,
		"a subject of two lines": `[{"number":1,"name":"a","size":1,"subject":"a\nb"}]`,
		"no list":                `{`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := newPool(t, func(o *extract.Options) { o.Args = []string{"listing-worker", lists} })
			dir := t.TempDir()
			in := file(t, "a.txt", "text")
			in.Attachments = true
			if res, err := pool.Extract(t.Context(), in, dir, nil); err == nil {
				t.Errorf("it was believed: %+v", res)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("%v is left, %v", left, err)
			}
		})
	}
}

func TestWhatAHostileChildSaysIsBounded(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) {
		o.Args = []string{"listing-worker", `[{"number":1,"name":"a.txt","size":1}]`}
	})
	in := file(t, "a.txt", "text")
	in.Attachments = true
	res, err := pool.Extract(t.Context(), in, t.TempDir(), func(_, _ int, unit string) { t.Errorf("progress is told in %q", unit) })
	if err != nil || len(res.Attachments) != 1 {
		t.Fatalf("got %+v, %v", res, err)
	}
	if res.Title != "" || res.ContentType != "application/octet-stream" || res.Language != "" || len(res.Metadata) != 1 || res.Pages != 0 {
		t.Errorf("it was believed: %+v", res)
	}
}
