package raster

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"

	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// frame is a picture in a file.
type frame struct {
	width, height int // as it is seen upright
	notes         notes
	decode        func() (image.Image, error)
}

// codec decodes a type of pictures.
type codec struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

func codecOf(contentType string) codec {
	switch contentType {
	case "image/jpeg":
		return codec{jpeg.DecodeConfig, jpeg.Decode}
	case "image/gif":
		return codec{gif.DecodeConfig, gif.Decode}
	case "image/bmp":
		return codec{bmp.DecodeConfig, bmp.Decode}
	case "image/tiff":
		return codec{tiff.DecodeConfig, tiff.Decode}
	case "image/webp":
		return codec{webp.DecodeConfig, webp.Decode}
	}
	return codec{png.DecodeConfig, png.Decode}
}

// frames lists the pictures of a file, none of which is decoded yet, and
// refuses those that would unpack to too much.
func (e Engine) frames(f *os.File, limits document.Limits) ([]frame, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	parts := []io.ReaderAt{f}
	if e.ContentType == "image/tiff" {
		if parts, err = tiffPages(f, limits.MaxPages); err != nil {
			return nil, err
		}
	}
	c := codecOf(e.ContentType)
	var frames []frame
	for _, part := range parts {
		open := func() io.Reader { return io.NewSectionReader(part, 0, info.Size()) }
		config, err := c.config(open())
		if err != nil {
			return nil, damaged(err)
		}
		if err := bounds(config, limits); err != nil {
			return nil, err
		}
		one := frame{width: config.Width, height: config.Height, notes: notesOf(e.ContentType, part, info.Size())}
		if one.notes.orientation > 4 {
			one.width, one.height = one.height, one.width
		}
		one.decode = func() (image.Image, error) {
			picture, err := c.decode(open())
			if err != nil {
				return nil, damaged(err)
			}
			return picture, nil
		}
		frames = append(frames, one)
	}
	return frames, nil
}

// longestSide is the most pixels of a side.
const longestSide = 50_000

// bounds refuses a picture by what it declares.
func bounds(c image.Config, limits document.Limits) error {
	if c.Width < 1 || c.Height < 1 {
		return damaged(errors.New("it has no size"))
	}
	bytes := int64(4)
	switch c.ColorModel {
	case color.GrayModel:
		bytes = 1
	case color.Gray16Model:
		bytes = 2
	case color.YCbCrModel:
		bytes = 3
	case color.RGBA64Model, color.NRGBA64Model:
		bytes = 8
	}
	if c.Width > longestSide || c.Height > longestSide || int64(c.Width)*int64(c.Height) > limits.MemoryBytes/2/bytes {
		return document.Fault(document.CodeTooLarge, fmt.Sprintf("The picture has %d × %d pixels, which is more than can be read; submit it in a smaller size.", c.Width, c.Height))
	}
	return nil
}

// damaged is the fault of a picture that cannot be decoded. Some are whole,
// but of a kind that the decoder does not know.
func damaged(err error) error {
	var t tiff.UnsupportedError
	var j jpeg.UnsupportedError
	var p png.UnsupportedError
	if errors.As(err, &t) || errors.As(err, &j) || errors.As(err, &p) {
		return document.Fault(document.CodeUnsupportedType, "The picture is packed in a rare way that cannot be read; save it as PNG or JPEG.")
	}
	return document.Fault(document.CodeCorrupt, "The picture is damaged; open it in its program and save it as PNG or JPEG.")
}

// grey gives a picture's brightness, on white where it is transparent.
func grey(picture image.Image) *image.Gray {
	b := picture.Bounds()
	to := image.Rect(0, 0, b.Dx(), b.Dy())
	out := image.NewGray(to)
	if g, ok := picture.(*image.YCbCr); ok {
		for y := range b.Dy() {
			at := g.YOffset(b.Min.X, b.Min.Y+y)
			copy(out.Pix[y*out.Stride:(y+1)*out.Stride], g.Y[at:at+b.Dx()])
		}
		return out
	}
	for i := range out.Pix {
		out.Pix[i] = 0xFF
	}
	draw.Draw(out, to, picture, b.Min, draw.Over)
	return out
}

func sqrtRatio(a, b float64) float64 { return math.Sqrt(a / b) }
