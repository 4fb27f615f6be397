package neo4jgraph

import (
	"context"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

// says is what a filter asks of the words of a chunk.
type says struct{ must, not []clause }

type clause struct {
	terms.Term

	title bool
}

func (w says) any() bool { return len(w.must)+len(w.not) > 0 }

func (g *Graph) says(f library.Filter, languages []string) says {
	a, ok := g.analyzers.Get().(*terms.Analyzer)
	if !ok {
		a = new(terms.Analyzer)
	}
	defer g.analyzers.Put(a)
	list := func(clauses []library.Clause) (out []clause) {
		for _, c := range clauses {
			if t := a.Phrase(c.Text, languages...); len(t.Words) > 0 {
				out = append(out, clause{t, c.Title})
			}
		}
		return out
	}
	return says{must: list(f.Must), not: list(f.Not)}
}

// lets tells whether a chunk's terms are let through.
func (w says) lets(words string) bool {
	title, own, _ := strings.Cut(words, titleEnd)
	title = " " + title + " "
	whole := title + " " + own + " "
	holds := func(c clause) bool {
		in := whole
		if c.title {
			in = title
		}
		for i, form := range c.Forms() {
			looked := " " + strings.Join(form, " ") + " "
			if c.Prefix && i == 0 {
				looked = strings.TrimRight(looked, " ")
			}
			if strings.Contains(in, looked) {
				return true
			}
		}
		return false
	}
	for _, c := range w.must {
		if !holds(c) {
			return false
		}
	}
	return !slices.ContainsFunc(w.not, holds)
}

const theirTerms = `UNWIND $uids AS uid MATCH (c:Chunk {uid: uid}) RETURN c.uid AS uid, c.terms AS terms`

// having keeps the hits that are let through.
func (g *Graph) having(ctx context.Context, w says, found []library.Scored) ([]library.Scored, error) {
	if !w.any() || len(found) == 0 {
		return found, nil
	}
	uids := make([]string, len(found))
	for i, h := range found {
		uid, err := library.ChunkUID(h.ItemUID, h.Generation, h.Ordinal)
		if err != nil {
			return nil, err
		}
		uids[i] = uid
	}
	rows, err := g.read(ctx, theirTerms, params{"uids": uids})
	if err != nil {
		return nil, err
	}
	let := map[string]bool{}
	for _, r := range rows {
		let[get[string](r, "uid")] = w.lets(get[string](r, "terms"))
	}
	var out []library.Scored
	for i, h := range found {
		if let[uids[i]] {
			out = append(out, h)
		}
	}
	return out, nil
}

// Having reads the terms of the chunks.
func (g *Graph) Having(ctx context.Context, found []library.Scored, f library.Filter) ([]library.Scored, error) {
	if !f.Says() || len(found) == 0 {
		return found, nil
	}
	var libraries []string
	for _, h := range found {
		libraries = append(libraries, h.LibraryUID)
	}
	slices.Sort(libraries)
	languages, err := g.languagesOf(ctx, slices.Compact(libraries))
	if err != nil {
		return nil, err
	}
	return g.having(ctx, g.says(f, languages), found)
}

// mostSaying is how many chunks are compared one by one when that is all that
// the filter lets through.
const mostSaying = 20_000

const (
	countSaying = `CALL db.index.fulltext.queryNodes('` + chunkIndex + `', $saying, {limit: $most}) YIELD node RETURN count(node) AS chunks`
	// Every chunk that the index lets through is compared.
	searchSaying = keepPlan + readClock + `CALL db.index.fulltext.queryNodes('` + chunkIndex + `', $saying, {limit: $most}) YIELD node AS c
WITH clock, c WHERE %s AND c.%[2]s IS NOT NULL
WITH clock, c, vector.similarity.cosine(c.%[2]s, $vector) AS score
ORDER BY score DESC LIMIT $n` + readPointers
)

// fewSay reads what the filter asks of words into the scope and tells whether
// so few chunks say it that all of them are compared.
func (g *Graph) fewSay(ctx context.Context, s *scope, f library.Filter, args params) (bool, error) {
	if !f.Says() {
		return false, nil
	}
	languages, err := g.languagesOf(ctx, s.libraries)
	if err != nil {
		return false, err
	}
	s.says = g.says(f, languages)
	args["saying"], args["most"] = luceneQuery(scope{libraries: s.libraries, says: s.says}, nil), mostSaying
	rows, err := g.read(ctx, countSaying, params{"saying": args["saying"], "most": mostSaying})
	if err != nil || len(rows) == 0 {
		return false, err
	}
	return get[int64](rows[0], "chunks") < mostSaying, nil
}
