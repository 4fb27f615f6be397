package adoc_test

import (
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/adoc"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
)

const sample = `= The Guide
Al Bo <a@b.c>
:product: Duck
:lang: en

An *abstract* of {product}, see https://x.y/z[the site^].footnote:[Said _once_.]

== Lists
// not read
* one
** two
. first
.. second

Term:: Its meaning

[source,go]
----
func main() {
  * x
}
----

.Numbers of ducks
[cols="1,1"]
|===
|Year |Birds

|2020
|5
|===

NOTE: Mind <<lists,the list>>.

____
A quotation.
____

image::duck.png[A duck,200]
include::other.adoc[]
`

func TestADocumentGivesItsStructure(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, adoc.Read, "a.adoc", sample)
	if doc.Title != "The Guide" || doc.Language != "en" || doc.Metadata["author"] != "Al Bo" {
		t.Errorf("title %q, language %q, metadata %v", doc.Title, doc.Language, doc.Metadata)
	}
	if got, want := documenttest.Headings(doc), []string{"1 The Guide", "2 Lists"}; !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
	documenttest.WantTexts(t, doc, document.Paragraph, "Al Bo <a@b.c>", "An abstract of Duck, see the site.", "NOTE: Mind the list.", "[A duck]")
	documenttest.WantTexts(t, doc, document.ListItem, "- one", "  - two", "1. first", "  1. second", "- Term", "  - Its meaning")
	documenttest.WantTexts(t, doc, document.Code, "func main() {\n  * x\n}")
	documenttest.WantTexts(t, doc, document.Caption, "Numbers of ducks")
	documenttest.WantTexts(t, doc, document.Table, "| Year | Birds |\n| --- | --- |\n| 2020 | 5 |")
	documenttest.WantTexts(t, doc, document.Quote, "A quotation.")
	documenttest.WantTexts(t, doc, document.Footnote, "Said _once_.")
}

func TestHostileDocumentsAreRead(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"deep lists":  strings.Repeat("****** x\n", 50_000),
		"open fences": strings.Repeat("----\n", 50_000) + strings.Repeat("....x\n....\n", 20_000),
		"open tables": strings.Repeat("|===\n|a |b\n", 20_000),
		"marks":       strings.Repeat("*_`#", 200_000),
		"a long line": strings.Repeat("word {x} <<a ", 100_000),
		"one cell":    "|===\n|a\n" + strings.Repeat("b\n", 100_000),
		"many notes":  strings.Repeat("footnote:[x]", 100_000),
	} {
		if _, err := documenttest.Try(t, adoc.Read, "a.adoc", content); err != nil && document.AsError(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzAsciiDoc(f *testing.F) { documenttest.Fuzz(f, adoc.Read, "a.adoc", sample) }
