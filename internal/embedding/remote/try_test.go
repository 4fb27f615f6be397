package remote_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote/remotetest"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

const trialKey = "sk-trial-0123456789"

func endpoint(s *remotetest.Server, use embedding.Use, api string) embedding.Endpoint {
	return embedding.Endpoint{Use: use, Provider: "Nyx", API: api, BaseURL: s.URL, APIKey: trialKey, Model: remotetest.Model}
}

func TestATrialAsksEachKindOfModelInEachShape(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		use  embedding.Use
		api  string
		path string
		says string
	}{
		{embedding.UseEmbedding, "openai", "/v1/embeddings", "24 dimensions"},
		{embedding.UseEmbedding, "vllm", "/v1/embeddings", "24 dimensions"},
		{embedding.UseEmbedding, "tei", "/embed", "24 dimensions"},
		{embedding.UseRerank, "openai", "/v1/rerank", "reranked two passages"},
		{embedding.UseRerank, "vllm", "/v1/rerank", "reranked two passages"},
		{embedding.UseRerank, "tei", "/rerank", "reranked two passages"},
		{embedding.UseChat, "openai", "/v1/chat/completions", "answered"},
	} {
		s := remotetest.New(t, remotetest.Behaviour{Dimensions: 24, Key: trialKey})
		trial, err := remote.Trier{}.Try(t.Context(), endpoint(s, c.use, c.api))
		if err != nil || !strings.Contains(trial.Says, c.says) || trial.Took <= 0 {
			t.Errorf("%s over %s: %+v, %v", c.use, c.api, trial, err)
			continue
		}
		if got := s.Requests()[0].Path; got != c.path {
			t.Errorf("%s over %s asks %s", c.use, c.api, got)
		}
		if c.use == embedding.UseEmbedding && trial.Space.Dimensions != 24 {
			t.Errorf("%s: the space is %s", c.api, trial.Space.ID())
		}
	}
}

func TestATrialOfChatKnowsBothNamesOfTheLimit(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{NewChat: true})
	if _, err := (remote.Trier{}).Try(t.Context(), endpoint(s, embedding.UseChat, "openai")); err != nil {
		t.Fatal(err)
	}
	if asked := s.Requests(); len(asked) != 2 || asked[1].Body["max_completion_tokens"] == nil || asked[1].Body["max_tokens"] != nil {
		t.Errorf("asked was %+v", asked)
	}
}

func TestATrialThatFailsSaysWhatToMendAndNoKey(t *testing.T) {
	t.Parallel()
	elsewhere := remotetest.New(t, remotetest.Behaviour{})
	for why, c := range map[string]struct {
		does remotetest.Behaviour
		says string
	}{
		"key":   {remotetest.Behaviour{Key: "another"}, "the key at the provider “Nyx”"},
		"model": {remotetest.Behaviour{Model: "other"}, "does not exist"},
		"redirect": {remotetest.Behaviour{Before: func(w http.ResponseWriter, r *http.Request, _ int) bool {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
			return true
		}}, "redirects are not followed"},
		"large": {remotetest.Behaviour{Before: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			_, _ = w.Write([]byte(strings.Repeat("x", 3<<20)))
			return true
		}}, "larger than"},
		"page": {remotetest.Behaviour{Before: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			_, _ = w.Write([]byte("<html>" + trialKey))
			return true
		}}, "the address at the provider “Nyx”"},
	} {
		s := remotetest.New(t, c.does)
		for _, use := range []embedding.Use{embedding.UseEmbedding, embedding.UseChat} {
			_, err := remote.Trier{}.Try(t.Context(), endpoint(s, use, "openai"))
			e := errs.As(err)
			if e == nil || e.Kind != errs.Unavailable || !strings.Contains(e.Message, c.says) || strings.Contains(err.Error(), trialKey) {
				t.Errorf("%s, %s: %v", why, use, err)
			}
		}
	}
	if asked := elsewhere.Requests(); len(asked) > 0 {
		t.Errorf("the redirect was followed with %v", asked[0].Header)
	}
}

func TestAProviderOnTheMachinesOwnLinkIsNotAsked(t *testing.T) {
	t.Parallel()
	// A name could lead here as well: what it leads to is looked at.
	for _, address := range []string{"http://169.254.169.254", "http://[::ffff:169.254.169.254]:80", "http://0.0.0.0:1"} {
		at := embedding.Endpoint{Use: embedding.UseChat, Provider: "Nyx", API: "openai", BaseURL: address, Model: "m"}
		_, err := remote.Trier{Timeout: time.Second}.Try(t.Context(), at)
		if e := errs.As(err); e == nil || !strings.Contains(e.Message, "no address that a provider can have") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestATrialEndsInTime(t *testing.T) {
	t.Parallel()
	let := make(chan struct{})
	s := remotetest.New(t, remotetest.Behaviour{Before: func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		select {
		case <-let:
		case <-r.Context().Done():
		}
		return true
	}})
	defer close(let)
	for _, use := range []embedding.Use{embedding.UseEmbedding, embedding.UseRerank, embedding.UseChat} {
		_, err := remote.Trier{Timeout: 200 * time.Millisecond}.Try(t.Context(), endpoint(s, use, "openai"))
		if !errs.Is(err, errs.Unavailable) {
			t.Errorf("%s: %v", use, err)
		}
	}
}
