package legacy_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/legacy"
	"git.helu.ca/r/mnemosyne/internal/library/extract/office"
)

func TestWithoutLibreOfficeAFileSaysWhatToSaveItAs(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := documenttest.Try(t, legacy.Convert("an old Word document", "docx", office.DOCX), "a.doc", "x")
	fault := document.AsError(err)
	if fault == nil || fault.Code != document.CodeUnsupportedType {
		t.Errorf("err = %v, want the code %s", err, document.CodeUnsupportedType)
	}
}
