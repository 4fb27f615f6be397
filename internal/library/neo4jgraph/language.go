package neo4jgraph

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

// languagesKept is how long it is believed which languages a library holds. A
// document of a further one, taken in by another process, is found by the words
// as they stand in it until then.
const languagesKept = 20 * time.Second

// languages remembers which languages libraries hold. A library's node has the
// list; one that was there once stays in it.
type languages struct {
	mu sync.Mutex
	of map[string]heldLanguages // by library
}

type heldLanguages struct {
	list []string
	at   time.Time
}

const listLanguages = `UNWIND $libraries AS uid
OPTIONAL MATCH (l:Library {uid: uid})
RETURN uid, coalesce(l.languages, []) AS languages`

// languagesOf gives the languages that libraries hold together, "" among them.
func (g *Graph) languagesOf(ctx context.Context, libraries []string) ([]string, error) {
	out := []string{""}
	missing := g.languages.known(libraries, &out)
	if len(missing) == 0 {
		return out, nil
	}
	rows, err := g.read(ctx, listLanguages, params{"libraries": missing})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		list := stringsOf(get[[]any](r, "languages"))
		g.languages.keep(get[string](r, "uid"), list)
		out = append(out, list...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// known adds the languages of libraries that are remembered and gives the
// other libraries.
func (l *languages) known(libraries []string, out *[]string) (missing []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, uid := range libraries {
		held, ok := l.of[uid]
		if !ok || time.Since(held.at) > languagesKept {
			missing = append(missing, uid)
			continue
		}
		*out = append(*out, held.list...)
	}
	slices.Sort(*out)
	*out = slices.Compact(*out)
	return missing
}

func (l *languages) keep(uid string, list []string) {
	const most = 10_000 // libraries
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil || len(l.of) >= most {
		l.of = map[string]heldLanguages{}
	}
	l.of[uid] = heldLanguages{list, time.Now()}
}

// forget has the next search ask again.
func (l *languages) forget(uid string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.of, uid)
}

// withLanguage adds a language to those that a library's node has.
func withLanguage(held map[string]any, language string) []string {
	out := append(stringsOf(held["languages"]), language)
	slices.Sort(out)
	return slices.Compact(out)
}

const chunkTexts = `MATCH (c:Chunk) WHERE c.uid > $after AND c.uid <= $last
WITH c ORDER BY c.uid LIMIT $limit
RETURN c.uid AS uid, c.heading_path AS headings, c.context AS context, c.text AS text`

// stemmed makes the terms of the chunks that come next again, in a language, by
// their uids.
func (g *Graph) stemmed(ctx context.Context, args params) (map[string]any, error) {
	language, _ := args["language"].(string)
	rows, err := g.read(ctx, chunkTexts, params{"after": args["after"], "last": args["last"], "limit": writeBatch})
	if err != nil {
		return nil, err
	}
	a, ok := g.analyzers.Get().(*terms.Analyzer)
	if !ok {
		a = new(terms.Analyzer)
	}
	defer g.analyzers.Put(a)
	of := make(map[string]any, len(rows))
	for _, r := range rows {
		words := termsOf(a, language, stringsOf(get[[]any](r, "headings")), get[string](r, "context"), get[string](r, "text"))
		of[get[string](r, "uid")] = strings.TrimPrefix(words, titleEnd)
	}
	return of, nil
}

const stemChunks = keepPlan + `UNWIND $uids AS uid MATCH (c:Chunk {uid: uid}) WHERE NOT c:Published
SET c.terms = $titleEnd + $terms[uid]`

// stem makes the staged chunks' terms again where the document's language is
// not the one that they were made by.
func (p *publication) stem(ctx context.Context) error {
	if p.next.Language == "" || p.next.Language == "en" {
		return nil
	}
	args := params{"language": p.next.Language, "after": beforeFirst(p.args["first"]), "last": p.args["last"]}
	for {
		of, err := p.stemmed(ctx, args)
		if err != nil || len(of) == 0 {
			return err
		}
		uids := slices.Sorted(maps.Keys(of))
		if _, err := p.writeOne(ctx, stemChunks, params{"uids": uids, "terms": of, "titleEnd": titleEnd}); err != nil {
			return p.explain(ctx, err)
		}
		if len(of) < writeBatch {
			return nil
		}
		args["after"] = uids[len(uids)-1]
	}
}
