package neo4jgraph

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

const (
	maxQueryBytes = 64 << 10 // of a query that are read; the rest is a document
	maxLookups    = 512      // terms that are read of it
	maxTerms      = 64       // terms that are looked for
	maxTimes      = 3        // that a word counts which the query repeats
)

const searchWords = keepPlan + readClock + `CALL db.index.fulltext.queryNodes('` + chunkIndex + `', $query, {limit: $n}) YIELD node AS c, score` + readPointers

// Lucene skips what cannot reach the best hits only where nothing but words is
// asked for. A scope that most hits are in anyway is met sooner by leaving the
// others out afterwards. seen is how many there were with the others.
const searchAllWords = keepPlan + readClock + `CALL db.index.fulltext.queryNodes('` + chunkIndex + `', $query, {limit: $n}) YIELD node AS c, score
WITH clock, count(*) AS seen, collect(CASE WHEN c.library_uid IN $libraries AND ($collections IS NULL OR c.collection_uid IN $collections)
  THEN [c.library_uid, c.item_uid, c.generation, c.ordinal, score] END) AS within
CALL (within) {
  UNWIND within AS hit
  OPTIONAL MATCH (i:Item {uid: hit[1]})
  RETURN collect([hit, i.pointer]) AS hits
}
RETURN clock, seen, hits`

const countPublished = `MATCH (c:Published) RETURN count(c) AS chunks`

// FullText finds chunks by their words, by Lucene's BM25. Its statistics are
// those of all libraries together, so that how rare a word is, and with it the
// order, may hang on other libraries; what is found does not. A score is
// divided by what a chunk would reach that says nothing but the query, if all
// of its words were as rare as can be.
func (g *Graph) FullText(ctx context.Context, q library.FullTextQuery) ([]library.Scored, error) {
	if q.Limit <= 0 {
		return nil, nil
	}
	s, some, err := scopeOf(q.Libraries, q.Filter)
	if err != nil || !some {
		return nil, err
	}
	languages, err := g.languagesOf(ctx, s.libraries)
	if err != nil {
		return nil, err
	}
	asked := g.queryTerms(q, languages)
	s.says = g.says(q.Filter, languages)
	if len(asked) == 0 {
		return nil, nil
	}
	perfect, err := g.perfect(ctx, asked)
	if err != nil {
		return nil, err
	}
	a, enough, err := g.amongAll(ctx, s, asked, q.Limit)
	if err == nil && !enough {
		a, err = g.amongItems(ctx, s, asked, q.Limit)
	}
	for i := range a.hits {
		a.hits[i].Score = min(a.hits[i].Score/perfect, 1)
	}
	return a.hits, err
}

// amongAll looks for the hits of a scope among everybody's, where it has a large
// share of them. It tells whether that gave all that asking within the scope
// would: as many as are asked for, or whatever there is.
func (g *Graph) amongAll(ctx context.Context, s scope, asked []terms.Term, limit int) (a answer, enough bool, err error) {
	part := g.shares.expected(s.key())
	if len(s.items) > 0 || s.says.any() || part < largeShare {
		return answer{}, false, nil
	}
	const room = 1.5 // for hits that lie less even than the share says
	want := limit + spare
	n := int(room * float64(want) / part)
	args := params{"libraries": s.libraries, "collections": nil, "query": luceneQuery(scope{}, asked), "n": n}
	if len(s.collections) > 0 {
		args["collections"] = s.collections
	}
	for range searchAttempts {
		rows, err := g.read(ctx, searchAllWords, args)
		if err != nil || len(rows) == 0 {
			return answer{}, err == nil, err
		}
		seen := int(get[int64](rows[0], "seen"))
		if a = answerIn(rows[0]); a.behind {
			continue
		}
		g.shares.saw(s.key(), a.total, seen)
		enough = seen < n || len(a.hits) >= limit && a.total >= want
		a.hits = a.hits[:min(len(a.hits), limit)]
		return a, enough, nil
	}
	return answer{}, false, nil
}

