package files_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

func open(t *testing.T) *files.Store {
	t.Helper()
	s, err := files.Open(filepath.Join(t.TempDir(), "objects"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t *testing.T, s *files.Store, key string) string {
	t.Helper()
	f, _, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func keys(t *testing.T, s *files.Store, prefix string) []string {
	t.Helper()
	var out []string
	for info, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, info.Key)
	}
	slices.Sort(out)
	return out
}

func TestAnObjectComesBackWithItsSizeAndDigest(t *testing.T) {
	t.Parallel()
	s := open(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	info, err := s.Put(t.Context(), "lib/one/original", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	if info.Size != int64(len(content)) || info.SHA256 != hex.EncodeToString(sum[:]) || info.Key != "lib/one/original" {
		t.Errorf("Put = %+v", info)
	}
	if read(t, s, "lib/one/original") != string(content) {
		t.Error("the content that comes back is another")
	}
	if path, err := s.Path("lib/one/original"); err != nil {
		t.Error(err)
	} else if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, content) {
		t.Errorf("Path leads to something else: %v", err)
	}
}

func TestPuttingAgainReplacesTheWhole(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, content := range []string{"the first and longer one", "short"} {
		if _, err := s.Put(t.Context(), "k", strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s, "k"); got != content {
			t.Errorf("got %q, want %q", got, content)
		}
	}
}

func TestAFailedPutLeavesTheOldObjectAndNoRest(t *testing.T) {
	t.Parallel()
	s := open(t)
	if _, err := s.Put(t.Context(), "k", strings.NewReader("old")); err != nil {
		t.Fatal(err)
	}
	broken := io.MultiReader(strings.NewReader("new"), iotest.ErrReader(io.ErrUnexpectedEOF))
	if _, err := s.Put(t.Context(), "k", broken); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Put from a broken reader = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(ctx, "k", strings.NewReader("new")); !errors.Is(err, context.Canceled) {
		t.Errorf("Put with an ended context = %v", err)
	}
	if got := read(t, s, "k"); got != "old" {
		t.Errorf("got %q, want the old object", got)
	}
	parts, err := os.ReadDir(filepath.Join(s.Where(), ".part"))
	if err != nil || len(parts) != 0 {
		t.Errorf("left half written: %v, %v", parts, err)
	}
}

func TestAFullDiskIsSaidAndNothingIsLeft(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, err := s.Put(t.Context(), "k", iotest.ErrReader(fmt.Errorf("write: %w", syscall.ENOSPC)))
	if !errors.Is(err, blob.ErrFull) || !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), s.Where()) {
		t.Errorf("Put on a full disk = %v; want ErrFull, Unavailable and the folder", err)
	}
	if _, _, err := s.Open(t.Context(), "k"); !errors.Is(err, blob.ErrMissing) {
		t.Errorf("Open = %v, want ErrMissing", err)
	}
}

func TestWhatIsNotThereIsMissingAndDeletedInSilence(t *testing.T) {
	t.Parallel()
	s := open(t)
	if _, err := s.Put(t.Context(), "a/b", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"none", "a", "a/b/c", "a/c"} {
		if _, _, err := s.Open(t.Context(), key); !errors.Is(err, blob.ErrMissing) {
			t.Errorf("Open(%q) = %v, want ErrMissing", key, err)
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete(%q) = %v", key, err)
		}
	}
	if got := read(t, s, "a/b"); got != "x" {
		t.Errorf("a/b = %q", got)
	}
}

func TestKeysThatLeadElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, key := range []string{"", "/", "a//b", "../a", "a/../b", "a/./b", ".part/x", ".x", "a/", "/a", "a b", "a\x00", "ä", "a\\b", strings.Repeat("a", 600)} {
		_, put := s.Put(t.Context(), key, strings.NewReader("x"))
		_, _, opened := s.Open(t.Context(), key)
		if !errors.Is(put, blob.ErrKey) || !errors.Is(opened, blob.ErrKey) || !errors.Is(s.Delete(t.Context(), key), blob.ErrKey) {
			t.Errorf("the key %q was taken: %v, %v", key, put, opened)
		}
	}
}

func TestListGivesEveryKeyOfAPrefixAndNoPart(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, key := range []string{"l1/a/x", "l1/ab/x", "l1/b", "l2/a", "top"} {
		if _, err := s.Put(t.Context(), key, strings.NewReader(key)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.Where(), ".part", "put-1"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string][]string{
		"":     {"l1/a/x", "l1/ab/x", "l1/b", "l2/a", "top"},
		"l1/":  {"l1/a/x", "l1/ab/x", "l1/b"},
		"l1/a": {"l1/a/x", "l1/ab/x"},
		"l3/":  nil,
	} {
		if got := keys(t, s, prefix); !slices.Equal(got, want) {
			t.Errorf("List(%q) = %v, want %v", prefix, got, want)
		}
	}
	for _, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Error(err)
		}
		break // stopping early is no fault
	}
}

func TestDeletingTheLastObjectLeavesNoFolder(t *testing.T) {
	t.Parallel()
	s := open(t)
	if _, err := s.Put(t.Context(), "lib/item/original", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "lib/item/original"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(s.Where())
	if err != nil || len(entries) != 1 {
		t.Errorf("left: %v, %v; want .part alone", entries, err)
	}
}

func TestWritingBesideADeletionOfTheSameFolderSucceeds(t *testing.T) {
	t.Parallel()
	s := open(t)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for range 50 {
				key := fmt.Sprintf("lib/item/%d", w)
				if _, err := s.Put(t.Context(), key, strings.NewReader("x")); err != nil {
					t.Error(err)
				}
				if err := s.Delete(t.Context(), key); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := keys(t, s, ""); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestSweepRemovesOldPartsAndKeepsNewOnes(t *testing.T) {
	t.Parallel()
	s := open(t)
	old, fresh := filepath.Join(s.Where(), ".part", "put-old"), filepath.Join(s.Where(), ".part", "put-new")
	for _, path := range []string{old, fresh} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	yesterday := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	if err := s.Sweep(t.Context(), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old part is still there: %v", err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Errorf("the new part is gone: %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
