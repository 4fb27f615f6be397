package pdf_test

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// boxOf is where a text stands, on one line of one page.
func boxOf(t *testing.T, doc *document.Document, g *document.Regions, page int, text string) (document.Box, document.Region) {
	t.Helper()
	at := strings.Index(doc.Text, text)
	if at < 0 {
		t.Fatalf("%q is not in %q", text, doc.Text)
	}
	start := utf8.RuneCountInString(doc.Text[:at])
	got, err := g.Find(page, start, start+utf8.RuneCountInString(text))
	if err != nil || len(got) != 1 || got[0].Page != page || len(got[0].Boxes) != 1 {
		t.Fatalf("%q stands at %+v, %v", text, got, err)
	}
	return got[0].Boxes[0], got[0]
}

// near tells whether a box begins at a place, and is as wide and high as words
// of its size are.
func near(t *testing.T, what string, got document.Box, left, top, right, bottom float64) {
	t.Helper()
	const slack = 5
	for i, want := range []float64{left, top, right, bottom} {
		if d := got[i] - want; d > slack || d < -slack {
			t.Errorf("%s stands at %v, want %v", what, got, []float64{left, top, right, bottom})
			return
		}
	}
}

func TestWordsStandWhereThePageShowsThem(t *testing.T) {
	t.Parallel()
	content := lines(100, 600, "Some words of a café stand on this line", "and others on the next of the same page.")
	for name, c := range map[string]struct {
		entries       string
		width, height float64
		box           [4]float64 // of "words", which is some 30 points wide and 11 high
	}{
		"upright":      {"", 612, 792, [4]float64{133, 182, 164, 194}},
		"cropped":      {"/CropBox [50 100 562 692]", 512, 592, [4]float64{83, 82, 114, 94}},
		"turned right": {"/Rotate 90", 792, 612, [4]float64{598, 133, 610, 164}},
		"turned over":  {"/Rotate 180", 612, 792, [4]float64{448, 598, 479, 610}},
		"turned left":  {"/Rotate 270", 792, 612, [4]float64{182, 448, 194, 479}},
		"shifted":      {"/MediaBox [-50 -100 562 692]", 612, 792, [4]float64{183, 82, 214, 94}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, g := located(t, makePDF("", nil, sheet{c.entries, content}))
			box, region := boxOf(t, doc, g, 1, "words")
			if region.Width != c.width || region.Height != c.height {
				t.Errorf("the page is %v by %v points", region.Width, region.Height)
			}
			near(t, name, box, c.box[0], c.box[1], c.box[2], c.box[3])
		})
	}
}

func TestAWordCutAtALinesEndStandsOnBothLines(t *testing.T) {
	t.Parallel()
	doc, g := located(t, makePDF("", nil, sheet{"", lines(100, 600, "A paragraph whose words are long has a hyphen-", "ated word that begins on one line and ends on another.")}))
	at := strings.Index(doc.Text, "hyphenated")
	if at < 0 {
		t.Fatalf("the text is %q", doc.Text)
	}
	got, err := g.Find(1, at, at+len("hyphenated"))
	if err != nil || len(got) != 1 || len(got[0].Boxes) != 2 {
		t.Errorf("it stands at %+v, %v", got, err)
	}
}

func TestAParagraphOverTwoPagesStandsOnBoth(t *testing.T) {
	t.Parallel()
	doc, g := located(t, makePDF("", nil,
		sheet{"", lines(100, 200, "The first page ends within a sentence that does not", "end here, since it goes on and on over the edge of the")},
		sheet{"", lines(100, 700, "page and ends upon the next one.", "It has another sentence.")},
	))
	got, err := g.Find(1, 0, len(doc.Text))
	if err != nil || len(got) != 2 || got[0].Page != 1 || got[1].Page != 2 || len(got[1].Boxes) != 2 {
		t.Errorf("it stands at %+v, %v", got, err)
	}
}

// drawn gives the picture of a page.
func drawn(t *testing.T, content string, page, width int) (image.Image, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "content")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	to, err := os.Create(filepath.Join(dir, "page.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if err := newEngine().Render(document.Input{Path: path}, page, width, document.Limits{}.WithDefaults(), to); err != nil {
		return nil, err
	}
	if _, err := to.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	return png.Decode(to)
}

func TestAPictureShowsInkWhereItsWordsStand(t *testing.T) {
	t.Parallel()
	for _, entries := range []string{"", "/Rotate 90", "/CropBox [50 100 562 692] /Rotate 180", "/Rotate 270"} {
		content := makePDF("", nil, sheet{entries, show("F2", 20, 100, 600, "Word")})
		doc, g := located(t, content)
		box, region := boxOf(t, doc, g, 1, "Word")
		picture, err := drawn(t, content, 1, 600)
		if err != nil {
			t.Fatal(err)
		}
		scale := float64(picture.Bounds().Dx()) / region.Width
		inside, outside := 0, 0
		for y := range picture.Bounds().Dy() {
			for x := range picture.Bounds().Dx() {
				if grey, _ := color.GrayModel.Convert(picture.At(x, y)).(color.Gray); grey.Y > 100 {
					continue
				}
				if px, py := float64(x)/scale, float64(y)/scale; px > box[0]-1 && px < box[2]+1 && py > box[1]-1 && py < box[3]+1 {
					inside++
				} else {
					outside++
				}
			}
		}
		if inside < 100 || outside > 0 {
			t.Errorf("%q: %d dots of ink lie within the box and %d outside", entries, inside, outside)
		}
	}
}

func TestAPageOfAnEndlessShapeMakesASmallPicture(t *testing.T) {
	t.Parallel()
	for _, box := range []string{"[0 0 14400 1]", "[0 0 1 14400]", "[0 0 14400 14400]"} {
		picture, err := drawn(t, makePDF("", nil, sheet{"/MediaBox " + box, ""}), 1, 2000)
		if err != nil {
			t.Errorf("%s: %v", box, err)
			continue
		}
		if s := picture.Bounds().Size(); s.X*s.Y > 6_000_000 || s.X > 8000 || s.Y > 8000 || s.X < 1 || s.Y < 1 {
			t.Errorf("%s is drawn at %v", box, s)
		}
	}
}

func TestAPageThatIsNotThereCannotBeDrawn(t *testing.T) {
	t.Parallel()
	content := makePDF("", nil, sheet{"", show("F1", 11, 72, 700, "Words")})
	for _, page := range []int{0, 2, -1} {
		if _, err := drawn(t, content, page, 600); document.AsError(err) == nil || document.AsError(err).Code != document.CodeNoPage {
			t.Errorf("page %d: %v", page, err)
		}
	}
}
