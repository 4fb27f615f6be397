package dashboard

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// understood is what was made of a question, in words. Empty: it was words
// and nothing else.
type understood struct {
	Corrected []search.Correction
	Exact     string // path of the same search for the words as they were typed
	Parts     []understoodPart
}

type understoodPart struct{ Label, Said string }

func understoodOf(u search.Understood, asked searched) understood {
	out := understood{Corrected: u.Corrected}
	if len(u.Corrected) > 0 {
		exact := asked
		exact.exact = true
		out.Exact = exact.path()
	}
	quote := func(texts []string) []string {
		said := make([]string, len(texts))
		for i, t := range texts {
			said[i] = "“" + t + "”"
		}
		return said
	}
	begins := make([]string, len(u.Begins))
	for i, b := range u.Begins {
		begins[i] = b + "…"
	}
	for _, p := range []struct {
		label string
		texts []string
	}{
		{"with the phrase", quote(u.Phrases)},
		{"with words that begin", begins},
		{"without", quote(u.Without)},
		{"with the title", quote(u.Title)},
		{"not with the title", quote(u.NotTitle)},
		{"in files named", nonEmpty(u.File)},
		{"of the type", nonEmpty(u.Type)},
		{"in the language", nonEmpty(u.Language)},
		{"left out of account", u.Ignored},
	} {
		if len(p.texts) > 0 {
			out.Parts = append(out.Parts, understoodPart{p.label, strings.Join(p.texts, ", ")})
		}
	}
	return out
}

func nonEmpty(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// questionOf is what is marked in the passages: the words looked for, where
// the answer tells them.
func questionOf(asked string, u search.Understood) string {
	if len(u.Words) == 0 || len(u.Corrected)+len(u.Without)+len(u.NotTitle) == 0 {
		return asked
	}
	return strings.Join(append(u.Words, u.Begins...), " ")
}
