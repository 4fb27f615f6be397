package extract_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// needsLibreOffice leaves a test out where LibreOffice is not installed.
func needsLibreOffice(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("soffice"); err != nil {
		t.Skip("LibreOffice is not installed")
	}
}

// old gives a file of testdata/legacy, unpacked where it is kept as .gz.
func old(t *testing.T, name string) document.Input {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "legacy", name))
	if err != nil {
		t.Fatal(err)
	}
	if short, ok := strings.CutSuffix(name, ".gz"); ok {
		name = short
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if data, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	return file(t, name, string(data))
}

func TestOldOfficeDocumentsAreReadThroughLibreOffice(t *testing.T) {
	needsLibreOffice(t)
	t.Parallel()
	pool := newPool(t, nil)
	doc := read(t, pool, old(t, "harbour.doc"))
	if got := strings.Join(headings(doc), ", "); got != "1 The harbour, 2 Counts" || doc.ContentType != "application/msword" {
		t.Errorf("headings %s, type %s", got, doc.ContentType)
	}
	wantTexts(t, doc, document.Table, "| Year | Ships |\n| --- | --- |\n| 1997 | 12 |")
	wantTexts(t, doc, document.ListItem, "- rope", "- tar")

	doc = read(t, pool, old(t, "harbour.xls"))
	wantTexts(t, doc, document.Table, "| Year | Ships |\n| --- | --- |\n| 1997 | 12 |\n| 1998 | 15 |")

	doc = read(t, pool, old(t, "harbour.ppt.gz"))
	if len(doc.Pages) != 1 || doc.Text != "The harbour\n\nShips come in at night." {
		t.Errorf("%d pages, text %q", len(doc.Pages), doc.Text)
	}
}

func TestABrokenOldDocumentIsAFaultOfTheFile(t *testing.T) {
	needsLibreOffice(t)
	t.Parallel()
	in := old(t, "harbour.xls")
	data, err := os.ReadFile(in.Path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 512; i < len(data)/2; i++ {
		data[i] ^= 0x5a
	}
	if err := os.WriteFile(in.Path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = newPool(t, nil).Extract(t.Context(), in, t.TempDir(), nil)
	if fault := document.AsError(err); fault == nil || fault.Code == document.CodeInternal {
		t.Errorf("err = %v, want a fault of the file", err)
	}
}
