package ocr

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends a program with the process that started it.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
