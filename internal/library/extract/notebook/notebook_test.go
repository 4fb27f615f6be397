package notebook_test

import (
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/notebook"
)

const sample = `{"cells":[{"cell_type":"markdown","metadata":{},"source":["# Ducks\n","\n","Some *words*.\n","- a\n","- b"]},
{"cell_type":"code","source":["import ducks\n","ducks.count()"],"outputs":[{"output_type":"stream","name":"stdout","text":["\u001b[31mred\u001b[0m\n","10%\r20%\r100%\n"]},
{"output_type":"execute_result","data":{"text/html":["<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"],"text/plain":["   a  b\n0  1  2"],"image/png":"iVBOR"}},
{"output_type":"display_data","data":{"image/png":"iVBOR","text/plain":["<Figure size 640x480>"]}},{"output_type":"error","ename":"KeyError","evalue":"'x'","traceback":["no"]}]},
{"cell_type":"raw","source":"raw text"},{"cell_type":"markdown","source":"## End"}],
"metadata":{"language_info":{"name":"python"},"widgets":{"a":[1,{"b":null}]}},"nbformat":4,"nbformat_minor":5}`

func TestCellsAreReadInOrder(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, notebook.Read, "a.ipynb", sample)
	if doc.Title != "Ducks" {
		t.Errorf("title = %q", doc.Title)
	}
	if got, want := documenttest.Headings(doc), []string{"1 Ducks", "2 End"}; !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
	documenttest.WantTexts(t, doc, document.Code, "```python\nimport ducks\nducks.count()\n```", "red\n100%", "KeyError: 'x'")
	documenttest.WantTexts(t, doc, document.Table, "| a | b |\n| --- | --- |\n| 1 | 2 |")
	documenttest.WantTexts(t, doc, document.ListItem, "- a", "- b")
	documenttest.WantTexts(t, doc, document.Paragraph, "Some *words*.", "raw text")
}

func TestNotebooksOfTheOldFormatAreRead(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, notebook.Read, "a.ipynb", `{"nbformat":3,"metadata":{"kernelspec":{"language":"R"}},"worksheets":[{"cells":[{"cell_type":"heading","level":2,"source":["Old"]},{"cell_type":"code","input":["x"],"outputs":[{"output_type":"pyout","text":["1"]}]}]}]}`)
	if want := "Old\n\n`" + "``R\nx\n```\n\n1"; doc.Text != want {
		t.Errorf("text = %q, want %q", doc.Text, want)
	}
}

func TestDamagedAndHostileNotebooksEndWithAFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, code string }{
		"cut off":       {sample[:300], document.CodeCorrupt},
		"no object":     {"[1]", document.CodeCorrupt},
		"no cells":      {`{"cells":[],"metadata":{}}`, document.CodeNoText},
		"deep":          {`{"cells":` + strings.Repeat("[", 100_000), document.CodeCorrupt},
		"deep metadata": {`{"x":` + strings.Repeat(`{"a":`, 1_000_000), document.CodeCorrupt},
		"strange cells": {`{"cells":[1,"a",null,{"cell_type":5}],"metadata":{}}`, document.CodeNoText},
	} {
		_, err := documenttest.Try(t, notebook.Read, "a.ipynb", c.content)
		if e := document.AsError(err); e == nil || e.Code != c.code {
			t.Errorf("%s: error = %v, want %s", name, err, c.code)
		}
	}
}

func TestEndlessOutputsAreCut(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, notebook.Read, "a.ipynb", `{"cells":[{"cell_type":"code","source":"x","outputs":[{"output_type":"stream","text":"`+strings.Repeat("line ", 1_000_000)+`"}]}]}`)
	if len(doc.Text) > 30_000 || !strings.HasSuffix(doc.Text, "[…]") {
		t.Errorf("%d bytes of text", len(doc.Text))
	}
}

func FuzzNotebook(f *testing.F) { documenttest.Fuzz(f, notebook.Read, "a.ipynb", sample) }
