package pdf_test

import (
	"strings"
	"testing"
)

func TestWhatAFormIsFilledInWithIsRead(t *testing.T) {
	t.Parallel()
	fields := []string{
		"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Alice Example) /Rect [150 695 300 712] >>",
		"<< /Type /Annot /Subtype /Widget /FT /Btn /T (tick) /V /Yes /Rect [150 675 160 690] >>",
		"<< /Type /Annot /Subtype /Text /Contents (Ask her again.) /Rect [400 500 420 520] >>",
		"<< /Type /Annot /Subtype /Link /Contents (a link) /Rect [72 700 100 710] >>",
	}
	doc, g := located(t, makePDF("", fields, sheet{"/Annots [6 0 R 7 0 R 8 0 R 9 0 R]", lines(72, 700, "Full name") + lines(72, 600, "Signed in the harbour.")}))
	if want := "Full name Alice Example"; !strings.Contains(doc.Text, want) || !strings.Contains(doc.Text, "Ask her again.") {
		t.Errorf("the text is %q", doc.Text)
	}
	if strings.Contains(doc.Text, "Yes") || strings.Contains(doc.Text, "a link") {
		t.Errorf("the text is %q", doc.Text)
	}
	if box, _ := boxOf(t, doc, g, 1, "Alice Example"); box[0] != 150 || box[2] != 300 {
		t.Errorf("the name stands at %v", box)
	}
}
