package remote_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote/remotetest"
)

// ready is a server whose answer is written already, so that what is measured
// is the client. It gives n vectors, or one to whoever asks for one.
func ready(b *testing.B, n, dimensions int) (address string, whole []byte) {
	b.Helper()
	answer := func(n int) []byte {
		var rows []map[string]any
		for i := range n {
			var raw []byte
			for _, x := range remotetest.Vector(fmt.Sprint(i), dimensions) {
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
			}
			rows = append(rows, map[string]any{"index": i, "embedding": base64.StdEncoding.EncodeToString(raw)})
		}
		out, err := json.Marshal(map[string]any{"data": rows})
		if err != nil {
			b.Fatal(err)
		}
		return out
	}
	one, whole := answer(1), answer(n)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Input []json.RawMessage }
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &asked)
		if len(asked.Input) == n {
			_, _ = w.Write(whole)
			return
		}
		_, _ = w.Write(one)
	}))
	b.Cleanup(s.Close)
	return s.URL, whole
}

func BenchmarkBatchOfEight(b *testing.B) {
	const n, dimensions = 8, 1024
	address, _ := ready(b, n, dimensions)
	docs := inputs(n)
	b.Run("client", func(b *testing.B) {
		e, err := remote.NewEmbedder(remote.EmbedderOptions{Server: remote.Server{BaseURL: address, Model: remotetest.Model}})
		if err != nil {
			b.Fatal(err)
		}
		if err := e.Ping(b.Context()); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := e.EmbedDocuments(b.Context(), docs); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare HTTP", func(b *testing.B) {
		var texts []string
		for _, d := range docs {
			texts = append(texts, d.Context+"\n"+d.Text)
		}
		for b.Loop() {
			body, _ := json.Marshal(map[string]any{"model": remotetest.Model, "input": texts})
			r, _ := http.NewRequestWithContext(b.Context(), http.MethodPost, address, bytes.NewReader(body))
			response, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
	})
}

func BenchmarkQueryOfAServerLeftAlone(b *testing.B) {
	s := httptest.NewServer(nil)
	s.Close()
	e, err := remote.NewEmbedder(remote.EmbedderOptions{Server: remote.Server{BaseURL: s.URL, Model: remotetest.Model, Cooldown: 1 << 40}})
	if err != nil {
		b.Fatal(err)
	}
	for range 3 {
		_ = e.Ping(b.Context())
	}
	for b.Loop() {
		if _, err := e.EmbedQuery(b.Context(), embedding.Query{Text: "a"}); err == nil {
			b.Fatal("it answered")
		}
	}
}

func BenchmarkEstimate(b *testing.B) {
	text := "The length of a passage is estimated for every sentence of a document. "
	for b.Loop() {
		remote.Estimate(text)
	}
	b.SetBytes(int64(len(text)))
}
