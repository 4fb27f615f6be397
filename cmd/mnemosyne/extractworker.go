package main

import (
	"git.helu.ca/r/mnemosyne/internal/library/extract"
)

type extractWorkerCmd struct{}

// Run reads files for the process that started it, until that one is done.
func (extractWorkerCmd) Run(p *program) error {
	return exit(extract.ChildMain(p.stdin, p.stdout))
}
