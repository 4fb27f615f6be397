package llmmanager_test

import (
	"strings"
	"sync"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func (f *fixture) byDefault(use embedding.Use) string {
	f.t.Helper()
	c, err := f.Default(f.t.Context(), use)
	f.check(err)
	if c == nil {
		return ""
	}
	return c.Model.Name
}

func TestEachUseHasOneDefault(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		p := f.provider("Nyx")
		a, b, chat := f.model(p, embedding.UseRerank, "a"), f.model(p, embedding.UseRerank, "b"), f.model(p, embedding.UseChat, "a")
		for _, m := range []llmmanager.Model{a, chat, b, b} {
			_, err := f.SetDefault(t.Context(), accounts.Operator(), m.ID)
			f.check(err)
		}
		if f.byDefault(embedding.UseRerank) != "b" || f.byDefault(embedding.UseChat) != "a" || f.byDefault(embedding.UseEmbedding) != "" {
			t.Errorf("the defaults are %q, %q, %q", f.byDefault(embedding.UseRerank), f.byDefault(embedding.UseChat), f.byDefault(embedding.UseEmbedding))
		}
		f.check(f.ClearDefault(t.Context(), accounts.Operator(), embedding.UseRerank))
		f.check(f.Delete(t.Context(), accounts.Operator(), p.ID))
		if f.byDefault(embedding.UseRerank)+f.byDefault(embedding.UseChat) != "" {
			t.Error("a default outlives its provider")
		}
	})
}

func TestTwoWhoChooseADefaultAtOnceLeaveOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		p := f.provider("Nyx")
		models := []llmmanager.Model{f.model(p, embedding.UseChat, "a"), f.model(p, embedding.UseChat, "b")}
		var group sync.WaitGroup
		for i := range 12 {
			group.Go(func() {
				if _, err := f.SetDefault(t.Context(), accounts.Operator(), models[i%2].ID); err != nil && !errs.Is(err, errs.Conflict) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if f.byDefault(embedding.UseChat) == "" {
			t.Error("no default is left")
		}
	})
}

func TestAModelForEmbeddingsIsTestedBeforeItIsTheDefault(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		m := f.model(f.provider("Nyx"), embedding.UseEmbedding, "e")
		f.trials.err = errs.New(errs.Unavailable, "nothing listens there")
		if _, err := f.SetDefault(t.Context(), accounts.Operator(), m.ID); !errs.Is(err, errs.Unavailable) || f.byDefault(embedding.UseEmbedding) != "" {
			t.Errorf("a model that does not answer: %v", err)
		}
		f.trials.err = nil
		_, err := f.SetDefault(t.Context(), accounts.Operator(), m.ID)
		f.check(err)
		if m, _, err = f.Model(t.Context(), m.ID); err != nil || m.Space != "e/8" || !m.Default {
			t.Errorf("the model is %+v, %v", m, err)
		}
	})
}

func TestAModelThatLibrariesNeedIsNotTakenAway(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		p := f.provider("Nyx")
		m := f.model(p, embedding.UseEmbedding, "e")
		_, err := f.Test(t.Context(), m.ID)
		f.check(err)
		f.used = llmmanager.Spaces{Named: []string{"e/8"}}
		off := spec("Nyx")
		off.Active = false
		_, updated := f.Update(t.Context(), accounts.Operator(), p.ID, off)
		for what, err := range map[string]error{
			"model":    f.RemoveModel(t.Context(), accounts.Operator(), m.ID),
			"provider": f.Delete(t.Context(), accounts.Operator(), p.ID),
			"switch":   updated,
		} {
			if !errs.Is(err, errs.Conflict) || !strings.Contains(fault(err, ""), "reembed") {
				t.Errorf("%s: %v", what, err)
			}
		}
		f.trials.dimensions = 16
		if _, err := f.Test(t.Context(), m.ID); !errs.Is(err, errs.Conflict) {
			t.Errorf("another model under the same name: %v", err)
		}
		other := f.model(f.provider("Selene"), embedding.UseEmbedding, "e")
		f.trials.dimensions = 8
		_, err = f.Test(t.Context(), other.ID)
		f.check(err)
		f.check(f.RemoveModel(t.Context(), accounts.Operator(), m.ID)) // the other one serves it, too
	})
}

