package remote_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote/remotetest"
)

// hangs answers nothing until the caller leaves; then is called first.
func hangs(then func()) func(http.ResponseWriter, *http.Request, int) bool {
	return func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		then()
		<-r.Context().Done()
		return true
	}
}

// answers gives a fixed answer.
func answers(status int, body string, header ...string) func(http.ResponseWriter, *http.Request, int) bool {
	return func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// known is an embedder that has asked its server, which then does otherwise.
func known(t *testing.T, then func(http.ResponseWriter, *http.Request, int) bool, change ...func(*remote.EmbedderOptions)) (*remote.Embedder, *remotetest.Server) {
	t.Helper()
	s := remotetest.New(t, remotetest.Behaviour{})
	e := newEmbedder(t, s, change...)
	if err := e.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Do(func(b *remotetest.Behaviour) { b.Before = then })
	return e, s
}

func TestAnswersThatCannotBeTrustedAreRefused(t *testing.T) {
	t.Parallel()
	const v = `[1,0,0,0,0,0,0,0]`
	for name, body := range map[string]string{
		"two of one index":      `{"data":[{"index":0,"embedding":` + v + `},{"index":0,"embedding":` + v + `}]}`,
		"an index too high":     `{"data":[{"index":0,"embedding":` + v + `},{"index":2,"embedding":` + v + `}]}`,
		"an index below zero":   `{"data":[{"index":0,"embedding":` + v + `},{"index":-1,"embedding":` + v + `}]}`,
		"too few":               `{"data":[{"index":0,"embedding":` + v + `}]}`,
		"too many":              `[` + v + `,` + v + `,` + v + `]`,
		"none":                  `{"data":[]}`,
		"something else":        `{"hello":"world"}`,
		"a page":                `<html>Welcome</html>`,
		"nothing":               ``,
		"half":                  `{"data":[{"index":0,"embedding":[1,0`,
		"words for numbers":     `[["a","b"],["c","d"]]`,
		"too few dimensions":    `[[1,0],[0,1]]`,
		"too many dimensions":   `[[1,0,0,0,0,0,0,0,0],[1,0,0,0,0,0,0,0,0]]`,
		"base64 of half floats": `{"data":[{"index":0,"embedding":"AAAAAAA="},{"index":1,"embedding":"AAAAAAA="}]}`,
		"endless":               `[` + strings.Repeat(" ", 3<<20) + v + `,` + v + `]`,
	} {
		e, _ := known(t, answers(http.StatusOK, body))
		vectors, err := e.EmbedDocuments(t.Context(), inputs(2))
		if _, refused := errors.AsType[*embedding.RefusedError](err); err == nil || refused || vectors != nil || errors.Is(err, embedding.ErrDown) {
			t.Errorf("%s: %v, %v", name, vectors, err)
		}
	}
}

func TestVectorsWithoutADirectionAreTheFaultOfTheirTexts(t *testing.T) {
	t.Parallel()
	const v = `[1,0,0,0,0,0,0,0]`
	for name, body := range map[string]string{
		"zeros": `[` + v + `,[0,0,0,0,0,0,0,0]]`,
		"empty": `[` + v + `,[]]`,
		"nulls": `{"data":[{"index":0,"embedding":` + v + `},{"index":1,"embedding":[1,0,0,0,0,0,0,null]}]}`,
	} {
		e, _ := known(t, answers(http.StatusOK, body))
		vectors, err := e.EmbedDocuments(t.Context(), inputs(2))
		refused, ok := errors.AsType[*embedding.RefusedError](err)
		if !ok || len(refused.Inputs) != 1 || refused.Inputs[0] != 1 || vectors[0] == nil {
			t.Errorf("%s: %v, %v", name, vectors, err)
		}
	}
}

func TestAFailureSaysWhatToMend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		does func(http.ResponseWriter, *http.Request, int) bool
		says []string
		down bool
	}{
		"a wrong key":     {answers(401, `{"error":{"message":"Incorrect API key provided: sk-secret-key"}}`), []string{"401", "EMBEDDING_API_KEY", "***"}, false},
		"a wrong model":   {answers(404, `{"object":"error","message":"The model does not exist.","code":404}`), []string{"404", "EMBEDDING_MODEL", "does not exist"}, false},
		"a wrong path":    {answers(404, `<html>nginx</html>`), []string{"404", "EMBEDDING_BASE_URL"}, false},
		"a redirect":      {answers(307, ``, "Location", "https://user:pw@elsewhere.example/v1/embeddings?key=x"), []string{"307", "https://elsewhere.example/v1/embeddings", "not followed"}, false},
		"a bad gateway":   {answers(502, ``), []string{"502"}, true},
		"an inner fault":  {answers(500, `Internal Server Error`), []string{"500", "Internal Server Error"}, false},
		"too much to do":  {answers(429, `{"error":"Model is overloaded","error_type":"Overloaded"}`, "Retry-After", "3600"), []string{"429", "overloaded"}, true},
		"not ready yet":   {answers(503, ``, "Retry-After", "3600"), []string{"503"}, true},
		"FastAPI's words": {answers(422, `{"detail":[{"loc":["body"],"msg":"field required","input":"secret words"}]}`), []string{"422", "field required"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, _ := known(t, c.does, func(o *remote.EmbedderOptions) { o.APIKey = "sk-secret-key" })
			_, err := e.EmbedQuery(t.Context(), embedding.Query{Text: "some words"})
			if err == nil || errors.Is(err, embedding.ErrDown) != c.down {
				t.Fatalf("the error is %v", err)
			}
			for _, word := range c.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q is not in: %v", word, err)
				}
			}
			for _, secret := range []string{"sk-secret-key", "pw@", "key=x", "secret words"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells %q: %v", secret, err)
				}
			}
		})
	}
}

