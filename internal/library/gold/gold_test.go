package gold_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/gold"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// finds answers every question with the same documents.
type finds struct {
	items    []string
	degraded bool
}

func (f *finds) Search(context.Context, accounts.Principal, search.Request) (search.Result, error) {
	r := search.Result{Degraded: f.degraded}
	for _, item := range f.items {
		r.Hits = append(r.Hits, search.Hit{ItemUID: item})
	}
	return r, nil
}

type world struct {
	t          *testing.T
	db         *sqldb.DB
	gold       *gold.Service
	finds      *finds
	ann, bob   accounts.Principal // bob is a reader
	library    string
	owls, bees string // documents
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := sqldb.Exec(w.t.Context(), w.db.Write(), query, args...); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	access := library.NewAccess(db, library.AccessOptions{})
	w := &world{t: t, db: db, finds: &finds{}}
	w.ann, w.bob = w.user("ann"), w.user("bob")
	libraries := library.NewService(db, access, nil, slog.New(slog.DiscardHandler))
	w.library = w.shelf(libraries, "Papers")
	_, err := libraries.PutMember(t.Context(), w.ann, w.library, "bob", library.RoleReader)
	w.check(err)
	w.owls, w.bees = w.item(w.library, "Owls"), w.item(w.library, "Bees")
	w.gold = gold.New(gold.Options{DB: db, Access: access, Search: w.finds, Settings: "adaptive"})
	return w
}

func (w *world) shelf(libraries *library.Service, name string) string {
	w.t.Helper()
	g, err := libraries.Create(w.t.Context(), w.ann, library.NewLibrary{Name: name})
	w.check(err)
	return g.Library.UID
}

func (w *world) user(name string) accounts.Principal {
	w.t.Helper()
	id := uuid.NewString()
	w.exec(`INSERT INTO auth_user (id, username, username_key, created_at, updated_at) VALUES ($1, $2, $2, $3, $3)`, id, name, sqldb.At(time.Now()))
	return accounts.Principal{UserID: id, Username: name, Scope: accounts.Scope{Kind: accounts.ScopeUser}}
}

func (w *world) item(libraryUID, title string) string {
	w.t.Helper()
	uid := uuid.NewString()
	w.exec(`INSERT INTO item (uid, library_uid, filename, title, status, created_at, updated_at) VALUES ($1, $2, $3, $3, 'ready', $4, $4)`,
		uid, libraryUID, title, sqldb.At(time.Now()))
	return uid
}

func (w *world) mark(question, item string, start, grade int) gold.Mark {
	return gold.Mark{LibraryUID: w.library, ItemUID: item, Question: question, Start: start, End: start + 10, Quote: "It  says", Grade: grade}
}

// kept tells what is kept as ann sees it.
func (w *world) kept() string {
	w.t.Helper()
	found, err := w.gold.Questions(w.t.Context(), w.ann, w.library)
	w.check(err)
	var b strings.Builder
	for _, q := range found {
		fmt.Fprintf(&b, "%s:", q.Text)
		for _, j := range q.Judgements {
			fmt.Fprintf(&b, " %s@%d=%d %q", j.Title, j.Start, j.Grade, j.Quote)
		}
		b.WriteString("; ")
	}
	return b.String()
}

func TestAQuestionIsOneHoweverItIsSpelt(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		for _, m := range []gold.Mark{
			w.mark(" Do owls\n hear? ", w.owls, 0, gold.NotRelevant), w.mark("do OWLS hear?", w.owls, 0, gold.Relevant), w.mark("do owls hear?", w.bees, 5, gold.NotRelevant),
		} {
			w.check(w.gold.Judge(t.Context(), w.ann, m))
		}
		if got, want := w.kept(), `Do owls hear?: Owls@0=1 "It says" Bees@5=0 "It says"; `; got != want {
			t.Errorf("kept is %s\nwant %s", got, want)
		}
		w.check(w.gold.Drop(t.Context(), w.ann, w.library, gold.QuestionID("do owls hear?"), w.owls, 0))
		if got, want := w.kept(), `do owls hear?: Bees@5=0 "It says"; `; got != want {
			t.Errorf("kept is %s\nwant %s", got, want)
		}
		w.check(w.gold.DropQuestion(t.Context(), w.ann, w.library, gold.QuestionID("do owls hear?")))
		if got := w.kept(); got != "" {
			t.Errorf("kept is %s", got)
		}
	})
}

