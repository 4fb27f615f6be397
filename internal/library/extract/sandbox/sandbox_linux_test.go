//go:build amd64 || arm64

package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/sandbox"
)

// report is what a confined process found it can do.
type report struct {
	Means                            sandbox.Means
	TCP, UDP, Unix                   bool
	ReadOwn, ReadOther, ReadEtc      bool
	WriteOwn, WriteRead, WriteOther  bool
	Signals, ReadsParent, RunsShell  bool
	SameThroughGoroutines, ListsRoot bool
}

// TestMain makes the test binary the process that is confined.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "confined" {
		if err := json.NewEncoder(os.Stdout).Encode(tryAll(os.Args[2])); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func tryAll(dir string) report {
	var r report
	r.Means = sandbox.Enter(sandbox.Folders{Read: []string{filepath.Join(dir, "read")}, Write: []string{filepath.Join(dir, "own")}})
	reads := func(path string) bool { _, err := os.ReadFile(path); return err == nil }
	writes := func(path string) bool { return os.WriteFile(path, []byte("x"), 0o600) == nil }
	dials := func(network, at string) bool { _, err := net.Dial(network, at); return !blocked(err) }
	r.TCP, r.UDP, r.Unix = dials("tcp", "127.0.0.1:1"), dials("udp", "127.0.0.1:1"), dials("unix", filepath.Join(dir, "own", "none"))
	r.ReadOwn, r.ReadOther, r.ReadEtc = reads(filepath.Join(dir, "read", "a")), reads(filepath.Join(dir, "other", "a")), reads("/etc/passwd")
	r.WriteOwn, r.WriteRead, r.WriteOther = writes(filepath.Join(dir, "own", "b")), writes(filepath.Join(dir, "read", "b")), writes(filepath.Join(dir, "other", "b"))
	r.ReadsParent = reads(fmt.Sprintf("/proc/%d/environ", os.Getppid()))
	r.RunsShell = exec.Command("/bin/sh", "-c", "exit 0").Run() == nil
	_, err := os.ReadDir("/")
	r.ListsRoot = err == nil
	inside := make(chan bool)
	go func() { inside <- !dials("tcp", "127.0.0.1:1") && !reads("/etc/passwd") }()
	r.SameThroughGoroutines = <-inside
	return r
}

// blocked tells a call that was refused from one that reached nobody.
func blocked(err error) bool { return errors.Is(err, os.ErrPermission) }

func TestAConfinedProcessReachesItsFoldersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"read", "own", "other"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "a"), []byte("words"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), os.Args[0], "confined", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if !got.Means.Calls || !got.Means.Files {
		t.Skipf("this kernel or container lets a process confine itself only so far: %+v", got.Means)
	}
	want := report{Means: got.Means, Unix: true, ReadOwn: true, WriteOwn: true, SameThroughGoroutines: true}
	if got != want {
		t.Errorf("it can do %+v, want %+v", got, want)
	}
}
