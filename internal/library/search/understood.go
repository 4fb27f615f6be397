package search

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search/query"
)

// Understood is what was made of a query.
type Understood struct {
	Words     []string // looked for, as they are spelled now
	Begins    []string // what words begin with
	Phrases   []string // that every hit says
	Without   []string // words and phrases that none says
	Title     []string // that the title says
	NotTitle  []string // that it does not
	File      string   // as the filters of the same names
	Type      string
	Language  string
	Corrected []Correction // words that stand nowhere, and what was looked for in their place
	Ignored   []string     // parts that look like signs and mean nothing
}

// Correction is a word that was taken for a slip of the fingers.
type Correction struct{ From, To string }

// mostUnderstood is how many words are told of a query.
const mostUnderstood = 50

// understand reads the query of a request: what it looks for goes to the
// question, what it narrows to the request's filters.
func understand(q *question, r *Request) error {
	read := query.Parse(q.typed)
	q.read, q.text, q.words = read, read.Text, read.Text
	q.understood = Understood{
		Words: read.Words(mostUnderstood), Begins: read.Begins, Phrases: read.Phrases, Without: read.Without,
		Title: read.Titles, NotTitle: read.NoTitles, File: read.File, Type: read.Type, Language: read.Language, Ignored: read.Ignored,
	}
	q.understood.Words = slices.DeleteFunc(q.understood.Words, func(w string) bool { return slices.Contains(read.Begins, w) })
	if read.Empty() {
		return errs.Field("query", "This says only what to leave out or where to look. Type a word to look for, too.")
	}
	for _, f := range []struct {
		sign, field, value string
		into               *string
	}{
		{"file", "file", read.File, &r.Filters.File},
		{"type", "content_type", read.Type, &r.Filters.ContentType},
		{"lang", "language", read.Language, &r.Filters.Language},
	} {
		switch {
		case f.value == "":
		case *f.into != "" && !strings.EqualFold(*f.into, f.value):
			return errs.Field("query", fmt.Sprintf("The query says %s:%s and the filter %s is %s. Leave one of them out.", f.sign, f.value, f.field, *f.into))
		default:
			*f.into = f.value
		}
	}
	clauses := func(texts []string, title bool) (out []library.Clause) {
		for _, t := range texts {
			out = append(out, library.Clause{Text: t, Title: title})
		}
		return out
	}
	q.filter.Must = append(clauses(read.Phrases, false), clauses(read.Titles, true)...)
	q.filter.Not = append(clauses(read.Without, false), clauses(read.NoTitles, true)...)
	q.exact = r.Exact
	return nil
}

// spellingTime is what a look at the spelling may cost.
const spellingTime = time.Second

// spell looks for words that stand nowhere in the libraries asked, and takes
// what is most like them in their place. Where it fails or is late, the words
// stay as they are.
func (e *Engine) spell(ctx context.Context, q *question) {
	doubtful := q.read.Doubtful()
	if q.exact || len(doubtful) == 0 || len(q.uids) == 0 {
		return
	}
	timed, cancel := context.WithTimeout(ctx, spellingTime)
	defer cancel()
	better, err := e.opt.Graph.Spell(timed, q.uids, doubtful)
	if err != nil && ctx.Err() == nil {
		e.opt.Log.WarnContext(ctx, "the spelling of a query was not looked at", slog.Any("error", err))
	}
	if len(better) == 0 {
		return
	}
	var corrected, exact []string
	for word := range strings.FieldsSeq(q.text) {
		from := strings.TrimFunc(word, notLetter)
		to, ok := better[from]
		if !ok {
			corrected, exact = append(corrected, word), append(exact, word)
			continue
		}
		corrected = append(corrected, strings.Replace(word, from, to, 1))
		if c := (Correction{From: from, To: to}); !slices.Contains(q.understood.Corrected, c) {
			q.understood.Corrected = append(q.understood.Corrected, c)
		}
	}
	for i, w := range q.understood.Words {
		if to, ok := better[w]; ok {
			q.understood.Words[i] = to
		}
	}
	q.text = strings.Join(corrected, " ")
	// A word that was typed counts twice what a guess does.
	q.words = q.text + " " + strings.Join(exact, " ")
}

func notLetter(r rune) bool { return !query.Letter(r) }
