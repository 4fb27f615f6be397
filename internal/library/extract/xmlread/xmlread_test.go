package xmlread_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

func TestNamesAreTheSameUnderEveryPrefixAndEdition(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		`<w:p xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" w:val="1"/>`,
		`<ns0:p xmlns:ns0="http://purl.oclc.org/ooxml/wordprocessingml/main" ns0:val="1"/>`,
		`<p xmlns="http://schemas.openxmlformats.org/wordprocessingml/2006/main" val="1"/>`,
	} {
		n, err := xmlread.NewScanner(strings.NewReader(doc)).Root()
		if err != nil || n.Name != "w:p" || n.Get("val") != "1" {
			t.Errorf("%s gave %+v, error %v", doc, n, err)
		}
	}
}

func TestEncodingsAreThoseOfTheFile(t *testing.T) {
	t.Parallel()
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(`<?xml version="1.0" encoding="UTF-16"?><a>ü€</a>`)
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range []string{utf16, "<?xml version='1.0' encoding='windows-1252'?><a>\xfc\x80</a>", "\ufeff<a>ü€</a>"} {
		n, err := xmlread.NewScanner(strings.NewReader(doc)).Root()
		if err != nil || n.Words() != "ü€" {
			t.Errorf("%q gave %q, error %v", doc, n.Words(), err)
		}
	}
}

func TestEntitiesOfTheFileAreNotExpanded(t *testing.T) {
	t.Parallel()
	n, err := xmlread.NewScanner(strings.NewReader(`<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY f SYSTEM "file:///etc/passwd">]><a>&b;&f;&amp;</a>`)).Root()
	if err != nil || n.Words() != "&b;&f;&" {
		t.Errorf("words = %q, error %v", n.Words(), err)
	}
}

func TestDepthAndSizeAreBounded(t *testing.T) {
	t.Parallel()
	_, err := xmlread.NewScanner(strings.NewReader(strings.Repeat("<a>", 600))).Root()
	if e := document.AsError(err); e == nil || e.Code != document.CodeCorrupt {
		t.Errorf("deep: error = %v", err)
	}
	wide := io.MultiReader(strings.NewReader("<a>"), strings.NewReader(strings.Repeat("<b/>", 600_000)))
	_, err = xmlread.NewScanner(wide).Root()
	if e := document.AsError(err); e == nil || e.Code != document.CodeTooLarge {
		t.Errorf("wide: error = %v", err)
	}
}

func TestATreeCutShortIsWhatThereIs(t *testing.T) {
	t.Parallel()
	s := xmlread.NewScanner(strings.NewReader(`<a><b>one</b><c>two`))
	n, err := s.Root()
	if err != nil || n.Child("b").Words() != "one" || n.Find("c").Words() != "two" {
		t.Errorf("words = %q, error %v", n.Words(), err)
	}
	if _, err := s.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("error = %v, want the end", err)
	}
}
