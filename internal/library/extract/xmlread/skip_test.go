package xmlread_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// afterSkipped gives the text behind the first element named skip.
func afterSkipped(t *testing.T, r io.Reader) (string, error) {
	t.Helper()
	s := xmlread.NewScanner(r)
	var words strings.Builder
	for {
		token, err := s.Next()
		if errors.Is(err, io.EOF) {
			return words.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch {
		case token.Kind == xmlread.Start && token.Name == "skip":
			if err := s.Skip(); err != nil {
				return "", err
			}
		case token.Kind == xmlread.Chars:
			words.WriteString(token.Text)
		}
	}
}

func TestAnElementIsPassedOverWhateverItHolds(t *testing.T) {
	t.Parallel()
	for inner, wellFormed := range map[string]bool{
		"<skip/>": true, "<skip a='/'></skip>": true, "<skip a='1'/>": true, "<skip><skip></skip>no<x/></skip>": true,
		"<skip><!-- </skip> > - --></skip>": true, "<skip><![CDATA[</skip>]]]></skip>": true, "<skip><?php </skip> ?></skip>": true,
		`<skip><a b="/skip>" c='">'/>no</skip >`: true, "<skip><a b='/'>no</a></skip>": true,
		"<skip>" + strings.Repeat("<a>no", 400) + strings.Repeat("</a>", 400) + "</skip>": true,
		"<skip>" + strings.Repeat("no ", 20_000) + "</skip>":                              true,
		`<skip><a b="</skip>"/>no</skip>`:                                                 false, "<skip><!DOCTYPE x>no<!-></skip>": false, "<skip><!-- -- --></skip>": false,
	} {
		for _, declaration := range []string{"", `<?xml version="1.0" encoding="iso-8859-1"?>`} {
			if declaration != "" && !wellFormed {
				continue // what is decoded elsewhere is parsed, and strictly
			}
			whole := declaration + "<r>one " + inner + "two</r>"
			for name, r := range map[string]io.Reader{"at once": strings.NewReader(whole), "byte by byte": iotest.OneByteReader(strings.NewReader(whole))} {
				if got, err := afterSkipped(t, r); got != "one two" || err != nil {
					t.Errorf("%s, %s: %.60s gives %q, %v", name, declaration, inner, got, err)
				}
			}
		}
	}
}

func TestWhatIsPassedOverKeepsToTheBounds(t *testing.T) {
	t.Parallel()
	_, err := afterSkipped(t, strings.NewReader("<skip>"+strings.Repeat("<a>", 600)))
	if fault := document.AsError(err); fault == nil || fault.Code != document.CodeCorrupt {
		t.Errorf("err = %v, want a fault for depth", err)
	}
	for _, cut := range []string{"<skip>", "<skip><!-- ", "<skip><a b='", "<skip><", "<skip><![CDATA[", "<skip><?", "<skip></skip"} {
		if _, err := afterSkipped(t, strings.NewReader(cut)); !errors.Is(err, io.EOF) && err != nil {
			t.Errorf("%s: %v", cut, err)
		}
	}
}
