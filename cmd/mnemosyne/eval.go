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

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/gold"
	"git.helu.ca/r/mnemosyne/internal/library/search/eval"
)

var errEvalStopped = errors.New("stopped before the figures were complete; nothing of it is kept")

type evalCmd struct {
	Folder  string   `arg:"" optional:"" type:"existingdir" help:"Where queries.jsonl, qrels.tsv and, without --library, corpus.jsonl are (BEIR's layout). May be left out with --library."`
	Library string   `help:"Ask what is in this library now: uid or name. qrels.tsv then names documents by uid, source, title or file name. Without a folder, the questions that are kept with the library are asked, and the figures are kept with it, too."`
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
	if c.Folder == "" && c.Library == "" {
		return errors.New("name a folder with a gold set, or a library that keeps one with --library")
	}
	if c.Compare && len(c.Against) == 0 {
		c.Against = []string{"space=next"}
	}
	err := p.serve(ctx, func(s *app.Services) error {
		asked, err := c.questions(ctx, s)
		if err != nil {
			return err
		}
		out, err := c.measure(ctx, p, s, asked)
		if err != nil {
			return err
		}
		if c.Folder == "" {
			if err := c.keep(ctx, p, s, out.Ways[0]); err != nil {
				return err
			}
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
	if err != nil && ctx.Err() != nil {
		return errEvalStopped
	}
	return err
}

func (c evalCmd) measure(ctx context.Context, p *program, s *app.Services, asked eval.Collection) (out evaluated, err error) {
	other, err := s.NewVariant(c.Against)
	if err != nil {
		return out, err
	}
	show := progressOn(p.stderr)
	subject, err := c.subject(ctx, s, asked, app.Variant{}, show)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, subject.Close()) }()
	out = evaluated{Collection: asked.Name, Documents: len(asked.Documents), Questions: len(asked.Queries)}
	for _, way := range [][]string{nil, {"legs=fulltext"}, {"legs=vector"}} {
		v, err := s.NewVariant(way)
		if err != nil {
			return out, err
		}
		if err := out.ask(ctx, subject, asked, v, show); err != nil {
			return out, err
		}
	}
	if len(c.Against) == 0 {
		return out, nil
	}
	rival := subject
	if other.OtherSpace() && c.Library == "" {
		if rival, err = c.subject(ctx, s, asked, other, show); err != nil {
			return out, err
		}
		defer func() { err = errors.Join(err, rival.Close()) }()
	}
	if err := out.ask(ctx, rival, asked, other, show); err != nil {
		return out, err
	}
	out.compare()
	return out, nil
}

// questions reads the folder or, where none is named, what is kept with the
// library.
func (c evalCmd) questions(ctx context.Context, s *app.Services) (eval.Collection, error) {
	switch {
	case c.Library == "":
		return eval.Load(c.Folder)
	case c.Folder != "":
		return eval.LoadQuestions(c.Folder)
	}
	by, l, err := c.library(ctx, s)
	if err != nil {
		return eval.Collection{}, err
	}
	kept, err := s.Gold.Questions(ctx, by, l.UID)
	if err != nil {
		return eval.Collection{}, err
	}
	asked := gold.Collection(l.Name, kept)
	if len(asked.Queries) == 0 {
		return asked, fmt.Errorf("the library %q keeps no question with a relevant passage: mark hits on the search page, or name a folder with a gold set", l.Name)
	}
	return asked, nil
}

func (c evalCmd) library(ctx context.Context, s *app.Services) (accounts.Principal, library.Library, error) {
	by, err := s.ActorFor(ctx, c.User)
	if err != nil {
		return accounts.Principal{}, library.Library{}, err
	}
	l, err := s.OneLibrary(ctx, by.Principal, c.Library)
	return by.Principal, l, err
}

// keep stores the figures with the library, for whoever may change it.
func (c evalCmd) keep(ctx context.Context, p *program, s *app.Services, m measured) error {
	by, l, err := c.library(ctx, s)
	if err != nil {
		return err
	}
	if m.Degraded > 0 {
		fmt.Fprintln(p.stderr, "As a part of the search did not answer, the figures were not kept with the library.")
		return nil
	}
	if _, _, err := s.Access.Write(ctx, by, l.UID); errs.Is(err, errs.Forbidden) {
		fmt.Fprintf(p.stderr, "%s may not change this library, so the figures were not kept with it.\n", by.Username)
		return nil
	} else if err != nil {
		return err
	}
	return s.Gold.Keep(ctx, l.UID, gold.Run{
		Settings: s.Gold.Describe(l.Space, ""), Questions: len(m.each), NDCG: m.NDCG10, Recall: m.Recall100, MRR: m.MRR10, P50: m.P50, P95: m.P95,
	})
}

func (c evalCmd) subject(ctx context.Context, s *app.Services, asked eval.Collection, v app.Variant, show func(what string, done, total int)) (*app.Subject, error) {
	if c.Library == "" {
		return s.FolderSubject(ctx, asked, v, func(done, total int) { show("taking in", done, total) })
	}
	by, l, err := c.library(ctx, s)
	if err != nil {
		return nil, err
	}
	return s.LibrarySubject(by, l), nil
}

func (e *evaluated) ask(ctx context.Context, subject *app.Subject, asked eval.Collection, v app.Variant, show func(what string, done, total int)) error {
	name := v.Name
	if name == "" {
		name = "settings"
	}
	run, err := subject.Ask(ctx, asked, v, func(done int) { show(name, done, len(asked.Queries)) })
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