func TestModelsAreRefusedByTheirFields(t *testing.T) {
	t.Parallel()
	f := open(t, sqldbtest.SQLite(t))
	p := f.provider("Nyx")
	f.model(p, embedding.UseEmbedding, "e")
	tei := spec("Local")
	tei.API = llmmanager.TEI
	local, err := f.Add(t.Context(), accounts.Operator(), tei)
	f.check(err)
	for _, wrong := range []struct {
		of    string
		field string
		spec  llmmanager.ModelSpec
	}{
		{p.ID, "name", llmmanager.ModelSpec{Use: embedding.UseEmbedding}},
		{p.ID, "name", llmmanager.ModelSpec{Use: embedding.UseEmbedding, Name: "e"}},
		{p.ID, "use", llmmanager.ModelSpec{Use: "dream", Name: "x"}},
		{local.ID, "use", llmmanager.ModelSpec{Use: embedding.UseChat, Name: "x"}},
		{p.ID, "dimensions", llmmanager.ModelSpec{Use: embedding.UseEmbedding, Name: "x", Dimensions: 9000}},
		{p.ID, "max_tokens", llmmanager.ModelSpec{Use: embedding.UseEmbedding, Name: "x", MaxTokens: 3}},
		{p.ID, "query_prompt", llmmanager.ModelSpec{Use: embedding.UseEmbedding, Name: "x", QueryPrompt: "query:"}},
	} {
		if _, err := f.AddModel(t.Context(), accounts.Operator(), wrong.of, wrong.spec); fault(err, wrong.field) == "" {
			t.Errorf("%s of %+v: %v", wrong.field, wrong.spec, err)
		}
	}
	if _, err := f.AddModel(t.Context(), accounts.Operator(), "none", llmmanager.ModelSpec{Use: embedding.UseChat, Name: "x"}); !errs.Is(err, errs.NotFound) {
		t.Errorf("of no provider: %v", err)
	}
	tei.API, tei.Key = llmmanager.OpenAI, ""
	f.model(local, embedding.UseRerank, "r")
	if _, err := f.Update(t.Context(), accounts.Operator(), local.ID, tei); fault(err, "api") == "" {
		t.Errorf("another interface below models: %v", err)
	}
}

func TestWhatTheIndexIsInStaysAndTheDefaultIsWhereItMoves(t *testing.T) {
	t.Parallel()
	f := open(t, sqldbtest.SQLite(t))
	p := f.provider("Nyx")
	old, later := f.model(p, embedding.UseEmbedding, "old"), f.model(p, embedding.UseEmbedding, "new")
	for _, m := range []llmmanager.Model{old, later} {
		_, err := f.Test(t.Context(), m.ID)
		f.check(err)
	}
	type choice struct{ main, next, left string }
	choose := func(unnamed, named []string) choice {
		t.Helper()
		f.used = llmmanager.Spaces{Unnamed: unnamed, Named: named}
		got, err := f.Embedders(t.Context())
		f.check(err)
		name := func(c *llmmanager.Chosen) string {
			switch {
			case c == nil:
				return ""
			case c.Err != nil:
				return c.Model.Name + " cannot be asked"
			}
			return c.Model.Name
		}
		return choice{name(got.Main), name(got.Next), name(got.Left)}
	}
	expect := func(what string, got, want choice) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	expect("no default, nothing embedded", choose(nil, nil), choice{})
	expect("no default, embedded by one of these", choose([]string{"old/8"}, nil), choice{main: "old"})
	_, err := f.SetDefault(t.Context(), accounts.Operator(), later.ID)
	f.check(err)
	expect("nothing embedded", choose(nil, nil), choice{main: "new"})
	expect("embedded in process", choose([]string{inProcess}, nil), choice{next: "new"})
	expect("on the way", choose([]string{inProcess}, []string{inProcess, "new/8"}), choice{next: "new"})
	expect("moved", choose(nil, []string{"new/8"}), choice{main: "new"})
	expect("moved, and a new library was begun in process", choose([]string{inProcess}, []string{"new/8"}), choice{next: "new"})
	expect("embedded by another of these", choose([]string{"old/8"}, []string{"new/8"}), choice{main: "old", next: "new"})
	expect("embedded by nobody knows what", choose([]string{"lost/3"}, nil), choice{next: "new"})

	off := spec("Nyx")
	off.Key, off.Active = "", false
	f.used = llmmanager.Spaces{}
	_, err = f.Update(t.Context(), accounts.Operator(), p.ID, off)
	f.check(err)
	expect("off, nothing embedded", choose(nil, nil), choice{left: "new cannot be asked"})
	expect("off, embedded in process", choose([]string{inProcess}, nil), choice{left: "new cannot be asked"})
	expect("off, and needed", choose(nil, []string{"new/8"}), choice{main: "new cannot be asked"})
}