func (g *Graph) queryTerms(q library.FullTextQuery, languages []string) []terms.Term {
	a, ok := g.analyzers.Get().(*terms.Analyzer)
	if !ok {
		a = new(terms.Analyzer)
	}
	defer g.analyzers.Put(a)
	asked := a.Query(strings.ToValidUTF8(q.Text[:min(len(q.Text), maxQueryBytes)], ""), maxLookups, languages...)
	if len(asked) > maxTerms {
		// Of a whole document, the longer words say more.
		slices.SortStableFunc(asked, func(x, y terms.Term) int {
			return cmp.Compare(len(strings.Join(y.Words, "")), len(strings.Join(x.Words, "")))
		})
		asked = asked[:maxTerms]
	}
	for _, b := range q.Begins {
		if t := a.Prefix(b, languages...); len(t.Words) > 0 {
			asked = append(asked, t)
		}
	}
	return asked
}

// perfect is the score that no chunk exceeds: Lucene's BM25 gives a word at
// most its idf, and the rarest stands in one chunk.
func (g *Graph) perfect(ctx context.Context, asked []terms.Term) (float64, error) {
	chunks, err := g.published(ctx)
	if err != nil {
		return 0, err
	}
	idf := math.Log(1 + (chunks-1+0.5)/(1+0.5))
	var sum float64
	for _, t := range asked {
		sum += float64(len(t.Words)*min(t.Times, maxTimes)) * max(idf, 1)
	}
	return sum, nil
}

// countedFor is how long a count of all chunks serves: its logarithm scales
// the scores of an answer, all alike.
const countedFor = time.Minute

// published is how many chunks all libraries have, at least one.
func (g *Graph) published(ctx context.Context) (float64, error) {
	g.mu.Lock()
	chunks, at := g.chunks, g.counted
	g.mu.Unlock()
	if time.Since(at) < countedFor {
		return chunks, nil
	}
	rows, err := g.read(ctx, countPublished, nil)
	if err != nil {
		return 0, err
	}
	chunks = float64(max(get[int64](rows[0], "chunks"), 1))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.chunks, g.counted = chunks, time.Now()
	return chunks, nil
}

// luceneQuery makes a query of terms within a scope. What scopes has no part
// in the score.
func luceneQuery(s scope, asked []terms.Term) string {
	var b strings.Builder
	within := func(field string, uids ...string) {
		if len(uids) == 0 || uids[0] == "" {
			return
		}
		b.WriteString("+" + field + `:("` + strings.Join(uids, `" "`) + `")^0 `)
	}
	within("library_uid", s.libraries...)
	within("item_uid", s.items...)
	within("collection_uid", s.collections...)
	for _, t := range s.says.must {
		b.WriteString("+terms:(" + luceneTerm(t.Term) + ")^0 ")
	}
	for _, t := range s.says.not {
		if !t.title { // which the index does not tell from the text
			b.WriteString("-terms:(" + luceneTerm(t.Term) + ") ")
		}
	}
	if len(asked) == 0 {
		return b.String()
	}
	b.WriteString("+terms:(")
	for i, t := range asked {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(luceneTerm(t))
	}
	b.WriteString(")")
	return b.String()
}

func luceneTerm(t terms.Term) string {
	var forms []string
	for i, form := range t.Forms() {
		if t.Prefix && i == 0 {
			forms = append(forms, escape(form[0])+"*")
			continue
		}
		words := make([]string, len(form))
		for i, w := range form {
			words[i] = escape(w)
		}
		forms = append(forms, `"`+strings.Join(words, " ")+`"`)
	}
	out := forms[0]
	if len(forms) > 1 {
		out = "(" + strings.Join(forms, " ") + ")"
	}
	if times := min(t.Times, maxTimes); times > 1 {
		out += "^" + strconv.Itoa(times)
	}
	return out
}

// escape takes every character's meaning in Lucene's query language. Terms
// hold letters, digits and marks only; this does not count on it.
func escape(word string) string {
	const special = `+-&|!(){}[]^"~*?:\/<>=`
	if !strings.ContainsAny(word, special) {
		return word
	}
	var b strings.Builder
	for _, r := range word {
		if strings.ContainsRune(special, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
