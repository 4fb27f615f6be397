package rst_test

import (
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/rst"
)

const sample = `=========
The Guide
=========

:Author: Al Bo
:Date: 2024-05-01

.. _start:
.. |product| replace:: **Duck**
.. a comment
   of two lines

An *abstract* of |product|, see ` + "`the site <https://x.y/z>`_" + ` and [1]_.
Call ` + "``f(**x)``" + ` or :func:` + "`~os.path.join`" + `; 2 \* 3.

Lists
=====

* one
  wrapped

  * two
* three

1. first
#. second

A. Einstein was a man
of few words.

Term : type
   Its meaning
   goes on.

-a, --all   Everything.

Code
----

Look at this::

  func main() {
    * x
  }

.. code-block:: python
   :caption: A program
   :linenos:

   def f():
       return 1

>>> 1 + 1
2

Tables
======

.. table:: Numbers

   ===== =====
   Year  Birds
   ===== =====
   2020  5
         or 6
   2021  7
   ===== =====

+------+-----------+
| Name | Both      |
+======+=====+=====+
| a    | b   | c   |
|      | d   |     |
+------+-----+-----+
| e    | f         |
+------+-----------+

.. list-table:: Listed
   :header-rows: 1

   * - K
     - V
   * - x
     - y

.. csv-table::
   :header: "K", "V, w"

   1, "2"

Notes
=====

.. note:: Mind the *list*.

   And this.

.. figure:: duck.png
   :alt: A duck

   It swims.

   In a pond.

   It said so.

| Roses
| are red

.. [1] Said
   once.
.. toctree::

   other
.. math:: a^2
`

func TestADocumentGivesItsStructure(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, rst.Read, "a.rst", sample)
	if doc.Title != "The Guide" || doc.Metadata["author"] != "Al Bo" || doc.Metadata["created"] != "2024-05-01" {
		t.Errorf("title %q, metadata %v", doc.Title, doc.Metadata)
	}
	if got, want := documenttest.Headings(doc), []string{"1 The Guide", "2 Lists", "3 Code", "2 Tables", "2 Notes"}; !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
	documenttest.WantTexts(t, doc, document.Paragraph,
		"An abstract of Duck, see the site and [1]. Call f(**x) or join; 2 * 3.", "A. Einstein was a man of few words.", "Look at this:",
		"Note: Mind the list.", "And this.", "A duck", "In a pond.", "It said so.", "Roses\nare red", "$$a^2$$")
	documenttest.WantTexts(t, doc, document.ListItem, "- Author: Al Bo", "- Date: 2024-05-01", "- one wrapped", "  - two", "- three", "1. first", "1. second",
		"- Term", "  - Its meaning goes on.", "- -a, --all", "  - Everything.")
	documenttest.WantTexts(t, doc, document.Code, "func main() {\n  * x\n}", "def f():\n    return 1", ">>> 1 + 1\n2")
	documenttest.WantTexts(t, doc, document.Caption, "A program", "Numbers", "Listed", "It swims.")
	documenttest.WantTexts(t, doc, document.Footnote, "[1] Said once.")
	documenttest.WantTexts(t, doc, document.Table,
		"| Year | Birds |\n| --- | --- |\n| 2020 | 5 or 6 |\n| 2021 | 7 |",
		"| Name | Both | Both |\n| --- | --- | --- |\n| a | b d | c |\n| e | f | f |",
		"| K | V |\n| --- | --- |\n| x | y |",
		"| K | V, w |\n| --- | --- |\n| 1 | 2 |")
}

func TestTablesWithCellsAcrossRowsAndWideCharacters(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, rst.Read, "a.rst", `
+------+-----+
| 名前 | b   |
+------+-----+
| tall | c   |
|      +-----+
|      | d   |
+------+-----+

===== ===== =====
 Both here  Else
----------- -----
a     b     c
===== ===== =====
1     2     3
===== ===== =====
`)
	documenttest.WantTexts(t, doc, document.Table,
		"| 名前 | b |\n| --- | --- |\n| tall | c |\n| tall | d |",
		"| Both here | Both here | Else |\n| --- | --- | --- |\n| a | b | c |\n| 1 | 2 | 3 |")
}

func TestWhatIsNotMarkedUpStaysText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"A line\n--", "snake_case and __init__ and a_b_c stay.", "2 * 3 * 4 | 5 |", "`open", "=== x ===", "+--", "|x|y", "::::: no",
	} {
		doc := documenttest.Read(t, rst.Read, "a.rst", text+"\n")
		if got, want := strings.ReplaceAll(doc.Text, "\n", " "), strings.ReplaceAll(text, "\n", " "); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestHostileDocumentsAreRead(t *testing.T) {
	t.Parallel()
	var deep strings.Builder
	for n := range 2000 {
		deep.WriteString(strings.Repeat(" ", n) + "* x\n\n")
	}
	for name, content := range map[string]string{
		"deep lists":       deep.String(),
		"marks in one row": strings.Repeat("- ", 50_000) + "x",
		"open borders":     strings.Repeat("=== ===\nx\n", 50_000),
		"open grids":       strings.Repeat("+--+\n|\n\n", 50_000),
		"a wide grid":      strings.Repeat("+-", 100_000) + "+\n|\n+-+\n",
		"a grid of spans":  strings.Repeat("+-", 2000) + "+\n" + strings.Repeat("|"+strings.Repeat("x", 3999)+"|\n", 1000) + strings.Repeat("+-", 2000) + "+\n",
		"backquotes":       strings.Repeat("`*|_", 200_000),
		"names":            ".. |a| replace:: " + strings.Repeat("w", 400) + "\n\n" + strings.Repeat("|a| ", 200_000),
		"directives":       strings.Repeat(".. note::\n", 50_000),
		"headings":         strings.Repeat("x\n==\n\ny\n--\n", 30_000),
	} {
		if _, err := documenttest.Try(t, rst.Read, "a.rst", content); err != nil && document.AsError(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReStructuredText(f *testing.F) { documenttest.Fuzz(f, rst.Read, "a.rst", sample) }
