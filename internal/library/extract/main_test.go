package extract_test

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// TestMain makes the test binary its own extraction process.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "extract-worker":
			os.Exit(extract.ChildMain(os.Stdin, os.Stdout))
		case "no-worker":
			os.Exit(3)
		case "stuck-worker":
			sayReady()
			_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
		case "linking-worker": // one that was taken over, and leaves a link in place of a text
			sayReady()
			_, _ = os.Stdin.Read(make([]byte, 1<<16)) // what it may reach, a file to read
			if err := os.Symlink("/etc/passwd", document.TextFile); err != nil {
				os.Exit(1)
			}
			say(`{"result":{"content_type":"text/plain"}}`)
			_, _ = io.Copy(io.Discard, os.Stdin)
		case "listing-worker": // and one that says what is not so
			sayReady()
			_, _ = os.Stdin.Read(make([]byte, 1<<16))
			for name, content := range map[string]string{
				document.TextFile: "", document.StructureFile: "", document.AttachmentsFile: os.Args[2], document.AttachmentFile(1): "x",
			} {
				if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
					os.Exit(1)
				}
			}
			say(`{"progress":{"done":1,"total":2,"unit":"<b>lies</b>"}}`)
			say(`{"result":{"title":"a\nb","content_type":"<x>","language":"no language","metadata":{"good":"1","b\na":"d"},"pages":-1}}`)
			_, _ = io.Copy(io.Discard, os.Stdin)
		case "filling-worker": // and one that would fill the disk
			sayReady()
			_, _ = os.Stdin.Read(make([]byte, 1<<16))
			if err := os.WriteFile("a", nil, 0o600); err != nil || os.Truncate("a", 1<<40) != nil {
				os.Exit(1)
			}
			_, _ = io.Copy(io.Discard, os.Stdin)
		case "forking-worker": // and one that starts another to stay
			sayReady()
			_, _ = os.Stdin.Read(make([]byte, 1<<16))
			if err := exec.Command(os.Args[0], "staying", os.Args[2]).Start(); err != nil { //nolint:gosec,noctx // this very binary
				os.Exit(1)
			}
			_, _ = io.Copy(io.Discard, os.Stdin)
		case "staying":
			if _, err := net.Dial("unix", os.Args[2]); err == nil { //nolint:noctx // it stays until it is killed
				select {}
			}
		case "crashing-worker":
			sayReady()
			_, _ = os.Stdin.Read(make([]byte, 4)) // a file to read
			os.Exit(2)
		}
	}
	os.Exit(m.Run())
}

// sayReady is the first word of a child.
func sayReady() { say(`{"ready":true}`) }

func say(reply string) {
	if _, err := os.Stdout.Write(append([]byte{0, 0, 0, byte(len(reply))}, reply...)); err != nil {
		os.Exit(1)
	}
}

// newPool starts a pool whose compiled PDF code is shared by all tests.
func newPool(t *testing.T, change func(*extract.Options)) *extract.Pool {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	opt := extract.Options{
		Executable: exe, Args: []string{"extract-worker"}, Workers: 1,
		CacheDir: filepath.Join(os.TempDir(), "mnemosyne-test-pdfium"),
		Limits:   document.Limits{Timeout: 5 * time.Minute}, // on a busy machine, too; what is late is a test of its own
	}
	if change != nil {
		change(&opt)
	}
	pool := extract.NewPool(opt)
	if err := pool.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := pool.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return pool
}

// file writes content to a file of that name and gives it as an input.
func file(t *testing.T, name, content string) document.Input {
	t.Helper()
	path := filepath.Join(t.TempDir(), "content")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return document.Input{Path: path, Filename: name}
}

// read extracts a file that must be readable.
func read(t *testing.T, pool *extract.Pool, in document.Input) *document.Document {
	t.Helper()
	res, err := pool.Extract(t.Context(), in, t.TempDir(), nil)
	if err != nil {
		t.Fatalf("extract %s: %v", in.Filename, err)
	}
	doc, err := res.Document()
	if err != nil {
		t.Fatal(err)
	}
	checkDocument(t, doc)
	return doc
}

// checkDocument holds what is true of every document.
func checkDocument(t *testing.T, doc *document.Document) {
	t.Helper()
	end := 0
	for _, b := range doc.Blocks {
		if b.Start < end || b.End <= b.Start {
			t.Fatalf("block %+v overlaps or is empty", b)
		}
		end = b.End
	}
	end = 0
	for _, p := range doc.Pages {
		if p.Start < end || p.End < p.Start {
			t.Fatalf("page %+v overlaps", p)
		}
		end = p.End
	}
}

// blocks lists a document's blocks as "kind level: text".
func texts(doc *document.Document, kind document.BlockKind) []string {
	var out []string
	for _, b := range doc.Blocks {
		if b.Kind == kind {
			out = append(out, doc.Text[b.Start:b.End])
		}
	}
	return out
}
