package extract

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// confine lowers what this process may do. There is no limit on address space:
// the Go runtime reserves far more than it uses. Each limit is one more line
// of defence behind the parent's watch, so none is missed when it is refused.
func confine() {
	set := func(what int, n uint64) {
		_ = unix.Setrlimit(what, &unix.Rlimit{Cur: n, Max: n})
	}
	set(unix.RLIMIT_CORE, 0)
	set(unix.RLIMIT_NOFILE, 256)
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
}

// confineFile sets the limits of the next file: seconds of processor time from
// now, and the length of a written file.
func confineFile(cpuSeconds int, fileBytes int64) {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		return
	}
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CPU, &now); err == nil {
		now.Cur = min(uint64(used.Utime.Sec+used.Stime.Sec)+uint64(cpuSeconds)+1, now.Max) //nolint:gosec // seconds are not negative
		_ = unix.Setrlimit(unix.RLIMIT_CPU, &now)
	}
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &now); err == nil {
		now.Cur = min(uint64(fileBytes), now.Max) //nolint:gosec // a length is not negative
		_ = unix.Setrlimit(unix.RLIMIT_FSIZE, &now)
	}
}

// detach keeps a child from outliving this process and from the terminal's
// signals.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killAll ends a child with the programs that it started, which are of its
// group. It may be gone already.
func killAll(child *os.Process) {
	if child.Signal(syscall.Signal(0)) == nil { // else its number may be another's
		_ = unix.Kill(-child.Pid, unix.SIGKILL)
	}
	_ = child.Kill()
}

// residentOfTree adds to what a process holds what its children hold, and
// theirs.
func residentOfTree(pid int) int64 {
	const most = 100 // processes
	total := int64(0)
	for pids := []int{pid}; len(pids) > 0 && len(pids) < most; pids = pids[1:] {
		total += residentBytes(pids[0])
		pids = append(pids, childrenOf(pids[0])...)
	}
	return total
}

// childrenOf lists the processes that the threads of a process started.
func childrenOf(pid int) []int {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	var pids []int
	for _, list := range lists {
		data, err := os.ReadFile(list) //nolint:gosec // the kernel's
		if err != nil {
			continue // the thread is gone
		}
		for field := range strings.FieldsSeq(string(data)) {
			if child, err := strconv.Atoi(field); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// endGroup waits for a child's end and takes all with it that it started. The
// child is still there to be waited for, so its number is not another's yet.
func endGroup(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	_ = unix.Kill(-pid, unix.SIGKILL) // nobody may be left
}

// residentBytes gives the memory that a process holds for itself alone, 0 when
// it cannot be told.
func residentBytes(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(data)
	if len(fields) < 3 {
		return 0
	}
	resident, err1 := strconv.ParseInt(string(fields[1]), 10, 64)
	shared, err2 := strconv.ParseInt(string(fields[2]), 10, 64)
	if err1 != nil || err2 != nil {
		return 0
	}
	return (resident - shared) * int64(os.Getpagesize())
}
