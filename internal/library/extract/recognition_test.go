package extract_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/tiff"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/ocr"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// recognising starts a pool that reads pictures.
func recognising(t *testing.T) *extract.Pool {
	t.Helper()
	at := testkit.Need(t, "MNEMOSYNE_TEST_TESSERACT", "Tesseract")
	engine := ocr.Engine{Program: at, Languages: []string{"eng"}, Turns: true}
	return newPool(t, func(o *extract.Options) { o.OCR = engine })
}

func sentencesOf() []string {
	return []string{
		"The harbour of the old town lies below the hill.",
		"Every morning the boats bring fish to the market,",
		"and every evening the lamps are lit along the quay.",
		"Nobody remembers who built the tower at its end.",
	}
}

// pictureOf draws lines of text, as a scanner at 300 dots an inch sees them.
func pictureOf(t *testing.T, lines ...string) *image.Gray {
	t.Helper()
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 12, DPI: 300})
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewGray(image.Rect(0, 0, 1500, 200+pitch*len(lines)))
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	d := font.Drawer{Dst: out, Src: image.Black, Face: face}
	for i, line := range lines {
		d.Dot = fixed.P(margin, 150+pitch*i)
		d.DrawString(line)
	}
	return out
}

// Lengths in pixels of what pictureOf draws.
const (
	margin = 100
	pitch  = 70
)

func pngOf(t *testing.T, picture image.Image) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// says compares words, since a recogniser may part paragraphs as it likes.
func says(t *testing.T, doc *document.Document, want ...string) {
	t.Helper()
	if got, want := strings.Fields(doc.Text), strings.Fields(strings.Join(want, " ")); !slices.Equal(got, want) {
		t.Errorf("text = %q, want %q", got, want)
	}
}

func TestAPictureIsReadWithThePlacesOfItsWords(t *testing.T) {
	t.Parallel()
	pool, dir := recognising(t), t.TempDir()
	res, err := pool.Extract(t.Context(), file(t, "a.png", pngOf(t, pictureOf(t, sentencesOf()...))), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := res.Document()
	if err != nil {
		t.Fatal(err)
	}
	says(t, doc, sentencesOf()...)
	if doc.ContentType != "image/png" || len(doc.Pages) != 1 {
		t.Errorf("it is %s of %d pages", doc.ContentType, len(doc.Pages))
	}
	f, err := os.Open(filepath.Join(dir, document.RegionsFile)) //nolint:gosec // of the test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	regions, err := document.OpenRegions(f)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(doc.Text, "tower")
	got, err := regions.Find(1, at, at+len("tower"))
	if err != nil || len(got) != 1 || len(got[0].Boxes) != 1 {
		t.Fatalf("regions = %+v, %v", got, err)
	}
	if b := got[0].Boxes[0]; b[0] < 700 || b[2] > 1000 || b[1] < 150+2*pitch || b[3] > 170+3*pitch {
		t.Errorf("the word stands at %v", b)
	}
}

func TestAPictureUpsideDownIsTurned(t *testing.T) {
	t.Parallel()
	pool := recognising(t)
	lines := slices.Concat(sentencesOf(), sentencesOf(), sentencesOf()) // Tesseract needs some text to tell
	says(t, read(t, pool, file(t, "a.png", pngOf(t, ocr.Turn(pictureOf(t, lines...), 2)))), lines...)
}

// withPages joins two TIFFs of one page to one of two.
func withPages(t *testing.T, pictures ...image.Image) string {
	t.Helper()
	var whole []byte
	link := 4 // where the place of the next page is written
	for _, p := range pictures {
		var b bytes.Buffer
		if err := tiff.Encode(&b, p, nil); err != nil {
			t.Fatal(err)
		}
		one := b.Bytes()
		if whole == nil {
			whole = append(whole, one[:8]...)
		}
		shift := uint32(len(whole) - 8) //nolint:gosec // small
		at := binary.LittleEndian.Uint32(one[4:])
		count := int(binary.LittleEndian.Uint16(one[at:]))
		for i := range count {
			entry := one[int(at)+2+12*i:]
			size := binary.LittleEndian.Uint32(entry[4:])
			width := map[uint16]uint32{3: 2, 4: 4, 5: 8}[binary.LittleEndian.Uint16(entry[2:])]
			if binary.LittleEndian.Uint16(entry) == 273 || size*width > 4 { // strips, or a value that stands elsewhere
				binary.LittleEndian.PutUint32(entry[8:], binary.LittleEndian.Uint32(entry[8:])+shift)
			}
		}
		binary.LittleEndian.PutUint32(whole[link:], at+shift)
		whole = append(whole, one[8:]...)
		link = int(at) + int(shift) + 2 + 12*count
	}
	return string(whole)
}

func TestEachPageOfATIFFIsAPage(t *testing.T) {
	t.Parallel()
	doc := read(t, recognising(t), file(t, "a.tif", withPages(t, pictureOf(t, sentencesOf()[0]), pictureOf(t, sentencesOf()[1]))))
	says(t, doc, sentencesOf()[:2]...)
	if len(doc.Pages) != 2 || !strings.Contains(doc.Text[doc.Pages[1].Start:], "boats") {
		t.Errorf("pages = %+v of %q", doc.Pages, doc.Text)
	}
}

func TestAPictureThatUnpacksToTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	bomb := []byte(pngOf(t, image.NewGray(image.Rect(0, 0, 1, 1))))
	binary.BigEndian.PutUint32(bomb[16:], 100_000)
	binary.BigEndian.PutUint32(bomb[20:], 100_000)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	_, err := newPool(t, nil).Extract(t.Context(), file(t, "a.png", string(bomb)), t.TempDir(), nil)
	if codeOf(err) != document.CodeTooLarge {
		t.Errorf("error = %v, want %s", err, document.CodeTooLarge)
	}
}

