//go:build !linux

package extract

import "os/exec"

func confine() {}

func confineFile(int, int64) {}

func detach(*exec.Cmd) {}

// residentBytes cannot be told here: the runtime's own limit alone bounds a
// child's memory.
func residentBytes(int) int64 { return 0 }
