// Package raster reads pictures: PNG, JPEG, TIFF with all its pages, WebP, GIF
// and BMP. It owns their decoding within bounds, which way up they are, and
// what cameras and scanners note in them; the words in them are found by
// package ocr.
package raster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"

	"golang.org/x/image/draw"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/ocr"
)

// Types are the content types that are read.
func Types() []string {
	return []string{"image/png", "image/jpeg", "image/tiff", "image/webp", "image/gif", "image/bmp"}
}

// Engine reads pictures of one type.
type Engine struct {
	ContentType string
	OCR         ocr.Engine
	// Recognising hears how many pictures are about to be recognised; may be
	// nil.
	Recognising func(pages int)
}

// Read gives a page of text for each picture in the file.
func (e Engine) Read(w *document.Writer, in document.Input) error {
	f, err := os.Open(in.Path)
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	defer func() { _ = f.Close() }()
	frames, err := e.frames(f, w.Limits)
	if err != nil {
		return err
	}
	if !e.OCR.Ready() {
		return document.Fault(document.CodeUnsupportedType, "The file is a picture ("+e.ContentType+"), and "+e.OCR.Missing()+".")
	}
	for _, frame := range frames {
		w.PageSize(float64(frame.width), float64(frame.height))
	}
	w.Meta("author", frames[0].notes.author)
	w.Meta("created", frames[0].notes.created)
	if e.Recognising != nil {
		e.Recognising(len(frames))
	}
	readable := 0
	for i, frame := range frames {
		ok, err := e.page(w, i+1, frame)
		if err != nil {
			return err
		}
		if ok {
			readable++
		}
		w.Report(i+1, len(frames), "pages")
	}
	if readable == 0 {
		return document.Fault(document.CodeNoText, "No text was found in the picture; submit a larger or sharper one, or a document with text.")
	}
	return w.Err()
}

// page reads one picture and reports whether it holds text.
func (e Engine) page(w *document.Writer, number int, frame frame) (readable bool, err error) {
	picture, err := frame.decode()
	if err != nil {
		return false, err
	}
	grey := upright(grey(picture), frame.notes.orientation)
	scale := scaleFor(grey.Rect)
	w.Page(number)
	text, err := e.OCR.Recognise(context.Background(), ocr.Scaled(grey, scale), int(scale*float64(frame.notes.dpi)))
	if err != nil || !text.Readable() {
		return false, err
	}
	write(w, number, text, scale)
	return true, nil
}

// small is a picture of few pixels, whose letters Tesseract reads better at
// twice their size.
const small = 1_000_000

// scaleFor gives what a picture is enlarged by before it is recognised.
func scaleFor(r image.Rectangle) float64 {
	pixels := float64(r.Dx()) * float64(r.Dy())
	switch {
	case pixels > ocr.MostPixels:
		return sqrtRatio(ocr.MostPixels, pixels)
	case pixels < small:
		return 2
	}
	return 1
}

// write puts lines together to paragraphs, with the places of their words.
func write(w *document.Writer, number int, text ocr.Text, scale float64) {
	typical := ocr.TypicalHeight(text.Lines)
	for start := 0; start < len(text.Lines); {
		end := start + 1
		for end < len(text.Lines) && text.Lines[end].Paragraph == text.Lines[start].Paragraph {
			end++
		}
		lines := text.Lines[start:end]
		start = end
		p := paragraph{text: text, scale: scale, number: number}
		for _, l := range lines {
			p.add(l)
		}
		p.write(w, isHeading(lines, typical))
	}
}

// isHeading takes one or two short lines for a heading that are clearly larger
// than the rest.
func isHeading(lines []ocr.Line, typical int) bool {
	const most = 120
	length := 0
	for _, l := range lines {
		if !l.Larger(typical) {
			return false
		}
		length += len(l.String())
	}
	return typical > 0 && len(lines) <= 2 && length > 2 && length <= most && document.HasLetters(lines[0].String())
}

// Draw draws a page of the file, counted from 1, at a width in pixels and
// writes it as PNG.
func (e Engine) Draw(in document.Input, number, width int, limits document.Limits, to io.Writer) error {
	f, err := os.Open(in.Path)
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	defer func() { _ = f.Close() }()
	frames, err := e.frames(f, limits)
	if err != nil {
		return err
	}
	if number < 1 || number > len(frames) {
		return document.Fault(document.CodeNoPage, fmt.Sprintf("The file has %d pictures.", len(frames)))
	}
	frame := frames[number-1]
	picture, err := frame.decode()
	if err != nil {
		return err
	}
	const tallest = 8000
	ratio := float64(frame.height) / float64(frame.width)
	width = max(min(width, int(tallest/ratio)), 1)
	height := max(int(float64(width)*ratio), 1)
	if frame.notes.orientation > 4 { // it lies on its side
		width, height = height, width
	}
	out := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(out, out.Rect, picture, picture.Bounds(), draw.Over, nil)
	buffered := bufio.NewWriter(to)
	if err := errors.Join(png.Encode(buffered, uprightColour(out, frame.notes.orientation)), buffered.Flush()); err != nil {
		return fmt.Errorf("write the picture: %w", err)
	}
	return nil
}
