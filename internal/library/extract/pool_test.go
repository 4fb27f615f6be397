package extract_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

func codeOf(err error) string {
	if e, ok := errors.AsType[*document.Error](err); ok {
		return e.Code
	}
	return ""
}

func TestCompilingThePDFReaderIsNotTakenOffTheFilesTime(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) {
		o.CacheDir = t.TempDir()
		o.Limits.Timeout = 1500 * time.Millisecond // compiling takes longer anywhere
	})
	if doc := read(t, pool, file(t, "a.pdf", makePDF("", pdfLines(700, "The only page.")))); doc.Text != "The only page." {
		t.Errorf("text = %q", doc.Text)
	}
}

func TestExtractWritesTextAndStructureUnderDir(t *testing.T) {
	t.Parallel()
	pool := newPool(t, nil)
	dir := t.TempDir()
	res, err := pool.Extract(t.Context(), file(t, "a.txt", "First paragraph.\r\n\r\nSecond, größer.\n"), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, document.TextFile))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(text), "First paragraph.\n\nSecond, größer.\n"; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
	if res.TextBytes != int64(len(text)) || res.Runes != int64(len([]rune(string(text)))) || res.Blocks != 2 || res.ContentType != "text/plain" {
		t.Errorf("result = %+v", res)
	}
}

func TestFaultsHaveCodesAndLeaveNothing(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) { o.Limits.MaxBytes = 1 << 20; o.Limits.MaxTextBytes = 1 << 19 })
	for name, c := range map[string]struct{ content, code string }{
		"empty.txt":   {"", document.CodeEmpty},
		"blank.txt":   {" \n\t\n", document.CodeNoText},
		"photo.pdf":   {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", document.CodeCorrupt},
		"program":     {"\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 64), document.CodeUnsupportedType},
		"noise.pdf":   {"\x00\x01\x02\x03\xff\xfe\xfd" + strings.Repeat("\x91\x00\x07", 99), document.CodeCorrupt},
		"cut.pdf":     {"%PDF-1.7\n1 0 obj\n<< /Type /Catalog", document.CodeCorrupt},
		"cut.docx":    {"PK\x03\x04" + strings.Repeat("x", 400), document.CodeCorrupt},
		"old.vsd":     {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 600) + "V\x00i\x00s\x00i\x00o\x00D\x00o\x00c\x00u\x00m\x00e\x00n\x00t\x00", document.CodeUnsupportedType},
		"locked.docx": {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 600) + "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00", document.CodePasswordRequired},
		"long.txt":    {strings.Repeat("word ", 200_000), document.CodeTooLarge},
		"longer.txt":  {strings.Repeat("word ", 300_000), document.CodeTooLarge},
	} {
		dir := t.TempDir()
		_, err := pool.Extract(t.Context(), file(t, name, c.content), dir, nil)
		if codeOf(err) != c.code {
			t.Errorf("%s: error %v, want code %s", name, err, c.code)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: left %v behind", name, left)
		}
	}
}

func TestMissingFileIsNoFaultOfTheFile(t *testing.T) {
	t.Parallel()
	pool := newPool(t, nil)
	_, err := pool.Extract(t.Context(), document.Input{Path: "/nowhere/at/all"}, t.TempDir(), nil)
	if err == nil || codeOf(err) != "" || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error = %v, want not-exist and no code", err)
	}
}

func TestProgramThatIsNoWorkerIsNoFaultOfTheFile(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) { o.Args = []string{"no-worker"} })
	_, err := pool.Extract(t.Context(), file(t, "a.txt", "text"), t.TempDir(), nil)
	if err == nil || codeOf(err) != "" {
		t.Errorf("error = %v, want one without a code", err)
	}
}

func TestFileThatTakesForeverTimesOut(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) {
		o.Args = []string{"stuck-worker"}
		o.Limits.Timeout = 50 * time.Millisecond
	})
	for range 2 { // the second gets a child of its own
		_, err := pool.Extract(t.Context(), file(t, "slow.md", "text"), t.TempDir(), nil)
		if codeOf(err) != document.CodeTimedOut {
			t.Errorf("error = %v, want %s", err, document.CodeTimedOut)
		}
	}
}

func TestFileThatMakesItsReaderCrashIsCorrupt(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) { o.Args = []string{"crashing-worker"} })
	_, err := pool.Extract(t.Context(), file(t, "a.txt", "words"), t.TempDir(), nil)
	if codeOf(err) != document.CodeCorrupt {
		t.Errorf("error = %v, want %s", err, document.CodeCorrupt)
	}
}

func TestStopEndsAFileThatTakesForever(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) { o.Args = []string{"stuck-worker"} })
	in, dir := file(t, "slow.md", "text"), t.TempDir()
	began, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		close(began)
		_, err := pool.Extract(t.Context(), in, dir, nil)
		ended <- err
	}()
	<-began
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := pool.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, extract.ErrStopped) {
		t.Errorf("error = %v, want %v", err, extract.ErrStopped)
	}
}

func TestHungryFileRunsOutOfMemoryAndTheNextIsRead(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) { o.Limits.MemoryBytes = 64 << 20 })
	hungry := file(t, "hungry.html", "<html>"+strings.Repeat("<p><b>x</b>", 1<<20))
	_, err := pool.Extract(t.Context(), hungry, t.TempDir(), nil)
	if codeOf(err) != document.CodeOutOfMemory {
		t.Errorf("error = %v, want %s", err, document.CodeOutOfMemory)
	}
	if doc := read(t, pool, file(t, "a.txt", "text")); doc.Text != "text" {
		t.Errorf("text = %q", doc.Text)
	}
}

func TestCancelKillsTheChildAndLeavesNothing(t *testing.T) {
	t.Parallel()
	pool := newPool(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	slow := file(t, "slow.md", strings.Repeat("words and *more* words\n\n", 2_000_000))
	var once sync.Once
	_, err := pool.Extract(ctx, slow, dir, func(int, int, string) { once.Do(cancel) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want %v", err, context.Canceled)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left %v behind", left)
	}
}

func TestStoppedPoolTakesNoFiles(t *testing.T) {
	t.Parallel()
	pool := newPool(t, nil)
	read(t, pool, file(t, "a.txt", "text"))
	if err := pool.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Extract(t.Context(), file(t, "a.txt", "text"), t.TempDir(), nil); !errors.Is(err, extract.ErrStopped) {
		t.Errorf("error = %v, want %v", err, extract.ErrStopped)
	}
}

func TestManyFilesAtOnceShareFewChildren(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) { o.Workers = 2; o.IdleTimeout = time.Millisecond })
	var wg sync.WaitGroup
	for i := range 20 {
		in, dir := file(t, "a.md", "# Title\n\nBody "+strings.Repeat("x", i+1)), t.TempDir()
		wg.Go(func() {
			res, err := pool.Extract(t.Context(), in, dir, nil)
			if err != nil || res.Title != "Title" || res.TextBytes != int64(15+i) {
				t.Errorf("result %+v, error %v", res, err)
			}
		})
	}
	wg.Wait()
}

func TestOnlyFilesAreTakenFromAChild(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) { o.Args = []string{"linking-worker"} })
	dir := t.TempDir()
	if _, err := pool.Extract(t.Context(), file(t, "a.txt", "words"), dir, nil); err == nil || codeOf(err) != "" {
		t.Errorf("error = %v, want one of the machine's", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v was taken", left)
	}
}
