package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/library/search/eval"
)

type evalCmd struct {
	Folder  string   `arg:"" type:"existingdir" help:"Where queries.jsonl, qrels.tsv and, without --library, corpus.jsonl are (BEIR's layout)."`
	Library string   `help:"Ask what is in this library now: uid or name. qrels.tsv then names documents by uid, source, title or file name."`
	User    string   `help:"As whom the library is searched; needed where there are several people."`
	Compare bool     `help:"Compare with another way of searching: --against, or the embedder of EMBEDDING_NEXT_*."`
	Against []string `sep:"none" placeholder:"NAME=VALUE" help:"What is different there: fusion=adaptive|weighted|rrf, alpha=.3, rerank=off, legs=vector|fulltext, space=next. May be repeated."`
	JSON    bool     `name:"json" help:"The figures as JSON."`
}

// Help tells more than the list of commands does.
func (evalCmd) Help() string {
	return "A folder's documents are taken into a library of their own, which is removed again. " +
		"Ends with 1 when the other way of searching is significantly worse. docs/quality.md tells what the figures mean."
}

// measured is what is said of one way of searching.
type measured struct {
	Name      string  `json:"name"`
	NDCG10    float64 `json:"ndcg_at_10"`
	Recall100 float64 `json:"recall_at_100"`
	MRR10     float64 `json:"mrr_at_10"`
	P50       float64 `json:"p50_ms"`
	P95       float64 `json:"p95_ms"`
	Degraded  int     `json:"degraded"`

	each []eval.Quality
}

type compared struct {
	First      string  `json:"first"`
	Second     string  `json:"second"`
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	P          float64 `json:"p"`
	Seed       uint64  `json:"seed"`
	Worse      bool    `json:"significantly_worse"`
}

type evaluated struct {
	Collection string     `json:"collection"`
	Documents  int        `json:"documents,omitempty"`
	Questions  int        `json:"questions"`
	Ways       []measured `json:"ways"`
	Comparison *compared  `json:"comparison,omitempty"`
}

// Run measures and prints.
func (c evalCmd) Run(ctx context.Context, p *program) error {
	load := eval.Load
	if c.Library != "" {
		load = eval.LoadQuestions
	}
	gold, err := load(c.Folder)
	if err != nil {
		return err
	}
	if c.Compare && len(c.Against) == 0 {
		c.Against = []string{"space=next"}
	}
	return p.serve(ctx, func(s *app.Services) error {
		out, err := c.measure(ctx, p, s, gold)
		if err != nil {
			return err
		}
		if c.JSON {
			err = p.printJSON(out)
		} else {
			err = p.printEvaluated(out)
		}
		if err == nil && out.Comparison != nil && out.Comparison.Worse {
			return exit(exitFailed)
		}
		return err
	})
}

func (c evalCmd) measure(ctx context.Context, p *program, s *app.Services, gold eval.Collection) (out evaluated, err error) {
	other, err := s.NewVariant(c.Against)
	if err != nil {
		return out, err
	}
	show := progressOn(p.stderr)
	subject, err := c.subject(ctx, s, gold, app.Variant{}, show)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, subject.Close()) }()
	out = evaluated{Collection: gold.Name, Documents: len(gold.Documents), Questions: len(gold.Queries)}
	for _, way := range [][]string{nil, {"legs=fulltext"}, {"legs=vector"}} {
		v, err := s.NewVariant(way)
		if err != nil {
			return out, err
		}
		if err := out.ask(ctx, subject, gold, v, show); err != nil {
			return out, err
		}
	}
	if len(c.Against) == 0 {
		return out, nil
	}
	rival := subject
	if other.OtherSpace() && c.Library == "" {
		if rival, err = c.subject(ctx, s, gold, other, show); err != nil {
			return out, err
		}
		defer func() { err = errors.Join(err, rival.Close()) }()
	}
	if err := out.ask(ctx, rival, gold, other, show); err != nil {
		return out, err
	}
	out.compare()
	return out, nil
}

func (c evalCmd) subject(ctx context.Context, s *app.Services, gold eval.Collection, v app.Variant, show func(what string, done, total int)) (*app.Subject, error) {
	if c.Library == "" {
		return s.FolderSubject(ctx, gold, v, func(done, total int) { show("taking in", done, total) })
	}
	by, err := s.ActorFor(ctx, c.User)
	if err != nil {
		return nil, err
	}
	l, err := s.OneLibrary(ctx, by.Principal, c.Library)
	if err != nil {
		return nil, err
	}
	return s.LibrarySubject(by.Principal, l), nil
}

func (e *evaluated) ask(ctx context.Context, subject *app.Subject, gold eval.Collection, v app.Variant, show func(what string, done, total int)) error {
	name := v.Name
	if name == "" {
		name = "settings"
	}
	run, err := subject.Ask(ctx, gold, v, func(done int) { show(name, done, len(gold.Queries)) })
	if err != nil {
		return err
	}
	const ms = 1e6
	e.Ways = append(e.Ways, measured{
		Name: name, NDCG10: run.Mean.NDCG10, Recall100: run.Mean.Recall100, MRR10: run.Mean.MRR10,
		P50: float64(run.Times.P50) / ms, P95: float64(run.Times.P95) / ms, Degraded: run.Degraded, each: run.Each,
	})
	return nil
}

// compare sets the last way beside the first.
func (e *evaluated) compare() {
	first, second := e.Ways[0], e.Ways[len(e.Ways)-1]
	c := eval.Compare(first.each, second.each, eval.Seed)
	e.Comparison = &compared{
		First: first.Name, Second: second.Name, Difference: c.Difference, Low: c.Low, High: c.High, P: c.P, Seed: c.Seed, Worse: c.Worse(),
	}
}

func (p *program) printEvaluated(e evaluated) error {
	rows := [][]string{{"", "nDCG@10", "recall@100", "MRR@10", "p50 ms", "p95 ms"}}
	three := func(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }
	for _, w := range e.Ways {
		rows = append(rows, []string{w.Name, three(w.NDCG10), three(w.Recall100), three(w.MRR10), fmt.Sprintf("%.1f", w.P50), fmt.Sprintf("%.1f", w.P95)})
	}
	fmt.Fprintf(p.stdout, "%s: %d questions\n", e.Collection, e.Questions)
	if err := p.printTable(rows); err != nil {
		return err
	}
	for _, w := range e.Ways {
		if w.Degraded > 0 {
			fmt.Fprintf(p.stderr, "%s: a part of the search did not answer %d of the questions; the figures are too low.\n", w.Name, w.Degraded)
		}
	}
	if c := e.Comparison; c != nil {
		fmt.Fprintf(p.stdout, "%s against %s: nDCG@10 %+.3f (95 %% between %+.3f and %+.3f), p = %.4f by paired randomisation, seed %d: %s\n",
			c.Second, c.First, c.Difference, c.Low, c.High, c.P, c.Seed, verdict(*c))
	}
	return nil
}

func verdict(c compared) string {
	switch {
	case c.P >= eval.Significant:
		return "no difference that could not be chance."
	case c.Difference < 0:
		return "worse."
	default:
		return "better."
	}
}

// progressOn shows how far the work is, on a terminal.
func progressOn(w io.Writer) func(what string, done, total int) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func(string, int, int) {}
	}
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(f), progressbar.OptionShowCount(), progressbar.OptionSetWidth(24), progressbar.OptionClearOnFinish())
	return func(what string, done, total int) {
		bar.Describe(what)
		bar.ChangeMax(total)
		_ = bar.Set(done) // a bar that cannot be drawn takes nothing from the figures
	}
}
