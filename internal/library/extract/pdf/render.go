package pdf

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"

	"github.com/tetratelabs/wazero/api"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// A picture has at most mostPixels, and no side longer than longestSide:
// beyond that it is smaller than was asked.
const (
	mostPixels  = 6_000_000
	longestSide = 8_000
)

// Render draws a page, counted from 1, at a width in pixels and writes it as
// PNG.
func (e *Engine) Render(in document.Input, page, width int, limits document.Limits, to *os.File) error {
	inst, err := e.instance()
	if err != nil {
		return err
	}
	defer inst.Close()
	f, err := os.Open(in.Path)
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	defer f.Close()
	d, err := openPDF(inst, f, limits)
	if err != nil {
		return err
	}
	if page < 1 || page > d.pages {
		return document.Fault(document.CodeNoPage, fmt.Sprintf("The PDF has %d pages.", d.pages))
	}
	picture, err := d.draw(page-1, width)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(to)
	if err := errors.Join(png.Encode(buffered, picture), buffered.Flush()); err != nil {
		return fmt.Errorf("write the picture: %w", err)
	}
	return nil
}

func (d *pdfDocument) draw(index, width int) (image.Image, error) {
	const (
		white       = 0xFFFFFFFF
		annotations = 1
	)
	damaged := document.Fault(document.CodeCorrupt, "The page is damaged and cannot be shown.")
	n := d.native
	page := n.call("FPDF_LoadPage", n.document, api.EncodeI32(int32(index))) //nolint:gosec // at most Limits.MaxPages
	if page == 0 {
		return nil, damaged
	}
	defer n.call("FPDF_ClosePage", page)
	v, err := n.view(page)
	if err != nil {
		return nil, damaged
	}
	w, h, ok := pixels(v, width)
	if !ok {
		return nil, damaged
	}
	side := func(v int) uint64 { return uint64(v) } //nolint:gosec // within 1 and longestSide
	bitmap := n.call("FPDFBitmap_Create", side(w), side(h), 0)
	if bitmap == 0 {
		return nil, damaged
	}
	defer n.call("FPDFBitmap_Destroy", bitmap)
	n.call("FPDFBitmap_FillRect", bitmap, 0, 0, side(w), side(h), white)
	n.call("FPDF_RenderPageBitmap", bitmap, page, 0, 0, side(w), side(h), 0, annotations)
	stride := n.int("FPDFBitmap_GetStride", bitmap)
	at := n.call("FPDFBitmap_GetBuffer", bitmap)
	if n.err != nil || stride < 4*w {
		return nil, damaged
	}
	buffer, ok := n.module.Memory().Read(uint32(at), uint32(stride*h)) //nolint:gosec // an address of 32 bits
	if !ok {
		return nil, damaged
	}
	return picture(buffer, w, h, stride), nil
}

// pixels gives the size of the picture of a page.
func pixels(v view, width int) (w, h int, ok bool) {
	pageWidth, pageHeight := v.size()
	if !(pageWidth > 0 && pageHeight > 0) || math.IsInf(float64(pageWidth+pageHeight), 0) {
		return 0, 0, false
	}
	ratio := float64(pageHeight) / float64(pageWidth)
	f := min(float64(width), longestSide, longestSide/ratio, math.Sqrt(mostPixels/ratio))
	return max(int(f), 1), max(int(f*ratio), 1), true
}

// picture copies rows of blue, green, red and filler. One without colours
// becomes a picture of greys, which is much smaller.
func picture(buffer []byte, w, h, stride int) image.Image {
	grey := true
	for y := 0; y < h && grey; y++ {
		row := buffer[y*stride : y*stride+4*w]
		for x := 0; x < len(row); x += 4 {
			if row[x] != row[x+1] || row[x] != row[x+2] {
				grey = false
				break
			}
		}
	}
	if grey {
		out := image.NewGray(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				out.Pix[y*out.Stride+x] = buffer[y*stride+4*x]
			}
		}
		return out
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		from, to := buffer[y*stride:], out.Pix[y*out.Stride:]
		for x := 0; x < 4*w; x += 4 {
			to[x], to[x+1], to[x+2], to[x+3] = from[x+2], from[x+1], from[x], 0xFF
		}
	}
	return out
}
