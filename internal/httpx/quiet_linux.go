package httpx

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// dropOpenings attaches a filter to a listener that drops packets with the flag
// SYN. It runs over the TCP header, whose flags are byte 13. A kernel that
// knows no such filter leaves the listener as it is.
func dropOpenings(raw syscall.RawConn) {
	const flags, syn, all = 13, 0x02, 0xffff
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, Jt: 0, Jf: 1, K: syn},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: all},
	}
	_ = raw.Control(func(fd uintptr) { // closed: nobody comes
		program := &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]} //nolint:gosec // four
		_ = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, program)
	})
}

// unaccepted counts who has connected and was not accepted yet: what the kernel
// says in this place of a listener.
func unaccepted(raw syscall.RawConn) (n uint32) {
	_ = raw.Control(func(fd uintptr) { // closed: there is none
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n = info.Unacked
		}
	})
	return n
}
