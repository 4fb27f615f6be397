package sqlitegraph

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/terms"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// bounds are what one question may cost in one library. Rating a chunk costs
// about 2 µs, counting one that holds a word 0.2 µs, reading one again 50 µs.
type bounds struct {
	rows   int   // chunks that are rated, as long as there are rarer words
	rated  int   // chunks that are rated when there are none
	held   int64 // chunks that are counted
	past   int   // chunks that are looked at on the way to those of a filter
	reread int   // chunks in which the words are rated that were left out at first
}

func defaultBounds() bounds {
	return bounds{rows: 16_000, rated: 24_000, held: 100_000, past: 30_000, reread: 150}
}

const (
	maxTerms    = 64 // looked for in one query
	maxTimes    = 3  // that a word counts which the query repeats
	maxTogether = 6  // words that are looked for side by side
)

// saturation is k1 + 1: what BM25 gives a word that is said without end.
const saturation = 2.2

// plan is how a query is looked for in one library.
type plan struct {
	looks   []look  // each is taken when those before it found too little
	perfect float64 // the score that no chunk exceeds
}

// look is one way to find candidates.
type look struct {
	match   string // an FTS5 expression
	held    int64  // how many chunks hold its words, at most
	unrated bool   // its own words are among the later ones
	later   []sought
}

// sought is a term that candidates are rated by when they have been found.
type sought struct {
	term  terms.Term
	count count
	idf   []float64 // of each form
	most  float64   // that it adds to a score
}

// plan leaves frequent words to the end where rarer ones stand: they say
// little and cost most. What they add is rated for the best chunks alone.
func (s *snapshot) plan(ctx context.Context, asked []terms.Term, sc reach, b bounds) (plan, error) {
	counts, err := s.counts(ctx, asked, sc.visible)
	if err != nil {
		return plan{}, err
	}
	order := rarestFirst(counts)
	n := worthLooking(counts, order, sc, b)
	var p plan
	var all []sought
	var first look
	var parts []string
	for place, i := range order {
		times := min(asked[i].Times, maxTimes)
		weight := idf(sc.visible, counts[i].all) * saturation * float64(times)
		if counts[i].all == 0 {
			p.perfect += weight
			continue
		}
		if len(all) == maxTerms {
			break
		}
		p.perfect += weight
		t := sought{term: asked[i], count: counts[i]}
		for _, n := range counts[i].forms {
			t.idf = append(t.idf, idf(sc.visible, n)*float64(times))
			t.most += idf(sc.visible, n) * float64(times) * saturation
		}
		all = append(all, t)
		if place >= n {
			first.later = append(first.later, t)
			continue
		}
		first.held += counts[i].all
		for range times {
			parts = append(parts, expression(asked[i]))
		}
	}
	if len(parts) == 0 {
		return p, nil
	}
	first.match = strings.Join(parts, " OR ")
	if share, _ := sc.share(); len(all) == len(first.later)+1 && len(all) > 1 && float64(first.held)*share > float64(b.rated) {
		p.looks = together(all, sc, share, b)
	}
	p.looks = append(p.looks, first)
	return p, nil
}

// together looks for chunks that hold several words at once, where each of
// them stands in more chunks than may be rated. As many words are taken as
// are likely to stand together in chunks enough.
func together(all []sought, sc reach, share float64, b bounds) []look {
	const enough = 8
	var parts []string
	var counted int64
	var taken int
	likely := float64(sc.visible) * share
	for i, t := range all[:min(len(all), maxTogether)] {
		likely *= float64(t.count.all) / float64(sc.visible)
		if i > 1 && likely < float64(enough*b.reread) {
			break
		}
		for range min(t.term.Times, maxTimes) {
			parts = append(parts, expression(t.term))
			counted += t.count.all
		}
		taken++
	}
	l := look{match: strings.Join(parts, " AND "), held: all[0].count.all, later: all[taken:]}
	// FTS5 counts every chunk that holds a word to rate the first of them.
	if counted > 2*b.held {
		l.unrated, l.later = true, all
	}
	return []look{l}
}

func rarestFirst(counts []count) []int {
	order := make([]int, len(counts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[a].all, counts[b].all) })
	return order
}

// worthLooking tells how many terms, rarest first, are looked for: until the
// chunks that hold them are as many as may be rated, and at least one that is
// there.
func worthLooking(counts []count, order []int, sc reach, b bounds) int {
	share, span := sc.share()
	var held int64
	var found int
	for n, i := range order {
		held += counts[i].all
		if found > 0 && (float64(held)*share > float64(b.rows) || float64(held)*span > float64(b.past) || held > b.held || found == maxTerms) {
			return n
		}
		if counts[i].all > 0 {
			found++
		}
	}
	return len(order)
}

const (
	countWords  = `SELECT word, chunks FROM term WHERE word IN (SELECT value FROM json_each($1))`
	countPrefix = `SELECT COALESCE(SUM(chunks), 0) FROM term WHERE word >= $1 AND word < $2`
)

// idf is the weight that FTS5's bm25() gives a word in n of all chunks.
func idf(all, n int64) float64 {
	return max(math.Log((float64(all-n)+0.5)/(float64(n)+0.5)), 1e-6)
}

// count is in how many chunks a term stands, and each of its forms.
type count struct {
	all   int64
	forms []int64
}

// counts tells in how many chunks each term stands; of a phrase, in how many
// its rarest word does. Forms of a term in several languages are added up.
func (s *snapshot) counts(ctx context.Context, asked []terms.Term, visible int64) ([]count, error) {
	words := []string{}
	for _, t := range asked {
		for _, form := range t.Forms() {
			words = append(words, form...)
		}
	}
	list, err := json.Marshal(words)
	if err != nil {
		return nil, fmt.Errorf("write the words: %w", err)
	}
	of := map[string]int64{}
	if _, err := sqldb.All(ctx, s, func(r sqldb.Row) (struct{}, error) {
		var word string
		var n int64
		err := r.Scan(&word, &n)
		of[word] = n
		return struct{}{}, err
	}, countWords, string(list)); err != nil {
		return nil, err
	}
	out := make([]count, len(asked))
	for i, t := range asked {
		for f, form := range t.Forms() {
			n := of[form[0]]
			if t.Prefix && f == 0 {
				if n, err = sqldb.One(ctx, s, scanInt, countPrefix, form[0], form[0]+"\U0010ffff"); err != nil {
					return nil, err
				}
			}
			for _, w := range form[1:] {
				n = min(n, of[w])
			}
			out[i].forms = append(out[i].forms, min(n, visible))
			out[i].all += n
		}
		out[i].all = min(out[i].all, visible)
	}
	return out, nil
}

// expression quotes a term. Terms hold letters, digits and marks only, so
// nothing in them is syntax.
func expression(t terms.Term) string {
	var forms []string
	for i, form := range t.Forms() {
		e := `"` + strings.Join(form, " ") + `"`
		if t.Prefix && i == 0 {
			e += "*"
		}
		forms = append(forms, e)
	}
	if len(forms) == 1 {
		return forms[0]
	}
	return "(" + strings.Join(forms, " OR ") + ")"
}
