package neo4jgraph

import (
	"context"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

const alike = `CALL db.index.fulltext.queryNodes('` + chunkIndex + `', $query, {limit: $n}) YIELD node AS c
MATCH (i:Item {uid: c.item_uid}) WHERE i.generation = c.generation
RETURN c.text AS text, i.title AS title, c.heading_path AS headings`

// passagesAlike is in how many passages a word is looked for.
const passagesAlike = 24

// Spell has Lucene look for terms like a word within the libraries, for words
// that stand nowhere there, and takes the likeliest of the words that the
// passages have.
func (g *Graph) Spell(ctx context.Context, libraries, words []string) (map[string]string, error) {
	s, some, err := scopeOf(libraries, library.Filter{})
	if err != nil || !some || len(words) == 0 {
		return nil, err
	}
	languages, err := g.languagesOf(ctx, s.libraries)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, w := range words {
		better, err := g.spell(ctx, s, languages, w)
		if err != nil {
			return out, err
		}
		if better != "" {
			out[w] = better
		}
	}
	return out, nil
}

func (g *Graph) spell(ctx context.Context, s scope, languages []string, word string) (string, error) {
	s.says = g.says(library.Filter{Must: []library.Clause{{Text: word}}}, languages)
	if len(s.says.must) == 0 || len(s.says.must[0].Words) != 1 {
		return "", nil
	}
	there, err := g.read(ctx, alike, params{"query": luceneQuery(s, nil), "n": 1})
	if err != nil || len(there) > 0 {
		return "", err
	}
	slips := "~1"
	if len([]rune(word)) >= terms.TwoSlipsFrom {
		slips = "~2"
	}
	var like []string
	for _, form := range s.says.must[0].Forms() {
		like = append(like, escape(form[0])+slips)
	}
	s.says = says{}
	query := luceneQuery(s, nil) + "+terms:(" + strings.Join(like, " ") + ")"
	rows, err := g.read(ctx, alike, params{"query": query, "n": passagesAlike})
	if err != nil {
		return "", err
	}
	var texts []string
	for _, r := range rows {
		texts = append(texts, get[string](r, "title"), strings.Join(stringsOf(get[[]any](r, "headings")), " "), get[string](r, "text"))
	}
	return terms.Nearest(word, "", strings.Join(texts, "\n"), languages).Word, nil
}
