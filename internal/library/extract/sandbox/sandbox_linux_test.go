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
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"git.helu.ca/r/mnemosyne/internal/library/extract/sandbox"
)

// report is what a confined process found it can do.
type report struct {
	Means                            sandbox.Means
	TCP, UDP, Unix                   bool
	ReadOwn, ReadOther, ReadEtc      bool
	WriteOwn, WriteRead, WriteOther  bool
	ReadSingle, ReadsParent          bool
	RunsShell                        bool
	SameThroughGoroutines, ListsRoot bool
	Others                           others
}

// others are the ways to what is not the process's own.
type others struct {
	Signals, SignalsByHandle, Limits, Hurries                 bool // of its parent
	ReachesSocket, ReachesUnnamedSocket, SendsUnconnected     bool
	ChangesMode, ChangesModeOfRead, ChangesTimes, ChangesMark bool // of a file
	MakesUserNamespace, LeavesGroup, LeavesMemory             bool
	HasRights                                                 bool
}

// unnamed is a socket that is no file.
func unnamed(dir string) string { return "@mnemosyne" + filepath.ToSlash(dir) }

func tryOthers(dir string) others {
	var o others
	parent, other, input := os.Getppid(), filepath.Join(dir, "other", "a"), filepath.Join(dir, "read", "a")
	o.Signals = unix.Kill(parent, 0) == nil || unix.Kill(-1, 0) == nil || unix.Tgkill(parent, parent, 0) == nil
	if fd, err := unix.PidfdOpen(parent, 0); err == nil {
		o.SignalsByHandle = unix.PidfdSendSignal(fd, 0, nil, 0) == nil
	}
	var now unix.Rlimit
	o.Limits = unix.Prlimit(parent, unix.RLIMIT_CORE, nil, &now) == nil
	o.Hurries = unix.Setpriority(unix.PRIO_PROCESS, parent, 1) == nil
	reaches := func(at string) bool { _, err := net.Dial("unix", at); return err == nil }
	o.ReachesSocket, o.ReachesUnnamedSocket = reaches(filepath.Join(dir, "other", "socket")), reaches(unnamed(dir))
	_, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	o.SendsUnconnected = err == nil
	o.ChangesMode, o.ChangesModeOfRead = os.Chmod(other, 0) == nil, os.Chmod(input, 0) == nil
	o.ChangesTimes = os.Chtimes(other, time.Unix(0, 0), time.Unix(0, 0)) == nil
	o.ChangesMark = unix.Setxattr(other, "user.mark", []byte("x"), 0) == nil
	userspace := exec.Command(os.Args[0], "nothing")
	userspace.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	o.MakesUserNamespace = !errors.Is(userspace.Run(), syscall.EPERM)
	_, err = unix.Setsid()
	o.LeavesGroup = err == nil || unix.Setpgid(0, 0) == nil
	_, err = unix.SysvShmGet(unix.IPC_PRIVATE, 4096, unix.IPC_CREAT)
	o.LeavesMemory = err == nil
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var rights [2]unix.CapUserData
	o.HasRights = unix.Capget(&header, &rights[0]) != nil || rights[0].Effective&^(1<<unix.CAP_DAC_OVERRIDE) != 0 || rights[1].Effective != 0
	return o
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
	r.Means = sandbox.Enter(sandbox.Folders{
		Read:  []string{filepath.Join(dir, "read"), filepath.Join(dir, "none")},
		Write: []string{filepath.Join(dir, "own")},
		Run:   []string{filepath.Join(dir, "single", "a")},
	})
	reads := func(path string) bool { _, err := os.ReadFile(path); return err == nil }
	writes := func(path string) bool { return os.WriteFile(path, []byte("x"), 0o600) == nil }
	dials := func(network, at string) bool { _, err := net.Dial(network, at); return !blocked(err) }
	r.TCP, r.UDP, r.Unix = dials("tcp", "127.0.0.1:1"), dials("udp", "127.0.0.1:1"), dials("unix", filepath.Join(dir, "own", "none"))
	r.ReadOwn, r.ReadOther, r.ReadEtc = reads(filepath.Join(dir, "read", "a")), reads(filepath.Join(dir, "other", "a")), reads("/etc/passwd")
	r.WriteOwn, r.WriteRead, r.WriteOther = writes(filepath.Join(dir, "own", "b")), writes(filepath.Join(dir, "read", "b")), writes(filepath.Join(dir, "other", "b"))
	r.ReadSingle = reads(filepath.Join(dir, "single", "a"))
	r.ReadsParent = reads(fmt.Sprintf("/proc/%d/environ", os.Getppid()))
	r.RunsShell = exec.Command("/bin/sh", "-c", "exit 0").Run() == nil
	_, err := os.ReadDir("/")
	r.ListsRoot = err == nil
	r.Others = tryOthers(dir)
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
	for _, name := range []string{"read", "own", "other", "single"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "a"), []byte("words"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range []string{filepath.Join(dir, "other", "socket"), unnamed(dir)} {
		l, err := net.Listen("unix", at)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "confined", dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.Output()
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
	want := report{Means: got.Means, ReadOwn: true, ReadSingle: true, WriteOwn: true, SameThroughGoroutines: true}
	if got != want {
		t.Errorf("it can do %+v, want %+v", got, want)
	}
}
