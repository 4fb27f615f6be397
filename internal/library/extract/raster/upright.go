package raster

import (
	"image"

	"git.helu.ca/r/mnemosyne/internal/library/extract/ocr"
)

// Orientations are those of EXIF: 1 is upright; 2 is mirrored; 3 upside down;
// 6 must be turned a quarter clockwise, 8 one against it; 4, 5 and 7 are 3, 6
// and 8 mirrored.

// way gives the quarters, clockwise, that bring a picture upright, after it
// was mirrored from left to right or not.
func way(orientation int) (mirrored bool, quarters int) {
	switch orientation {
	case 2:
		return true, 0
	case 3:
		return false, 2
	case 4:
		return true, 2
	case 5:
		return true, 3
	case 6:
		return false, 1
	case 7:
		return true, 1
	case 8:
		return false, 3
	}
	return false, 0
}

func upright(picture *image.Gray, orientation int) *image.Gray {
	mirrored, quarters := way(orientation)
	if mirrored {
		w := picture.Rect.Dx()
		for y := range picture.Rect.Dy() {
			row := picture.Pix[y*picture.Stride : y*picture.Stride+w]
			for x := range w / 2 {
				row[x], row[w-1-x] = row[w-1-x], row[x]
			}
		}
	}
	return ocr.Turn(picture, quarters)
}

// uprightColour does the same with a small picture.
func uprightColour(picture *image.NRGBA, orientation int) *image.NRGBA {
	mirrored, quarters := way(orientation)
	if mirrored {
		out := image.NewNRGBA(picture.Rect)
		for y := range picture.Rect.Dy() {
			for x := range picture.Rect.Dx() {
				out.SetNRGBA(picture.Rect.Dx()-1-x, y, picture.NRGBAAt(x, y))
			}
		}
		picture = out
	}
	for range quarters {
		w, h := picture.Rect.Dx(), picture.Rect.Dy()
		out := image.NewNRGBA(image.Rect(0, 0, h, w))
		for y := range h {
			for x := range w {
				out.SetNRGBA(h-1-y, x, picture.NRGBAAt(x, y))
			}
		}
		picture = out
	}
	return picture
}
