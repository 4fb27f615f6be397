package app_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote/remotetest"
	"git.helu.ca/r/mnemosyne/internal/settings"
)

// checked gives the parts that check found with these variables, by name.
func checked(t *testing.T, variables map[string]string) map[string]app.Part {
	t.Helper()
	variables["MNEMOSYNE_DATA_DIR"] = t.TempDir()
	s, err := settings.Load(func(name string) (string, bool) { v, ok := variables[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]app.Part{}
	for _, p := range app.Check(t.Context(), app.Program{Settings: s, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()}).Parts {
		parts[p.Name] = p
	}
	return parts
}

func TestCheckSaysWhichModelsAnswer(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{Dimensions: 24, Key: "sk-1", MaxModelLen: 300})
	got := checked(t, map[string]string{
		"EMBEDDING_BASE_URL": s.URL + "/v1", "EMBEDDING_MODEL": remotetest.Model, "EMBEDDING_API_KEY": "sk-1",
		"RERANKER_BASE_URL": s.URL, "RERANKER_API": "tei", "RERANKER_API_KEY": "sk-1",
	})
	e := got["embedder"]
	if !e.OK || e.Engine != "HTTP, openai" || !strings.Contains(e.Where, "space "+remotetest.Model+"/24") {
		t.Errorf("the embedder is %+v", e)
	}
	if r := got["reranker"]; !r.OK || r.Engine != "HTTP, tei" {
		t.Errorf("the reranker is %+v", r)
	}
}

func TestCheckSaysWhatToMendOfModels(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{Key: "sk-1"})
	got := checked(t, map[string]string{
		"EMBEDDING_BASE_URL": s.URL, "EMBEDDING_MODEL": remotetest.Model, "EMBEDDING_API_KEY": "sk-wrong",
		"RERANKER_BASE_URL": "http://127.0.0.1:1", "RERANKER_MODEL": "m",
	})
	if e := got["embedder"]; e.OK || !strings.Contains(e.Mend, "EMBEDDING_API_KEY") || strings.Contains(e.Mend, "sk-wrong") {
		t.Errorf("the embedder is %+v", e)
	}
	if r := got["reranker"]; r.OK || !strings.Contains(r.Mend, "RERANKER_BASE_URL") {
		t.Errorf("the reranker is %+v", r)
	}
}