func TestARedirectIsNotFollowedAndTheKeyGoesNowhereElse(t *testing.T) {
	t.Parallel()
	elsewhere := remotetest.New(t, remotetest.Behaviour{})
	e, _ := known(t, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		http.Redirect(w, r, elsewhere.URL+"/v1/embeddings", http.StatusTemporaryRedirect)
		return true
	}, func(o *remote.EmbedderOptions) { o.APIKey = "key" })
	if _, err := e.EmbedQuery(t.Context(), embedding.Query{Text: "a"}); err == nil || len(elsewhere.Requests()) != 0 {
		t.Errorf("the other server had %d requests, %v", len(elsewhere.Requests()), err)
	}
}

func TestAnErrorNeverRepeatsATextOrTheKey(t *testing.T) {
	t.Parallel()
	const secret = "the merger is planned for the second of March"
	var logged bytes.Buffer
	s := remotetest.New(t, remotetest.Behaviour{Key: "sk-right"})
	e := newEmbedder(t, s, func(o *remote.EmbedderOptions) {
		o.APIKey, o.Log = "sk-right", slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	if err := e.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Do(func(b *remotetest.Behaviour) { b.Refuse = "merger" }) // it repeats the text in its message
	_, err := e.EmbedDocuments(t.Context(), []embedding.Input{{Text: secret}})
	if err == nil || strings.Contains(err.Error(), "second of March") || !strings.Contains(err.Error(), "422") {
		t.Errorf("the error is %v", err)
	}
	_, err = e.EmbedQuery(t.Context(), embedding.Query{Text: "merger"})
	if err == nil || strings.Contains(err.Error(), "merger") {
		t.Errorf("the error is %v", err)
	}
	if strings.Contains(logged.String(), "sk-right") || strings.Contains(logged.String(), "merger") {
		t.Errorf("logged %s", logged.String())
	}
	for _, r := range s.Requests() {
		if r.Header.Get("Authorization") != "Bearer sk-right" || r.Header.Get("Idempotency-Key") != "" {
			t.Errorf("a request had the headers %v", r.Header)
		}
	}
}

func TestCertificatesThatAreNotTrustedAreSaidPlainly(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{})
	secure := httptest.NewTLSServer(s.Handler())
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(secure.Close)
	for name, c := range map[string]struct{ url, says string }{
		"a certificate of its own": {secure.URL, "signed by nobody that this machine trusts"},
		"TLS where there is none":  {strings.Replace(s.URL, "http://", "https://", 1), "does not speak TLS"},
		"nothing there":            {"http://127.0.0.1:1", "nothing listens"},
		"no such host":             {"http://no-such-host.invalid", "no host"},
	} {
		e := newEmbedder(t, s, func(o *remote.EmbedderOptions) { o.BaseURL = c.url })
		err := e.Ping(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if down := strings.HasPrefix(c.url, "http://"); errors.Is(err, embedding.ErrDown) != down {
			t.Errorf("%s: called down %v", name, !down)
		}
	}
}

func TestDocumentsAreTriedAgainAndSearchesDoNotWait(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(http.ResponseWriter, *http.Request, int) bool{
		"429": answers(429, `{}`, "Retry-After", "1"),
		"503": answers(503, `loading`),
		"502": answers(502, ``),
		"cut": func(http.ResponseWriter, *http.Request, int) bool { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var failed atomic.Int64
			e, s := known(t, nil)
			s.Do(func(b *remotetest.Behaviour) {
				b.Before = func(w http.ResponseWriter, r *http.Request, n int) bool {
					return failed.Add(1) <= 2 && fail(w, r, n)
				}
			})
			began := time.Now()
			if _, err := e.EmbedDocuments(t.Context(), inputs(2)); err != nil || failed.Load() != 3 {
				t.Errorf("after %d tries: %v", failed.Load(), err)
			}
			if took := time.Since(began); name == "429" && took < 2*time.Second {
				t.Errorf("it came back after %v, and was asked to wait twice a second", took)
			}
		})
	}
	e, s := known(t, answers(503, ``, "Retry-After", "5"))
	before, began := len(s.Requests()), time.Now()
	if _, err := e.EmbedQuery(t.Context(), embedding.Query{Text: "a"}); err == nil || time.Since(began) > time.Second || len(s.Requests()) != before+1 {
		t.Errorf("a search waited %v: %v", time.Since(began), err)
	}
}

func TestAServerThatKeepsCrashingOnOneTextAnswersTheOthers(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{})
	e := newEmbedder(t, s)
	if err := e.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Do(func(b *remotetest.Behaviour) {
		b.Before = func(w http.ResponseWriter, r *http.Request, n int) bool {
			request := s.Requests()[n-1]
			return len(request.Texts) > 1 && answers(500, `{"message":"the input is too large to process"}`)(w, r, n)
		}
	})
	if _, err := e.EmbedDocuments(t.Context(), inputs(8)); err != nil {
		t.Errorf("a server that takes one text at a time: %v", err)
	}
}

func TestARequestIsGivenUpWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	e, _ := known(t, hangs(func() {}), func(o *remote.EmbedderOptions) { o.Timeout = 50 * time.Millisecond })
	began := time.Now()
	_, err := e.EmbedDocuments(t.Context(), inputs(1))
	if !errors.Is(err, embedding.ErrDown) || !strings.Contains(err.Error(), "in time") || time.Since(began) > 5*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

func TestAServerThatFailsAgainAndAgainIsLeftAloneAndComesBack(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	metrics := remote.NewMetrics(registry)
	e, s := known(t, answers(502, ``), func(o *remote.EmbedderOptions) { o.Cooldown, o.Metrics = 500*time.Millisecond, metrics })
	ask := func(ctx context.Context) error {
		_, err := e.EmbedQuery(ctx, embedding.Query{Text: "a"})
		return err
	}
	left := false
	for !left {
		err := ask(t.Context())
		left = err != nil && strings.Contains(err.Error(), "left alone")
	}
	asked := len(s.Requests())
	began := time.Now()
	const many = 1000
	for range many {
		if err := ask(t.Context()); !errors.Is(err, embedding.ErrDown) || !strings.Contains(err.Error(), "left alone") || !strings.Contains(err.Error(), "502") {
			t.Fatalf("the error is %v", err)
		}
		if time.Since(began) > 150*time.Millisecond {
			break // a slow machine; the cooldown must not pass meanwhile
		}
	}
	if n := len(s.Requests()); n != asked {
		t.Errorf("it was asked %d times while it was left alone", n-asked)
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(leftAlone(1)), "mnemosyne_model_left_alone"); err != nil {
		t.Error(err)
	}
	s.Do(func(b *remotetest.Behaviour) { b.Before = nil })
	if _, err := e.EmbedDocuments(t.Context(), inputs(1)); err != nil {
		t.Errorf("documents suffer from the failures of searches: %v", err)
	}
	deadline := time.After(10 * time.Second)
	for ask(t.Context()) != nil {
		select {
		case <-deadline:
			t.Fatal("it is never asked again")
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(leftAlone(0)), "mnemosyne_model_left_alone"); err != nil {
		t.Error(err)
	}
}

func leftAlone(query int) string {
	return fmt.Sprintf(`# HELP mnemosyne_model_left_alone 1 while a model's server is not asked, because it failed again and again.
# TYPE mnemosyne_model_left_alone gauge
mnemosyne_model_left_alone{purpose="documents",settings="%[2]s"} 0
mnemosyne_model_left_alone{purpose="query",settings="%[2]s"} %[1]d
`, query, "EMBEDDING")
}

func TestSearchesThatAreGivenUpDoNotSpeakAgainstTheServer(t *testing.T) {
	t.Parallel()
	e, s := known(t, nil)
	for range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		s.Do(func(b *remotetest.Behaviour) { b.Before = hangs(cancel) })
		_, _ = e.EmbedQuery(ctx, embedding.Query{Text: "a"})
	}
	s.Do(func(b *remotetest.Behaviour) { b.Before = nil })
	if _, err := e.EmbedQuery(t.Context(), embedding.Query{Text: "a"}); err != nil {
		t.Error(err)
	}
}

func TestBaseAddressesAreTakenAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{})
	for _, c := range []struct {
		path string
		api  remote.API
	}{
		{"", remote.OpenAI},
		{"/", remote.OpenAI},
		{"/v1", remote.OpenAI},
		{"/v1/", remote.OpenAI},
		{"/v1/embeddings", remote.OpenAI},
		{"", remote.VLLM},
		{"/v1", remote.VLLM},
		{"", remote.TEI},
		{"/v1", remote.TEI},
		{"/embed", remote.TEI},
	} {
		e := newEmbedder(t, s, in(c.api), func(o *remote.EmbedderOptions) { o.BaseURL += c.path })
		if err := e.Ping(t.Context()); err != nil {
			t.Errorf("%s with %q: %v", c.api, c.path, err)
		}
	}
}
