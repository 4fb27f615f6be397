package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/embeddingtest"
)

// startEmbedder serves vectors that mean nothing and cost nothing, in OpenAI's
// shape, until ctx ends. It gives the address.
func startEmbedder(ctx context.Context) (string, error) {
	hash := &embeddingtest.Hash{Model: "hash", Dimensions: 64}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"data": []any{map[string]any{"id": hash.Model}}})
	})
	mux.HandleFunc("POST /v1/embeddings", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		data := make([]any, len(body.Input))
		for i, text := range body.Input {
			v, err := hash.EmbedQuery(r.Context(), embedding.Query{Text: text})
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			data[i] = map[string]any{"index": i, "embedding": v}
		}
		reply(w, map[string]any{"data": data})
	})
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return "http://" + l.Addr().String() + "/v1", nil
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // who asked may be dead
}
