package app_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote/remotetest"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
	"git.helu.ca/r/mnemosyne/internal/settings"
)

const (
	fernetKey = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
	otherKey  = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

func programOf(t *testing.T, variables map[string]string) app.Program {
	t.Helper()
	s, err := settings.Load(func(name string) (string, bool) { v, ok := variables[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	return app.Program{Settings: s, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()}
}

// started gives the services as a process has them after its start.
func started(t *testing.T, variables map[string]string, use func(s *app.Services)) {
	t.Helper()
	s, err := app.OpenServices(t.Context(), programOf(t, variables))
	if err != nil {
		t.Fatal(err)
	}
	use(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// withDefaults makes a provider's models the defaults, and gives the variables
// of its store.
func withDefaults(t *testing.T, server *remotetest.Server) map[string]string {
	t.Helper()
	variables := map[string]string{"MNEMOSYNE_DATA_DIR": t.TempDir(), "LLM_API_SECRETS_ENCRYPTION_KEY": fernetKey}
	started(t, variables, func(s *app.Services) {
		p, err := s.Providers.Add(t.Context(), accounts.Operator(), llmmanager.ProviderSpec{
			Name: "Nyx", API: llmmanager.OpenAI, BaseURL: server.URL, Key: "sk-1", Active: true,
		})
		for _, use := range []embedding.Use{embedding.UseEmbedding, embedding.UseRerank} {
			var m llmmanager.Model
			if err == nil {
				m, err = s.Providers.AddModel(t.Context(), accounts.Operator(), p.ID, llmmanager.ModelSpec{Use: use, Name: remotetest.Model})
			}
			if err == nil {
				_, err = s.Providers.SetDefault(t.Context(), accounts.Operator(), m.ID)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	return variables
}

func spaceOf(t *testing.T, e embedding.Embedder) string {
	t.Helper()
	if e == nil {
		return "none"
	}
	space, err := embedding.KnownSpace(t.Context(), e)
	if err != nil {
		return err.Error()
	}
	return space.ID()
}

func TestADefaultModelEmbedsFromTheNextStartOnWhereNothingIsEmbedded(t *testing.T) {
	t.Parallel()
	server := remotetest.New(t, remotetest.Behaviour{Dimensions: 24, Key: "sk-1"})
	variables := withDefaults(t, server)
	started(t, variables, func(s *app.Services) {
		if got := spaceOf(t, s.Embedder); got != remotetest.Model+"/24" {
			t.Errorf("the embedder is in %s", got)
		}
		if s.Reranker == nil || s.NextEmbedder != nil {
			t.Errorf("the reranker is %v, the next embedder %v", s.Reranker, s.NextEmbedder)
		}
	})
	variables["EMBEDDING_BASE_URL"], variables["EMBEDDING_MODEL"], variables["EMBEDDING_API_KEY"] = server.URL, remotetest.Model, "sk-1"
	variables["EMBEDDING_DIMENSIONS"], variables["RERANKER_BASE_URL"], variables["RERANKER_MODEL"] = "12", "http://127.0.0.1:1", "env"
	started(t, variables, func(s *app.Services) {
		if got := spaceOf(t, s.Embedder); got != remotetest.Model+"/12" || s.Reranker.Model() != "env" {
			t.Errorf("with settings the embedder is in %s, the reranker %s", got, s.Reranker.Model())
		}
	})
}

const moved = `INSERT INTO library (uid, name, library_type, embedding_space, created_at, updated_at) VALUES ($1, $1, 'technical', $2, '2026-05-01T12:00:00Z', '2026-05-01T12:00:00Z')`

func moveLibrary(ctx context.Context, s *app.Services, uid, space string) error {
	_, err := s.DB.Write().ExecContext(ctx, moved, uid, space)
	return err
}

func TestADefaultModelIsWhereLibrariesMoveOnceSomethingIsEmbedded(t *testing.T) {
	t.Parallel()
	server := remotetest.New(t, remotetest.Behaviour{Dimensions: 24, Key: "sk-1"})
	variables := withDefaults(t, server)
	started(t, variables, func(s *app.Services) {
		if err := moveLibrary(t.Context(), s, "first", "all-MiniLM-L6-v2/384"); err != nil {
			t.Fatal(err)
		}
	})
	started(t, variables, func(s *app.Services) {
		if main, next := spaceOf(t, s.Embedder), spaceOf(t, s.NextEmbedder); main != "all-MiniLM-L6-v2/384" || next != remotetest.Model+"/24" {
			t.Errorf("main is %s, next %s", main, next)
		}
		if got := s.Rebuild.Target().Space().ID(); got != remotetest.Model+"/24" {
			t.Errorf("reembed moves to %s", got)
		}
	})
}

func TestAProviderThatCannotBeAskedBreaksNoStartAndSaysSo(t *testing.T) {
	t.Parallel()
	server := remotetest.New(t, remotetest.Behaviour{Dimensions: 24, Key: "sk-1"})
	variables := withDefaults(t, server)
	locked := map[string]string{"MNEMOSYNE_DATA_DIR": variables["MNEMOSYNE_DATA_DIR"], "LLM_API_SECRETS_ENCRYPTION_KEY": otherKey}
	started(t, locked, func(s *app.Services) {
		if got := spaceOf(t, s.Embedder); got != "all-MiniLM-L6-v2/384" || s.Reranker != nil {
			t.Errorf("where nothing is embedded the embedder is in %s, the reranker %v", got, s.Reranker)
		}
		if err := moveLibrary(t.Context(), s, "first", remotetest.Model+"/24"); err != nil {
			t.Fatal(err)
		}
	})
	started(t, locked, func(s *app.Services) {
		if got := s.Embedder.Space().ID(); got != remotetest.Model+"/24" {
			t.Errorf("the embedder is in %s; the index would look like another model's", got)
		}
		if _, err := s.Embedder.EmbedQuery(t.Context(), embedding.Query{Text: "x"}); err == nil || !strings.Contains(err.Error(), "reencrypt-provider-keys") {
			t.Errorf("a query gives %v", err)
		}
	})
	failed := map[string]string{}
	for _, p := range app.Check(t.Context(), programOf(t, locked)).Parts {
		if !p.OK {
			failed[p.Name] = p.Mend
		}
	}
	for _, p := range app.Check(t.Context(), programOf(t, locked)).Parts {
		if p.Name == "embedder" && !strings.Contains(p.Where, server.URL) {
			t.Errorf("check says that the embedder is at %q", p.Where)
		}
	}
	for _, part := range []string{"provider", "embedder", "reranker"} {
		if !strings.Contains(failed[part], "reencrypt-provider-keys") {
			t.Errorf("check says of the %s: %q", part, failed[part])
		}
	}
	if report := app.Check(t.Context(), programOf(t, variables)); !report.OK {
		t.Errorf("with the right key check says %+v", report)
	}
}
