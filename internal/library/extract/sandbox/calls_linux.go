//go:build amd64 || arm64

package sandbox

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Of linux/seccomp.h: a filter reads the call's number, its architecture and
// its arguments as 32-bit words of this layout.
const (
	offsetNumber   = 0
	offsetArch     = 4
	offsetArgument = 16
)

// forbidden are calls that reach other processes, the kernel's insides or, by
// another way, the network. Sockets are judged by their family.
func forbidden() []uint32 {
	return []uint32{
		unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP,
		unix.SYS_IO_URING_SETUP, unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
		unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2,
		unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_KEXEC_LOAD,
	}
}

// restrictCalls installs a filter of system calls in all threads.
func restrictCalls() bool {
	program := filter()
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]} //nolint:gosec // some fifty instructions
	const flags = unix.SECCOMP_FILTER_FLAG_TSYNC
	failed, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&fprog))) //nolint:gosec // as the kernel wants it
	runtime.KeepAlive(program)
	return errno == 0 && failed == 0
}

// filter is the program: another architecture's calls and those of the list
// fail with EPERM, sockets that are not of this machine alone with EACCES.
func filter() []unix.SockFilter {
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		above  = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		give   = unix.BPF_RET | unix.BPF_K
		refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
		closed = unix.SECCOMP_RET_ERRNO | uint32(unix.EACCES)
		allow  = unix.SECCOMP_RET_ALLOW
		x32    = 0x40000000 // the other numbers of amd64's calls
	)
	arch := uint32(unix.AUDIT_ARCH_X86_64)
	if runtime.GOARCH == "arm64" {
		arch = unix.AUDIT_ARCH_AARCH64
	}
	program := []unix.SockFilter{
		{Code: load, K: offsetArch},
		{Code: equal, K: arch, Jt: 1},
		{Code: give, K: refuse},
		{Code: load, K: offsetNumber},
		{Code: above, K: x32, Jf: 1},
		{Code: give, K: refuse},
	}
	for _, number := range forbidden() {
		program = append(program, unix.SockFilter{Code: equal, K: number, Jf: 1}, unix.SockFilter{Code: give, K: refuse})
	}
	return append(program,
		unix.SockFilter{Code: equal, K: unix.SYS_SOCKET, Jt: 1},
		unix.SockFilter{Code: give, K: allow},
		unix.SockFilter{Code: load, K: offsetArgument},
		unix.SockFilter{Code: equal, K: unix.AF_UNIX, Jf: 1},
		unix.SockFilter{Code: give, K: allow},
		unix.SockFilter{Code: give, K: closed},
	)
}