func TestAPictureWithoutTextSaysSo(t *testing.T) {
	t.Parallel()
	blank := image.NewRGBA(image.Rect(0, 0, 300, 200))
	draw.Draw(blank, blank.Rect, image.NewUniform(color.RGBA{200, 180, 40, 255}), image.Point{}, draw.Src)
	_, err := recognising(t).Extract(t.Context(), file(t, "a.png", pngOf(t, blank)), t.TempDir(), nil)
	if codeOf(err) != document.CodeNoText {
		t.Errorf("error = %v, want %s", err, document.CodeNoText)
	}
}

func TestAPictureSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	_, err := newPool(t, nil).Extract(t.Context(), file(t, "a.png", pngOf(t, pictureOf(t, sentencesOf()...))), t.TempDir(), nil)
	if codeOf(err) != document.CodeUnsupportedType || !strings.Contains(err.Error(), "Tesseract") {
		t.Errorf("error = %v, want %s and what to install", err, document.CodeUnsupportedType)
	}
}

func TestAScannedPDFIsRead(t *testing.T) {
	t.Parallel()
	pool := recognising(t)
	var last [2]int
	dir := t.TempDir()
	in := file(t, "a.pdf", scanOf(pictureOf(t, sentencesOf()...)))
	res, err := pool.Extract(t.Context(), in, dir, func(done, total int, _ string) { last = [2]int{done, total} })
	if err != nil {
		t.Fatal(err)
	}
	doc, err := res.Document()
	if err != nil {
		t.Fatal(err)
	}
	says(t, doc, sentencesOf()...)
	if last != [2]int{1, 1} {
		t.Errorf("it ended at page %v", last)
	}
}

func TestAPictureIsDrawn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := newPool(t, nil).Draw(t.Context(), file(t, "a.png", pngOf(t, pictureOf(t, sentencesOf()...))), extract.PageOf{Number: 1, Width: 600}, dir); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, extract.PictureFile)) //nolint:gosec // of the test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if c, err := png.DecodeConfig(f); err != nil || c.Width != 600 {
		t.Errorf("drawn is %+v, %v", c, err)
	}
}

// scanOf is a PDF of one page with nothing but a picture on it.
func scanOf(picture *image.Gray) string {
	var b bytes.Buffer
	var offsets []int
	object := func(format string, args ...any) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(offsets)}, args...)...)
	}
	w, h := picture.Rect.Dx(), picture.Rect.Dy()
	content := fmt.Sprintf("q %d 0 0 %d 0 0 cm /I Do Q", w/3, h/3)
	b.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Resources << /XObject << /I 5 0 R >> >> /Contents 4 0 R >>", w/3, h/3)
	object("<< /Length %d >>\nstream\n%s\nendstream", len(content), content)
	object("<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 /Length %d >>\nstream\n%s\nendstream", w, h, w*h, picture.Pix)
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.String()
}
