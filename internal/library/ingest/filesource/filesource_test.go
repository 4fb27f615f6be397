package filesource_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/ingest/filesource"
)

func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range map[string]string{
		"secret": "outside", "in/users/a/x.txt": "alice's", "in/users/a/deep/y.txt": "deep", "in/users/b/x.txt": "bob's", "in/users/a/none": "",
	} {
		path = filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	in := filepath.Join(dir, "in")
	if err := errors.Join(
		os.Symlink("../../../secret", filepath.Join(in, "users/a/out")),
		os.Symlink("/etc/passwd", filepath.Join(in, "users/a/passwd")),
		os.Symlink("../b/x.txt", filepath.Join(in, "users/a/bobs")),
		os.Symlink("../b", filepath.Join(in, "users/a/b")),
		os.Symlink("x.txt", filepath.Join(in, "users/a/own")),
		syscall.Mkfifo(filepath.Join(in, "users/a/pipe"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	return in
}

func TestAFileHandedOverIsRead(t *testing.T) {
	t.Parallel()
	s := filesource.New(folder(t), ingest.Handover{Name: "daedalus"})
	for key, want := range map[string]string{"users/a/x.txt": "alice's", "users/a/deep/y.txt": "deep", "users/a/none": ""} {
		body, size, err := s.Open(t.Context(), key)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		got, err := io.ReadAll(body)
		if err := errors.Join(err, body.Close()); err != nil || string(got) != want || size != int64(len(want)) {
			t.Errorf("%s holds %q of %d bytes, %v", key, got, size, err)
		}
	}
	if s.Bucket() != "daedalus" || s.Empty() {
		t.Errorf("the bucket is %q, empty %v", s.Bucket(), s.Empty())
	}
}

func TestAKeyNeverLeadsOutOfTheFolderNorThroughALink(t *testing.T) {
	t.Parallel()
	s := filesource.New(folder(t), ingest.Handover{})
	for key, want := range map[string]string{
		"users/a/out":               ingest.CodeSourceForbidden,
		"users/a/passwd":            ingest.CodeSourceForbidden,
		"users/a/bobs":              ingest.CodeSourceForbidden,
		"users/a/own":               ingest.CodeSourceForbidden,
		"users/a/b/x.txt":           ingest.CodeSourceForbidden,
		"users/a/pipe":              ingest.CodeSourceForbidden,
		"../secret":                 ingest.CodeSourceMissing,
		"users/../../secret":        ingest.CodeSourceMissing,
		"/etc/passwd":               ingest.CodeSourceMissing,
		"users/a/../b/x.txt":        ingest.CodeSourceMissing,
		"users//a/x.txt":            ingest.CodeSourceMissing,
		"users/a/":                  ingest.CodeSourceMissing,
		"users/a":                   ingest.CodeSourceMissing,
		"users/a/x.txt/more":        ingest.CodeSourceMissing,
		"users/a/gone":              ingest.CodeSourceMissing,
		strings.Repeat("long", 100): ingest.CodeSourceMissing,
		"":                          ingest.CodeSourceMissing,
	} {
		_, _, err := s.Open(t.Context(), key)
		f, ok := errors.AsType[*ingest.Failure](err)
		if !ok || f.Code != want || f.Passing {
			t.Errorf("%q: %v, want %s", key, err, want)
		}
	}
}

func TestWhatCannotBeReadIsSaidSo(t *testing.T) {
	t.Parallel()
	none := filesource.New(filepath.Join(t.TempDir(), "none"), ingest.Handover{})
	if err := none.Ping(t.Context()); err != nil || !none.Empty() {
		t.Errorf("no folder: %v, empty %v", err, none.Empty())
	}
	_, _, err := none.Open(t.Context(), "x")
	if f, ok := errors.AsType[*ingest.Failure](err); !ok || f.Code != ingest.CodeSourceMissing {
		t.Errorf("in no folder: %v", err)
	}
	loop := filepath.Join(t.TempDir(), "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	_, _, err = filesource.New(loop, ingest.Handover{}).Open(t.Context(), "x")
	if f, ok := errors.AsType[*ingest.Failure](err); !ok || f.Code != ingest.CodeSourceUnreachable || !f.Passing {
		t.Errorf("a folder that leads nowhere: %v", err)
	}
	if os.Geteuid() == 0 {
		return // root may read everything
	}
	dir := folder(t)
	if err := os.Chmod(filepath.Join(dir, "users/a/x.txt"), 0); err != nil {
		t.Fatal(err)
	}
	_, _, err = filesource.New(dir, ingest.Handover{}).Open(t.Context(), "users/a/x.txt")
	if f, ok := errors.AsType[*ingest.Failure](err); !ok || f.Code != ingest.CodeSourceForbidden {
		t.Errorf("a file that may not be read: %v", err)
	}
}
