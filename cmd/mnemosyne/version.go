package main

import (
	"fmt"
	"runtime"
)

// Set by the linker, which can set nothing but variables; see the Makefile.
var (
	version = "dev"
	commit  = "unknown" //nolint:gochecknoglobals // see above
)

type versionCmd struct{}

// Run prints one line.
func (versionCmd) Run(p *program) error {
	_, err := fmt.Fprintf(p.stdout, "mnemosyne %s (%s) %s\n", version, commit, runtime.Version())
	return err
}
