package dashboard_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
)

// threePages is a PDF whose file ends after its pages: a reader mends that.
func threePages() string {
	var b strings.Builder
	b.WriteString("%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [4 0 R 6 0 R 8 0 R] /Count 3 >>\nendobj\n" +
		"3 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>\nendobj\n")
	for i, words := range []string{"Owls of the North live in cold woods.", "Bees of the South live in warm meadows.", "Whales live in every sea."} {
		content := "BT /F1 12 Tf 72 700 Td (" + words + ") Tj ET"
		fmt.Fprintf(&b, "%d 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>\nendobj\n", 4+2*i, 5+2*i)
		fmt.Fprintf(&b, "%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n", 5+2*i, len(content), content)
	}
	return b.String() + "trailer << /Root 1 0 R >>\n%%EOF\n"
}

func TestACitationIsMarkedOnThePictureOfItsPage(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.Work()
	at, uid := document(w, ann, "animals.pdf", threePages())
	b := w.SignedIn(ann)
	text := b.Get("/library/api/items/" + uid + "/text/").Want(http.StatusOK).Body
	from := strings.Index(text, "warm")
	cited := fmt.Sprintf("%s?at=%d&to=%d", at, from, from+len("warm"))
	p := b.Get(cited).Want(http.StatusOK)
	// The passage begins on the first page; the word stands on the second.
	img := p.One(".sheet img")
	if want := "/library/api/items/" + uid + "/pages/2.png?width=1000"; dashboardtest.Attr(img, "src") != want || !strings.Contains(dashboardtest.Attr(img, "alt"), "Page 2 of") {
		t.Errorf("the picture is %q, %q", dashboardtest.Attr(img, "src"), dashboardtest.Attr(img, "alt"))
	}
	if box := dashboardtest.Attr(p.One(".sheet svg"), "viewbox") + dashboardtest.Attr(p.One(".sheet svg"), "viewBox"); box != "0 0 612 792" {
		t.Errorf("the marks lie on %q", box)
	}
	p.One(".sheet rect")
	p.Says(".sheet figcaption", "Page 2 of 3")
	p = b.Get(strings.TrimSuffix(dashboardtest.Attr(p.One(`.sheet [rel="next"]`), "href"), "#page")).Want(http.StatusOK)
	p.Says(".sheet figcaption", "Page 3 of 3").Says("mark", "warm")
	if len(p.All(".sheet rect")) != 0 || len(p.All(`.sheet [rel="next"]`)) != 0 {
		t.Error("the last page has marks of another, or a next one")
	}
	back, err := url.Parse(dashboardtest.Attr(p.One(`.sheet [rel="prev"]`), "href"))
	dashboardtest.Check(t, err)
	b.Get(back.RequestURI()).Want(http.StatusOK).One(".sheet rect")
}

func TestADocumentIsReadFromAnyOfItsPages(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.Work()
	at, _ := document(w, ann, "animals.pdf", threePages())
	b := w.SignedIn(ann)
	for query, says := range map[string]string{"": "Page 1 of 3", "?page=3": "Page 3 of 3", "?page=4": "Page 1 of 3", "?page=x": "Page 1 of 3", "?page=99999999999": "Page 1 of 3"} {
		p := b.Get(at+query).Want(http.StatusOK).Says(".sheet figcaption", says).Says(".running", "Owls of the North")
		if len(p.All(".sheet svg")) != 0 {
			t.Errorf("%q marks what nobody cites", query)
		}
	}
	text, _ := document(w, ann, "owls.md", owls)
	if p := b.Get(text + "?page=1").Want(http.StatusOK); len(p.All(".sheet")) != 0 {
		t.Error("a text has pages")
	}
}
