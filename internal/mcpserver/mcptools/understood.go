package mcptools

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// understoodView is what was made of a query's text.
type understoodView struct {
	Words     []string         `json:"words"`
	Begins    []string         `json:"begins"`
	Phrases   []string         `json:"phrases"`
	Without   []string         `json:"without"`
	Title     []string         `json:"title"`
	NotTitle  []string         `json:"not_title"`
	File      string           `json:"file"`
	Type      string           `json:"type"`
	Language  string           `json:"language"`
	Corrected []correctionView `json:"corrected"`
	Ignored   []string         `json:"ignored"`
}

type correctionView struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func viewUnderstood(u search.Understood) understoodView {
	v := understoodView{
		Words: orEmpty(u.Words), Begins: orEmpty(u.Begins), Phrases: orEmpty(u.Phrases), Without: orEmpty(u.Without),
		Title: orEmpty(u.Title), NotTitle: orEmpty(u.NotTitle), File: u.File, Type: u.Type, Language: u.Language,
		Corrected: []correctionView{}, Ignored: orEmpty(u.Ignored),
	}
	for _, c := range u.Corrected {
		v.Corrected = append(v.Corrected, correctionView(c))
	}
	return v
}

// writeUnderstood is one line where a query was more than words, else nothing.
func writeUnderstood(u understoodView) string {
	var parts []string
	add := func(what string, texts ...string) {
		if said := strings.Join(texts, ", "); said != "" {
			parts = append(parts, what+": "+said)
		}
	}
	corrections := make([]string, len(u.Corrected))
	for i, c := range u.Corrected {
		corrections[i] = c.From + " → " + c.To
	}
	add("corrected", corrections...)
	add("phrases", u.Phrases...)
	add("beginning with", u.Begins...)
	add("without", u.Without...)
	add("title", u.Title...)
	add("title without", u.NotTitle...)
	add("file", u.File)
	add("type", u.Type)
	add("language", u.Language)
	add("ignored", u.Ignored...)
	if len(parts) == 0 {
		return ""
	}
	return "understood: " + strings.Join(parts, "; ") + "\n"
}

func understoodOutput() object {
	list := func(about string) object { return listOf(textOf(about)) }
	return record(object{
		{"words", list("Looked for, as it is spelled now")},
		{"begins", list("What words begin with")},
		{"phrases", list("Every hit says it")},
		{"without", list("No hit says it")},
		{"title", list("The document's title says it")},
		{"not_title", list("The document's title does not say it")},
		{"file", textOf("A part of the file's name, or empty")},
		{"type", textOf("Of the content, or empty")},
		{"language", textOf("Of the document, or empty")},
		{"corrected", listOf(record(object{{"from", textOf("A word that stands nowhere")}, {"to", textOf("What was looked for in its place")}}))},
		{"ignored", list("A part that looks like a sign and means nothing")},
	})
}
