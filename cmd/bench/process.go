package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// machine describes where the figures come from.
func machine(ctx context.Context, binary string) string {
	version, err := exec.CommandContext(ctx, binary, "version").Output()
	if err != nil {
		version = []byte("unknown version")
	}
	load, _, _ := strings.Cut(readText("/proc/loadavg"), " ")
	return fmt.Sprintf("%s; %s/%s, %s, %d cores, %s of memory, load %s at the start",
		strings.Join(strings.Fields(string(version)), " "), runtime.GOOS, runtime.GOARCH,
		valueOf("/proc/cpuinfo", "model name"), runtime.NumCPU(), valueOf("/proc/meminfo", "MemTotal"), load)
}

func readText(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(raw)
}

// valueOf gives what follows a name and a colon in one of the kernel's files.
func valueOf(path, name string) string {
	for line := range strings.Lines(readText(path)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// tick is the unit of processor times in /proc, 10 ms on Linux everywhere.
const tick = 10 * time.Millisecond

// tree lists a process and all that descend from it.
func tree(pid int) []int {
	all := []int{pid}
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return all
	}
	for _, path := range paths {
		for field := range strings.FieldsSeq(readText(path)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, tree(child)...)
			}
		}
	}
	return all
}

// treeCPU is the processor time of a process, its children and those of them
// that have ended.
func treeCPU(pid int) time.Duration {
	var total time.Duration
	for _, one := range tree(pid) {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", one))
		if err != nil {
			continue // it has ended; its parent counts it from now on
		}
		fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
		const utime, cstime = 11, 14 // user, system, and both of ended children
		for _, f := range fields[utime : cstime+1] {
			n, _ := strconv.ParseInt(f, 10, 64)
			total += time.Duration(n) * tick
		}
	}
	return total
}

// treeMemory is the proportional share of memory (PSS) of a process and its
// children: what would be free without them.
func treeMemory(pid int) int64 {
	var total int64
	for _, one := range tree(pid) {
		total += kilobytes(fmt.Sprintf("/proc/%d/smaps_rollup", one), "Pss")
	}
	return total
}

// resident is a process's resident memory, shared pages included.
func resident(pid int) int64 { return kilobytes(fmt.Sprintf("/proc/%d/status", pid), "VmRSS") }

func kilobytes(path, name string) int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(valueOf(path, name), " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}

// ownCPU is the processor time of this process (RUSAGE_SELF) or of its
// children that have ended (RUSAGE_CHILDREN).
func ownCPU(who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		panic(err) // only a wrong argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
