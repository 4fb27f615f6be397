package main

import (
	"fmt"
	"io/fs"

	"git.helu.ca/r/mnemosyne/web"
)

type collectStaticCmd struct {
	Dir string `arg:"" help:"The folder to write to; made when it is not there."`
}

// Run writes every static file under the name that pages ask for it by.
// Files of older versions stay, for pages that browsers still show.
func (c collectStaticCmd) Run(p *program) error {
	static, err := fs.Sub(web.FS, "static")
	if err != nil {
		return fmt.Errorf("find the static files: %w", err)
	}
	assets, err := web.NewAssets(static)
	if err != nil {
		return err
	}
	written, err := assets.WriteTo(c.Dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%d static files are in %s.\n", len(written), c.Dir)
	return err
}
