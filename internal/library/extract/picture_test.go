package extract_test

import (
	"context"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

func TestAPageIsDrawnInTheChild(t *testing.T) {
	t.Parallel()
	pool := newPool(t, nil)
	in := file(t, "a.pdf", makePDF("", pdfLines(700, "Some words."), pdfLines(700, "Others.")))
	dir := t.TempDir()
	if err := pool.Draw(t.Context(), in, extract.PageOf{Number: 2, Width: 300}, dir); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, extract.PictureFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if picture, err := png.DecodeConfig(f); err != nil || picture.Width != 300 || picture.Height != 388 {
		t.Errorf("the picture is %+v, %v", picture, err)
	}
}

func TestWhatCannotBeDrawnIsTheFilesFaultAndLeavesNothing(t *testing.T) {
	t.Parallel()
	pool := newPool(t, nil)
	whole := makePDF("", pdfLines(700, "Some words."))
	for name, c := range map[string]struct{ content, code string }{
		"page 3 of one": {whole, document.CodeNoPage},
		"a text":        {"Just words.", document.CodeNoPage},
		"nothing":       {"", document.CodeEmpty},
		"half a PDF":    {"%PDF-1.4\n1 0 obj\n<< /Type /Catalog", document.CodeCorrupt},
	} {
		dir := t.TempDir()
		err := pool.Draw(t.Context(), file(t, "a.pdf", c.content), extract.PageOf{Number: 3, Width: 300}, dir)
		if fault := document.AsError(err); fault == nil || fault.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s leaves %v", name, left)
		}
	}
}

func TestADrawingThatNobodyWaitsForEnds(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) { o.Args = []string{"stuck-worker"} })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := pool.Draw(ctx, file(t, "a.pdf", makePDF("", pdfLines(700, "Words."))), extract.PageOf{Number: 1, Width: 300}, t.TempDir())
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it ends with %v", err)
	}
}

func TestOnlyFormatsWithPagesKeepRegions(t *testing.T) {
	t.Parallel()
	pool := newPool(t, nil)
	for name, c := range map[string]struct {
		content string
		kept    bool
	}{"a.pdf": {makePDF("", pdfLines(700, "Some words.")), true}, "a.txt": {"Some words.", false}} {
		dir := t.TempDir()
		if _, err := pool.Extract(t.Context(), file(t, name, c.content), dir, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, document.RegionsFile)); (err == nil) != c.kept {
			t.Errorf("%s: %v", name, err)
		}
	}
}
