package ocr

import (
	"image"

	"golang.org/x/image/draw"
)

// Scaled gives a picture in another size, smoothly, as Tesseract likes it.
func Scaled(picture *image.Gray, factor float64) *image.Gray {
	if factor == 1 {
		return picture
	}
	w := max(int(float64(picture.Rect.Dx())*factor), 1)
	h := max(int(float64(picture.Rect.Dy())*factor), 1)
	out := image.NewGray(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Rect, picture, picture.Rect, draw.Src, nil)
	return out
}

// Turn gives a picture turned by quarters, clockwise.
func Turn(picture *image.Gray, quarters int) *image.Gray {
	for range quarters & 3 {
		w, h := picture.Rect.Dx(), picture.Rect.Dy()
		out := image.NewGray(image.Rect(0, 0, h, w))
		for y := range h {
			row := picture.Pix[y*picture.Stride : y*picture.Stride+w]
			for x, v := range row {
				out.Pix[x*out.Stride+h-1-y] = v
			}
		}
		picture = out
	}
	return picture
}
