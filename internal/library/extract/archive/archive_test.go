package archive_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/archive"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
)

func open(t *testing.T, content string) (*archive.Archive, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(path)
	if err == nil {
		t.Cleanup(func() { _ = a.Close() })
	}
	return a, err
}

func code(err error) string {
	if e := document.AsError(err); e != nil {
		return e.Code
	}
	return ""
}

func TestEntriesAreFoundUnderAnySpellingOfTheirName(t *testing.T) {
	t.Parallel()
	a, err := open(t, documenttest.Zip(t, "a/Doc.xml", "first", "a/Doc.xml", "second", `b\c.xml`, "back", "/../../etc/x", "up"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a/Doc.xml": "first", "/a/doc.XML": "first", "b/c.xml": "back", "a/../b/c.xml": "back", "etc/x": "up"} {
		if got, err := a.ReadFile(name, 10); err != nil || string(got) != want {
			t.Errorf("%s holds %q, want %q, error %v", name, got, want, err)
		}
	}
	if a.Has("nowhere") {
		t.Error("an entry that is missing was found")
	}
	if _, err := a.ReadFile("a/Doc.xml", 3); code(err) != document.CodeTooLarge {
		t.Errorf("reading beyond the limit gave %v", err)
	}
}

func TestBombsAndBrokenArchivesAreRefused(t *testing.T) {
	t.Parallel()
	small := documenttest.Zip(t, "a", strings.Repeat("words ", 1000))
	many := make([]string, 0, 2*20_001)
	for range 20_001 {
		many = append(many, "x", "")
	}
	// The entry's packed size, as the list has it, says more than the file is.
	at := bytes.Index([]byte(small), []byte("PK\x01\x02"))
	overlapping := []byte(small)
	binary.LittleEndian.PutUint32(overlapping[at+20:], 1<<30)
	for name, c := range map[string]struct{ content, want string }{
		"cut short":   {small[:len(small)-30], document.CodeCorrupt},
		"many":        {documenttest.Zip(t, many...), document.CodeTooLarge},
		"overlapping": {string(overlapping), document.CodeTooLarge},
		"no archive":  {"PK\x03\x04 not at all", document.CodeCorrupt},
	} {
		if _, err := open(t, c.content); code(err) != c.want {
			t.Errorf("%s: error = %v, want %s", name, err, c.want)
		}
	}
}

func TestAnEntryThatUnpacksToTooMuchEnds(t *testing.T) {
	t.Parallel()
	bomb := documenttest.Zip(t, "a", strings.Repeat("a", 40<<20))
	honest, err := open(t, bomb)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := honest.Open("a"); code(err) != document.CodeTooLarge {
		t.Errorf("error = %v, want %s", err, document.CodeTooLarge)
	}
	lying := []byte(bomb)
	binary.LittleEndian.PutUint32(lying[bytes.Index(lying, []byte("PK\x01\x02"))+24:], 1000)
	a, err := open(t, string(lying))
	if err != nil {
		t.Fatal(err)
	}
	rc, err := a.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	if n, err := io.Copy(io.Discard, rc); code(err) != document.CodeCorrupt || n > 1<<20 {
		t.Errorf("a size that is not true: %d bytes, error = %v, want %s", n, err, document.CodeCorrupt)
	}
}

func TestEncryptedEntriesAskForThePassword(t *testing.T) {
	t.Parallel()
	content := []byte(documenttest.Zip(t, "a", "words"))
	content[bytes.Index(content, []byte("PK\x01\x02"))+8] |= 1
	a, err := open(t, string(content))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Open("a"); code(err) != document.CodePasswordRequired {
		t.Errorf("error = %v, want %s", err, document.CodePasswordRequired)
	}
}
