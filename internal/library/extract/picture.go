package extract

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/raster"
)

const contentTypePDF = "application/pdf"

// PictureFile is what Draw leaves in its folder.
const PictureFile = "page.png"

// The widths in pixels that a page is drawn at.
const (
	MinWidth = 100
	MaxWidth = 2000
)

// PageOf is a page to draw.
type PageOf struct {
	Number int `json:"number"` // from 1
	Width  int `json:"width"`  // in pixels
}

// HasPages reports whether the pages of a content type can be drawn.
func HasPages(contentType string) bool {
	return contentType == contentTypePDF || slices.Contains(raster.Types(), contentType)
}

// Draw draws a page of a file as PNG under dir, which must exist. A page that
// is not there, or that cannot be drawn, is an *Error; any other error is the
// machine's. Cancelling ctx kills the child.
func (p *Pool) Draw(ctx context.Context, in document.Input, page PageOf, dir string) error {
	ctx, release, err := p.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	req, timeout, err := p.request(ctx, in)
	if err != nil {
		return err
	}
	page.Width = min(max(page.Width, MinWidth), MaxWidth)
	req.Picture = &page
	r, err := p.ask(ctx, req, dir, timeout, nil)
	if err == nil && !r.Drawn {
		err = errors.New("extract: the child answered what it was not asked")
	}
	if err != nil {
		if rmErr := os.Remove(filepath.Join(dir, PictureFile)); rmErr != nil && !os.IsNotExist(rmErr) {
			err = errors.Join(err, rmErr)
		}
	}
	return err
}

// draw draws a page within this process.
func (r *reader) draw(in document.Input, page PageOf, dir string) error {
	k, err := r.check(in)
	if err != nil {
		return err
	}
	if k.format != formatPDF && k.format != formatPicture {
		return document.Fault(document.CodeNoPage, "A file of this format has no pages that can be shown.")
	}
	to, err := os.Create(filepath.Join(dir, PictureFile)) //nolint:gosec // the caller names the folder
	if err != nil {
		return fmt.Errorf("create the picture: %w", err)
	}
	if k.format == formatPicture {
		return errors.Join(r.pictures(k).Draw(in, page.Number, page.Width, r.limits, to), to.Close())
	}
	return errors.Join(r.pdf.Render(in, page.Number, page.Width, r.limits, to), to.Close())
}
