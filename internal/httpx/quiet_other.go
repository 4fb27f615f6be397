//go:build !linux

package httpx

import "syscall"

// dropOpenings is for Linux, where processes are replaced under load.
func dropOpenings(syscall.RawConn) {}

// unaccepted is not known here.
func unaccepted(syscall.RawConn) uint32 { return 0 }
