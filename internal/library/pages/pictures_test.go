package pages_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/pages"
)

// drawer writes what it is asked as a picture of 1,000 bytes.
type drawer struct {
	calls atomic.Int64
	fault error
	wait  bool
}

func (d *drawer) Draw(ctx context.Context, in document.Input, _ extract.PageOf, dir string) error {
	d.calls.Add(1)
	if d.wait {
		<-ctx.Done()
		return ctx.Err()
	}
	if d.fault != nil {
		return d.fault
	}
	original, err := os.ReadFile(in.Path)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, extract.PictureFile), []byte(strings.Repeat(string(original[:1]), 1000)), 0o600)
}

// far is a store whose objects are no files.
type far struct{ blob.Store }

func newPictures(t *testing.T, d *drawer, change func(*pages.Options)) (*pages.Pictures, string) {
	t.Helper()
	objects, err := files.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := objects.Put(t.Context(), "a/original", strings.NewReader("original")); err != nil {
		t.Fatal(err)
	}
	opt := pages.Options{Objects: objects, Drawer: d, Dir: t.TempDir()}
	if change != nil {
		change(&opt)
	}
	return pages.NewPictures(opt), opt.Dir
}

func pdfOf(hash string) library.Generation {
	return library.Generation{ItemUID: "item", OriginalKey: "a/original", ContentHash: "sha256:" + hash, ContentType: "application/pdf"}
}

func draw(t *testing.T, p *pages.Pictures, g library.Generation, number, width int) {
	t.Helper()
	f, err := p.Page(t.Context(), g, number, width)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || len(b) != 1000 || b[0] != 'o' {
		t.Fatalf("the picture has %d bytes, %v", len(b), err)
	}
}

func TestAPictureIsDrawnOnce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*pages.Options){
		"files": nil, "a store far away": func(o *pages.Options) { o.Objects = far{o.Objects} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &drawer{}
			p, _ := newPictures(t, d, change)
			var group sync.WaitGroup
			for range 8 {
				group.Go(func() { draw(t, p, pdfOf("aa"), 1, 500) })
			}
			group.Wait()
			if n := d.calls.Load(); n != 1 {
				t.Errorf("it was drawn %d times", n)
			}
			draw(t, p, pdfOf("aa"), 2, 500)
			draw(t, p, pdfOf("aa"), 1, 600)
			draw(t, p, pdfOf("bb"), 1, 500)
			if n := d.calls.Load(); n != 4 {
				t.Errorf("four pictures were drawn %d times", n)
			}
		})
	}
}

func TestWhatHasNoPagesIsNotDrawn(t *testing.T) {
	t.Parallel()
	d := &drawer{}
	p, _ := newPictures(t, d, nil)
	text, gone := pdfOf("aa"), pdfOf("aa")
	text.ContentType, gone.OriginalKey = "text/plain", "b/original"
	for _, g := range []library.Generation{text, gone} {
		if _, err := p.Page(t.Context(), g, 1, 500); !errors.Is(err, pages.ErrNoPicture) {
			t.Errorf("%+v gives %v", g, err)
		}
	}
	if _, err := p.Page(t.Context(), pdfOf("aa"), 0, 500); !errors.Is(err, pages.ErrNoPicture) || d.calls.Load() != 0 {
		t.Errorf("page 0 gives %v after %d drawings", err, d.calls.Load())
	}
}

func TestAPageThatCannotBeDrawnIsTriedAgainLater(t *testing.T) {
	t.Parallel()
	d := &drawer{fault: document.Fault(document.CodeTimedOut, "It took too long.")}
	now := time.Now()
	p, _ := newPictures(t, d, func(o *pages.Options) { o.Now = func() time.Time { return now } })
	for range 3 {
		if _, err := p.Page(t.Context(), pdfOf("aa"), 1, 500); !errors.Is(err, pages.ErrNoPicture) {
			t.Errorf("it gives %v", err)
		}
	}
	if n := d.calls.Load(); n != 1 {
		t.Errorf("it was tried %d times", n)
	}
	now, d.fault = now.Add(11*time.Minute), nil
	draw(t, p, pdfOf("aa"), 1, 500)
}

func TestAFaultOfTheMachineIsNotRemembered(t *testing.T) {
	t.Parallel()
	d := &drawer{fault: errors.New("no processes left")}
	p, _ := newPictures(t, d, nil)
	if _, err := p.Page(t.Context(), pdfOf("aa"), 1, 500); err == nil || errors.Is(err, pages.ErrNoPicture) {
		t.Errorf("it gives %v", err)
	}
	d.fault = nil
	draw(t, p, pdfOf("aa"), 1, 500)
}

func TestNobodyWaitsForeverForAPicture(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &drawer{wait: true}
		p, _ := newPictures(t, d, nil)
		var group sync.WaitGroup
		for range 2 { // one draws, the other waits for its turn
			group.Go(func() {
				_, err := p.Page(t.Context(), pdfOf("aa"), 1, 500)
				var late *errs.Error
				if !errors.As(err, &late) || late.Kind != errs.Unavailable {
					t.Errorf("it gives %v", err)
				}
			})
		}
		group.Wait()
	})
}

func TestTheFolderOfPicturesIsBoundedAndForgets(t *testing.T) {
	t.Parallel()
	d := &drawer{}
	now := time.Now()
	p, dir := newPictures(t, d, func(o *pages.Options) {
		o.MaxBytes, o.Now = 3500, func() time.Time { return now }
	})
	names := func() int {
		left, err := filepath.Glob(filepath.Join(dir, "*.png"))
		if err != nil {
			t.Fatal(err)
		}
		return len(left)
	}
	for number := range 10 {
		draw(t, p, pdfOf("aa"), number+1, 500)
	}
	if n := names(); n != 3 {
		t.Errorf("%d pictures of 1,000 bytes are kept in 3,500", n)
	}
	now = now.Add(2 * time.Hour)
	draw(t, p, pdfOf("bb"), 1, 500)
	if n := names(); n != 1 {
		t.Errorf("%d pictures are kept after two hours", n)
	}
}
