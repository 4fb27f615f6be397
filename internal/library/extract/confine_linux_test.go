package extract_test

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

func TestChildrenAreKeptInByAllThatTheKernelHas(t *testing.T) {
	t.Parallel()
	const askVersion = 1
	if version, _, _ := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, askVersion); int(version) <= 0 { //nolint:gosec // a small number, or -1
		t.Skip("this kernel keeps no process from files")
	}
	var log strings.Builder
	pool := newPool(t, func(o *extract.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	read(t, pool, file(t, "a.txt", "words"))
	if strings.Contains(log.String(), "files=false") {
		t.Errorf("a child is not kept from files: %s", log.String())
	}
}

func TestAChildThatFillsTheDiskIsEnded(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) { o.Args = []string{"filling-worker"} })
	if _, err := pool.Extract(t.Context(), file(t, "a.txt", "words"), t.TempDir(), nil); codeOf(err) != document.CodeTooLarge {
		t.Errorf("error = %v", err)
	}
}

func TestNothingOutlivesAChild(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "") // a short path, as sockets need
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	at := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	pool := newPool(t, func(o *extract.Options) {
		o.Args = []string{"forking-worker", at}
		o.Limits = document.Limits{Timeout: 2 * time.Second}
	})
	if _, err := pool.Extract(t.Context(), file(t, "a.txt", "words"), t.TempDir(), nil); codeOf(err) != document.CodeTimedOut {
		t.Fatalf("error = %v", err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("what a child started is still there: %v", err)
	}
}