func TestReadersSeeJudgementsAndMakeNone(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx, m := t.Context(), w.mark("owls", w.owls, 0, gold.Relevant)
		w.check(w.gold.Judge(ctx, w.ann, m))
		eve := w.user("eve")
		for name, do := range map[string]func(p accounts.Principal) error{
			"judge": func(p accounts.Principal) error { return w.gold.Judge(ctx, p, m) },
			"drop": func(p accounts.Principal) error {
				return w.gold.Drop(ctx, p, w.library, gold.QuestionID("owls"), w.owls, 0)
			},
			"drop question": func(p accounts.Principal) error {
				return w.gold.DropQuestion(ctx, p, w.library, gold.QuestionID("owls"))
			},
			"measure": func(p accounts.Principal) error { _, err := w.gold.Measure(ctx, p, w.library); return err },
		} {
			if err := do(w.bob); !errs.Is(err, errs.Forbidden) {
				t.Errorf("%s by a reader: %v", name, err)
			}
			if err := do(eve); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s by a stranger: %v", name, err)
			}
		}
		if seen, err := w.gold.Questions(ctx, w.bob, w.library); err != nil || len(seen) != 1 {
			t.Errorf("a reader sees %v, %v", seen, err)
		}
		if _, err := w.gold.Questions(ctx, eve, w.library); !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger: %v", err)
		}
		if _, err := w.gold.Runs(ctx, eve, w.library, 1); !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger's figures: %v", err)
		}
	})
}

func TestAJudgementNamesAPassageOfItsLibrary(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		other := w.item(w.shelf(library.NewService(db, library.NewAccess(db, library.AccessOptions{}), nil, slog.New(slog.DiscardHandler)), "Other"), "Stray")
		for name, c := range map[string]struct {
			mark gold.Mark
			want errs.Kind
		}{
			"another library's document": {w.mark("q", other, 0, 1), errs.NotFound},
			"no question":                {w.mark(" \n", w.owls, 0, 1), errs.Invalid},
			"a long question":            {w.mark(strings.Repeat("é", 2001), w.owls, 0, 1), errs.Invalid},
			"a grade that is none":       {w.mark("q", w.owls, 0, 3), errs.Invalid},
			"a place before the text":    {w.mark("q", w.owls, -1, 1), errs.Invalid},
		} {
			if err := w.gold.Judge(t.Context(), w.ann, c.mark); !errs.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.check(w.gold.Judge(t.Context(), w.ann, w.mark(strings.Repeat("é", 2000), w.owls, 0, 1)))
	})
}

func TestAMeasurementIsKeptUnlessAPartOfTheSearchWasMissing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		if _, err := w.gold.Measure(ctx, w.ann, w.library); !errs.Is(err, errs.Conflict) {
			t.Errorf("without a question: %v", err)
		}
		w.check(w.gold.Judge(ctx, w.ann, w.mark("owls", w.owls, 0, gold.Relevant)))
		w.check(w.gold.Judge(ctx, w.ann, w.mark("owls", w.owls, 20, gold.NotRelevant)))
		w.check(w.gold.Judge(ctx, w.ann, w.mark("nothing", w.bees, 0, gold.NotRelevant))) // nothing to find
		w.finds.items = []string{w.bees, w.owls}
		run, err := w.gold.Measure(ctx, w.ann, w.library)
		if err != nil || run.Questions != 1 || run.MRR != .5 || run.Recall != 1 {
			t.Errorf("%+v, %v", run, err)
		}
		w.finds.degraded = true
		if _, err := w.gold.Measure(ctx, w.ann, w.library); !errs.Is(err, errs.Conflict) {
			t.Errorf("degraded: %v", err)
		}
		runs, err := w.gold.Runs(ctx, w.bob, w.library, 10)
		if err != nil || len(runs) != 1 || runs[0].MRR != .5 || runs[0].Settings != "adaptive" {
			t.Errorf("%+v, %v", runs, err)
		}
	})
}

func TestWhatIsKeptGoesWithItsDocumentAndItsLibrary(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		for _, item := range []string{w.owls, w.bees} {
			w.check(w.gold.Judge(t.Context(), w.ann, w.mark("q", item, 0, 1)))
		}
		w.check(w.gold.Keep(t.Context(), w.library, gold.Run{Questions: 1}))
		w.exec(`UPDATE item SET deleted_at = $2 WHERE uid = $1`, w.bees, sqldb.At(time.Now()))
		if got, want := w.kept(), `q: Owls@0=1 "It says"; `; got != want {
			t.Errorf("of a deleted document is kept %s", got)
		}
		w.exec(`DELETE FROM item WHERE library_uid = $1`, w.library)
		w.exec(`DELETE FROM library WHERE uid = $1`, w.library)
		if dump := sqldbtest.Dump(t, db); strings.Contains(dump, "gold_judgement") || strings.Contains(dump, "eval_run") {
			t.Errorf("left behind: %s", dump)
		}
	})
}

func TestTheDownloadIsACollectionInTheLayoutOfBEIR(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := gold.WriteBEIR(&out, []gold.Question{{ID: "q1", Text: `who says "a < b"?`, Judgements: []gold.Judgement{{ItemUID: "x"}, {ItemUID: "y", Grade: 1}, {ItemUID: "x", Grade: 2}}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"queries.jsonl": `{"_id":"q1","text":"who says \"a < b\"?"}` + "\n",
		"qrels.tsv":     "query-id\tcorpus-id\tscore\nq1\tx\t2\nq1\ty\t1\n",
	} {
		f, err := r.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(f); err != nil || string(text) != want {
			t.Errorf("%s holds %q, %v", name, text, err)
		}
	}
}
