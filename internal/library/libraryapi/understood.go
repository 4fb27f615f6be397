package libraryapi

import "git.helu.ca/r/mnemosyne/internal/library/search"

// understoodBody is what was made of a query's text.
type understoodBody struct {
	Words     []string         `json:"words" nullable:"false" description:"Looked for, as they are spelled now."`
	Begins    []string         `json:"begins,omitempty" description:"What words begin with, of word*."`
	Phrases   []string         `json:"phrases,omitempty" description:"Every hit says them."`
	Without   []string         `json:"without,omitempty" description:"No hit says them."`
	Title     []string         `json:"title,omitempty" description:"The document's title says them."`
	NotTitle  []string         `json:"not_title,omitempty" description:"The document's title does not."`
	File      string           `json:"file,omitempty"`
	Type      string           `json:"type,omitempty"`
	Language  string           `json:"language,omitempty"`
	Corrected []correctionBody `json:"corrected,omitempty" description:"Words that stand nowhere, and what was looked for in their place."`
	Ignored   []string         `json:"ignored,omitempty" description:"Parts that look like signs and mean nothing."`
}

type correctionBody struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// understoodOf gives nil for an answer that says nothing of its query.
func understoodOf(u search.Understood) *understoodBody {
	if len(u.Words)+len(u.Begins) == 0 {
		return nil
	}
	return &understoodBody{
		Words: append([]string{}, u.Words...), Begins: u.Begins, Phrases: u.Phrases, Without: u.Without, Title: u.Title, NotTitle: u.NotTitle,
		File: u.File, Type: u.Type, Language: u.Language, Ignored: u.Ignored,
		Corrected: each(u.Corrected, func(c search.Correction) correctionBody { return correctionBody(c) }),
	}
}
