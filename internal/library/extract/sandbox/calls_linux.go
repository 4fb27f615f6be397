//go:build amd64 || arm64

package sandbox

import (
	"os"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// forbidden are calls that reach other processes, the kernel's insides or, by
// another way, the network; that change who may use a file, which Landlock
// lets pass for every file that can be named; that leave something behind in
// the kernel; and that leave the process group, with which all ends.
func forbidden() []uint32 {
	const fileSetattr = 469 // the number on every architecture; x/sys does not have it yet
	return append([]uint32{
		unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP,
		unix.SYS_SETPRIORITY, unix.SYS_IOPRIO_SET,
		unix.SYS_IO_URING_SETUP, unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
		unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2,
		unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_KEXEC_LOAD,
		unix.SYS_FCHMOD, unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWN, unix.SYS_FCHOWNAT, unix.SYS_UTIMENSAT,
		unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR, unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR,
		unix.SYS_SETXATTRAT, unix.SYS_REMOVEXATTRAT, fileSetattr,
		unix.SYS_SHMGET, unix.SYS_SEMGET, unix.SYS_MSGGET, unix.SYS_MQ_OPEN,
		unix.SYS_SETSID, unix.SYS_SETPGID,
	}, olderCalls()...)
}

// restrictCalls installs a filter of system calls in all threads.
func restrictCalls() bool {
	program := filter(uint32(os.Getppid()))                                 //nolint:gosec // a process id
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]} //nolint:gosec // some two hundred instructions
	const flags = unix.SECCOMP_FILTER_FLAG_TSYNC
	failed, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&fprog))) //nolint:gosec // as the kernel wants it
	runtime.KeepAlive(program)
	return errno == 0 && failed == 0
}

// Of linux/seccomp.h: a filter reads the call's number, its architecture and
// its arguments as 32-bit words of this layout.
const (
	offsetNumber = 0
	offsetArch   = 4
	offsetFirst  = 16 // the low word of the first argument; both architectures are little-endian
	offsetSecond = 24
)

// Instructions of a filter.
const (
	load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	mask  = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
	equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	above = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	has   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	give  = unix.BPF_RET | unix.BPF_K
)

// What becomes of a call.
const (
	allow  = unix.SECCOMP_RET_ALLOW
	refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	closed = unix.SECCOMP_RET_ERRNO | uint32(unix.EACCES)
	ignore = unix.SECCOMP_RET_ERRNO // with no error: the call does nothing, and its caller goes on
	absent = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

// filter is the program: another architecture's calls and those of the list
// fail with EPERM, sockets that are not of this machine alone, and those that
// reach another program's, with EACCES.
func filter(parent uint32) []unix.SockFilter {
	const x32 = 0x40000000 // the other numbers of amd64's calls
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
		program = append(program, on(number, unix.SockFilter{Code: give, K: refuse})...)
	}
	// glibc and Go then make processes by the older call, whose flags can be read.
	program = append(program, on(unix.SYS_CLONE3, unix.SockFilter{Code: give, K: absent})...)
	program = append(program, on(unix.SYS_CONNECT, unix.SockFilter{Code: give, K: closed})...)
	// LibreOffice wants to be found by another of its kind, in /tmp, and ends where it cannot.
	for _, number := range []uint32{unix.SYS_BIND, unix.SYS_LISTEN} {
		program = append(program, on(number, unix.SockFilter{Code: give, K: ignore})...)
	}
	program = append(program, on(unix.SYS_CLONE, noNamespace()...)...)
	program = append(program, on(unix.SYS_SOCKET, ownSocket()...)...)
	for _, number := range []uint32{
		unix.SYS_PRLIMIT64, unix.SYS_SCHED_SETAFFINITY, unix.SYS_SCHED_SETPARAM, unix.SYS_SCHED_SETSCHEDULER, unix.SYS_SCHED_SETATTR,
	} {
		program = append(program, on(number, itself()...)...)
	}
	// Where the kernel cannot keep signals in, the parent is safe at least.
	for _, number := range []uint32{
		unix.SYS_KILL, unix.SYS_TKILL, unix.SYS_TGKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO, unix.SYS_PIDFD_OPEN,
	} {
		program = append(program, on(number, notTo(parent)...)...)
	}
	return append(program, unix.SockFilter{Code: give, K: allow})
}

// on has the filter go on with then, which ends in all its ways, at a call.
func on(number uint32, then ...unix.SockFilter) []unix.SockFilter {
	return slices.Concat([]unix.SockFilter{{Code: equal, K: number, Jf: uint8(len(then))}}, then) //nolint:gosec // a few
}

// itself lets a call pass whose first argument, a process, is the caller.
func itself() []unix.SockFilter {
	return []unix.SockFilter{{Code: load, K: offsetFirst}, {Code: equal, K: 0, Jf: 1}, {Code: give, K: allow}, {Code: give, K: refuse}}
}

// notTo refuses a call whose first argument is the given process, or a group
// of processes that is named.
func notTo(pid uint32) []unix.SockFilter {
	const negative = 1 << 31
	return []unix.SockFilter{
		{Code: load, K: offsetFirst},
		{Code: equal, K: pid, Jt: 2},
		{Code: has, K: negative, Jt: 1},
		{Code: give, K: allow},
		{Code: give, K: refuse},
	}
}

// noNamespace lets processes be made, but none with a view of its own, in
// which it has rights that it has not here.
func noNamespace() []unix.SockFilter {
	const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET
	return []unix.SockFilter{{Code: load, K: offsetFirst}, {Code: has, K: namespaces, Jf: 1}, {Code: give, K: refuse}, {Code: give, K: allow}}
}

// ownSocket lets sockets of this machine be made, which lead nowhere. None that sends without connecting.
func ownSocket() []unix.SockFilter {
	const kind = 0xf // beside it stand flags
	return []unix.SockFilter{
		{Code: load, K: offsetFirst},
		{Code: equal, K: unix.AF_UNIX, Jt: 1},
		{Code: give, K: closed},
		{Code: load, K: offsetSecond},
		{Code: mask, K: kind},
		{Code: equal, K: unix.SOCK_STREAM, Jf: 1},
		{Code: give, K: allow},
		{Code: give, K: closed},
	}
}
