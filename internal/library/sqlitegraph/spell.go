package sqlitegraph

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/terms"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Spell looks for a word that stands nowhere among those one slip of the
// fingers away, whose stems are looked up, and, where it is long, among the
// stems that begin as it does and are two slips away. What is given is a word
// that a passage has: stems are no words.
func (g *Graph) Spell(ctx context.Context, libraries, words []string) (map[string]string, error) {
	uids := slices.Compact(slices.Sorted(slices.Values(libraries)))
	found := make([]map[string][]terms.Candidate, len(uids))
	known := make([]map[string]bool, len(uids))
	err := each(ctx, uids, func(ctx context.Context, i int, uid string) error {
		return g.read(ctx, uid, func(s *snapshot) error {
			languages, err := s.languages(ctx)
			if err != nil {
				return err
			}
			return g.analyze(func(a *terms.Analyzer) (err error) {
				found[i], known[i], err = s.spell(ctx, a, languages, words)
				return err
			})
		})
	})
	out := map[string]string{}
	for _, w := range words {
		var all []terms.Candidate
		stands := false
		for i := range uids {
			stands = stands || known[i][w]
			all = append(all, found[i][w]...)
		}
		if stands || len(all) == 0 {
			continue
		}
		out[w] = slices.MinFunc(all, terms.Likelier).Word
	}
	return out, err
}

// spell gives the candidates for words that do not stand in a library, and
// which of the words do.
func (s *snapshot) spell(ctx context.Context, a *terms.Analyzer, languages, words []string) (of map[string][]terms.Candidate, known map[string]bool, err error) {
	of, known = map[string][]terms.Candidate{}, map[string]bool{}
	for _, w := range words {
		forms := a.Phrase(w, languages...)
		counts, err := s.chunksWith(ctx, forms.Forms())
		if err != nil {
			return nil, nil, err
		}
		if known[w] = len(counts) > 0; known[w] || len(forms.Words) != 1 {
			continue
		}
		if of[w], err = s.candidates(ctx, a, languages, w); err != nil {
			return nil, nil, err
		}
	}
	return of, known, nil
}

// chunksWith tells in how many chunks those of single words stand that do.
func (s *snapshot) chunksWith(ctx context.Context, forms [][]string) (map[string]int64, error) {
	words := []string{}
	for _, f := range forms {
		words = append(words, f...)
	}
	list, err := json.Marshal(words)
	if err != nil {
		return nil, fmt.Errorf("write the words: %w", err)
	}
	out := map[string]int64{}
	_, err = sqldb.All(ctx, s, func(r sqldb.Row) (struct{}, error) {
		var word string
		var n int64
		err := r.Scan(&word, &n)
		out[word] = n
		return struct{}{}, err
	}, countWords, string(list))
	return out, err
}

const (
	// stemsLike are those that begin alike and are of nearly one length.
	stemsLike = `SELECT word, chunks FROM term WHERE word >= $1 AND word < $2 AND LENGTH(word) BETWEEN $3 AND $4
ORDER BY word LIMIT $5`
	// A word's beginning that is taken for right when two slips are looked for.
	sureLetters = 3
	mostLike    = 50_000 // stems that are compared
	mostProved  = 4      // candidates that are looked for in passages
)

func (s *snapshot) candidates(ctx context.Context, a *terms.Analyzer, languages []string, word string) ([]terms.Candidate, error) {
	stems := map[string]string{} // to the word that it is the stem of
	for _, near := range terms.OneSlip(word) {
		for _, form := range a.Phrase(near, languages...).Forms() {
			if len(form) == 1 && stems[form[0]] == "" {
				stems[form[0]] = near
			}
		}
	}
	forms := make([][]string, 0, len(stems))
	for stem := range stems {
		forms = append(forms, []string{stem})
	}
	counts, err := s.chunksWith(ctx, forms)
	if err != nil {
		return nil, err
	}
	if len(counts) == 0 && utf8.RuneCountInString(word) >= terms.TwoSlipsFrom {
		if counts, err = s.twoSlips(ctx, a, languages, word); err != nil {
			return nil, err
		}
	}
	var list []string
	for stem := range counts {
		list = append(list, stem)
	}
	slices.SortFunc(list, func(x, y string) int { return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x, y)) })
	var out []terms.Candidate
	for _, stem := range list[:min(len(list), mostProved)] {
		texts, err := sqldb.All(ctx, s, scanString, someTexts, `"`+stem+`"`)
		if err != nil {
			return nil, err
		}
		if c := terms.Nearest(word, stem, strings.Join(texts, "\n"), languages); c.Word != "" {
			c.Chunks = counts[stem]
			out = append(out, c)
		}
	}
	return out, nil
}

const someTexts = `SELECT c.text || ' ' || c.heading_path || ' ' || i.title FROM
(SELECT rowid AS id FROM words WHERE words MATCH $1 LIMIT 8) w
JOIN chunk c ON c.id = w.id JOIN item i ON i.id = c.item_id ORDER BY w.id`

func (s *snapshot) twoSlips(ctx context.Context, a *terms.Analyzer, languages []string, word string) (map[string]int64, error) {
	out := map[string]int64{}
	for _, form := range a.Phrase(word, languages...).Forms() {
		stem := []rune(form[0])
		if len(form) != 1 || len(stem) <= sureLetters {
			continue
		}
		begin := string(stem[:sureLetters])
		if _, err := sqldb.All(ctx, s, func(r sqldb.Row) (struct{}, error) {
			var like string
			var n int64
			err := r.Scan(&like, &n)
			if terms.Slips(form[0], like) <= 2 {
				out[like] = n
			}
			return struct{}{}, err
		}, stemsLike, begin, begin+"\U0010ffff", len(stem)-2, len(stem)+2, mostLike); err != nil {
			return nil, err
		}
	}
	return out, nil
}
