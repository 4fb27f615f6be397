package legacy

import (
	"os/exec"
	"syscall"
)

// dieWithUs ends a program with the thread that starts it.
func dieWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
