// Package notebook reads Jupyter notebooks: their text as the Markdown it is,
// their code, and what the code wrote as text. Pictures are left out.
package notebook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/markup"
)

const (
	// outputBytes is how much of an output of a cell is kept: logs of
	// training run to megabytes.
	outputBytes = 20_000
	// cellBytes bounds a cell, with all its outputs and pictures.
	cellBytes = 64 << 20
)

// text is a string, or the lines of one.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = text(one)
		return nil
	}
	var lines []string
	if json.Unmarshal(b, &lines) == nil {
		*t = text(strings.Join(lines, ""))
	}
	return nil // other data, such as JSON, is no text
}

type cell struct {
	Type    string   `json:"cell_type"`
	Source  text     `json:"source"`
	Input   text     `json:"input"` // of code, in format 3
	Level   int      `json:"level"` // of headings, in format 3
	Outputs []output `json:"outputs"`
}

type output struct {
	Type  string          `json:"output_type"`
	Text  text            `json:"text"`
	HTML  text            `json:"html"` // in format 3
	Data  map[string]text `json:"data"`
	Error string          `json:"ename"`
	Value string          `json:"evalue"`
}

type metadata struct {
	Language struct {
		Name string `json:"name"`
	} `json:"language_info"`
	Kernel struct {
		Language string `json:"language"`
	} `json:"kernelspec"`
	Title   string `json:"title"`
	Authors []struct {
		Name string `json:"name"`
	} `json:"authors"`
}

// Read reads a notebook cell by cell.
func Read(w *document.Writer, in document.Input) error {
	n := &notebook{w: w}
	// The language stands after the cells, so it is looked for first.
	if err := n.walk(in, false); err != nil {
		return err
	}
	if err := n.walk(in, true); err != nil {
		return err
	}
	if n.cells == 0 && w.Err() == nil {
		return document.Fault(document.CodeNoText, "The notebook has no cells with text.")
	}
	return w.Err()
}

type notebook struct {
	w     *document.Writer
	meta  metadata
	cells int
}

func damaged() error {
	return document.Fault(document.CodeCorrupt, "The notebook is damaged: it is not valid JSON; open it in Jupyter and save it again.")
}

// walk goes through the file's keys; cells are written where asked.
func (n *notebook) walk(in document.Input, write bool) error {
	f, err := document.OpenText(in.Path)
	if err != nil {
		return err //nolint:wrapcheck // it names what it did
	}
	defer f.Close()
	dec := json.NewDecoder(f)
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return damaged()
	}
	for dec.More() && n.w.Err() == nil {
		key, err := dec.Token()
		if err != nil {
			return damaged()
		}
		switch {
		case key == "metadata" && !write:
			if dec.Decode(&n.meta) != nil {
				return damaged()
			}
		case key == "cells" && write:
			err = n.list(dec)
		case key == "worksheets" && write:
			err = n.worksheets(dec)
		default:
			err = skip(dec)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// skip passes over a value without keeping it.
func skip(dec *json.Decoder) error {
	for depth := 0; ; {
		t, err := dec.Token()
		if err != nil {
			return damaged()
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// worksheets reads the cells of format 3.
func (n *notebook) worksheets(dec *json.Decoder) error {
	var sheets []struct {
		Cells []cell `json:"cells"`
	}
	if err := dec.Decode(&sheets); err != nil {
		return fault(err)
	}
	for _, s := range sheets {
		for _, c := range s.Cells {
			n.cell(c)
		}
	}
	return nil
}

func fault(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return damaged()
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return damaged()
	}
	return document.Fault(document.CodeCorrupt, fmt.Sprintf("The notebook is damaged: %.200s.", err))
}

func (n *notebook) list(dec *json.Decoder) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return damaged()
	}
	for dec.More() && n.w.Err() == nil {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return fault(err)
		}
		var c cell
		if len(raw) > cellBytes || json.Unmarshal(raw, &c) != nil {
			continue // what is no cell holds no text
		}
		n.cell(c)
	}
	if _, err := dec.Token(); err != nil {
		return damaged()
	}
	return nil
}

func (n *notebook) cell(c cell) {
	if c.Type == "code" {
		n.cells++
		n.code(string(c.Source + c.Input))
		for _, o := range c.Outputs {
			n.output(o)
		}
		return
	}
	source := document.Clean(string(c.Source))
	if strings.TrimSpace(source) == "" {
		return
	}
	n.cells++
	switch c.Type {
	case "markdown":
		markup.AppendMarkdown(n.w, source)
	case "heading":
		n.w.Block(document.Heading, min(max(c.Level, 1), 6), source)
	default:
		n.w.Block(document.Paragraph, 0, source)
	}
}

// code writes a cell's code between fences that name its language.
func (n *notebook) code(source string) {
	if strings.TrimSpace(source) == "" {
		return
	}
	language := n.meta.Language.Name
	if language == "" {
		language = n.meta.Kernel.Language
	}
	n.w.Block(document.Code, 0, "```"+document.OneLine(language)+"\n"+strings.TrimRight(source, "\n")+"\n```")
}

// output writes what a cell gave: Markdown or a table before plain text.
func (n *notebook) output(o output) {
	page, plain := string(o.HTML+o.Data["text/html"]), string(o.Text+o.Data["text/plain"])
	switch {
	case o.Type == "error" || o.Type == "pyerr":
		n.w.Block(document.Code, 0, o.Error+": "+limit(o.Value))
	case o.Data["text/markdown"] != "":
		markup.AppendMarkdown(n.w, document.Clean(limit(string(o.Data["text/markdown"]))))
	case o.Data["text/latex"] != "":
		n.w.Block(document.Paragraph, 0, limit(string(o.Data["text/latex"])))
	case strings.Contains(page, "<table") && len(page) <= 50*outputBytes:
		_ = markup.Page{}.Write(n.w, page) // the writer keeps the error
	case !strings.HasPrefix(plain, "<Figure size") && !strings.HasPrefix(plain, "<IPython.core.display"):
		n.w.Block(document.Code, 0, limit(escapes(plain)))
	}
}

// escapes takes out the colours of a terminal, and what a progress bar wrote
// over.
func escapes(s string) string {
	var sb strings.Builder
	for line := range strings.Lines(s) {
		if i := strings.LastIndexByte(strings.TrimRight(line, "\r\n"), '\r'); i >= 0 {
			line = line[i+1:]
		}
		for {
			i := strings.Index(line, "\x1b[")
			if i < 0 {
				break
			}
			end := strings.IndexFunc(line[i+2:], func(r rune) bool { return r >= '@' && r <= '~' })
			if end < 0 {
				break
			}
			sb.WriteString(line[:i])
			line = line[i+2+end+1:]
		}
		sb.WriteString(line)
	}
	return sb.String()
}

// limit cuts an endless output, and says so.
func limit(s string) string {
	if len(s) <= outputBytes {
		return s
	}
	return strings.ToValidUTF8(s[:outputBytes], "") + "\n[…]"
}
