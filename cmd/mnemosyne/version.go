package main

import (
	"fmt"
	"runtime"
)

// Set by the linker; see the Makefile.
var (
	version = "dev"
	commit  = "unknown"
)

type versionCmd struct{}

// Run prints one line.
func (versionCmd) Run(p *program) error {
	fmt.Fprintf(p.stdout, "mnemosyne %s (%s) %s\n", version, commit, runtime.Version())
	return nil
}
