package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	timingCalls  = 3000 // of each kind of object and route
	timingWarmup = 200
	// timingDoubt is the chance below which a difference is no noise, divided
	// by the number of routes, because each is one more occasion to err.
	timingDoubt = .01
)

// timing asks, as somebody else, for objects that belong to the first user and
// for objects that there are not, and looks whether the clock tells them
// apart.
func (b *bench) timing(ctx context.Context) (rows []row, err error) {
	dir, err := b.folder("timing")
	if err != nil {
		return nil, err
	}
	s, err := b.up(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	probes, err := s.probes(ctx)
	if err != nil {
		return nil, err
	}
	if s.token, err = b.somebodyElse(ctx, s.dir); err != nil {
		return nil, err
	}
	for _, p := range probes {
		foreign, missing, err := s.race(ctx, p)
		if err != nil {
			return rows, err
		}
		chance, above := mannWhitney(foreign, missing)
		rows = append(rows, row{
			what: fmt.Sprintf("`%s` of another's and of a missing object, median of %d each", p.name, timingCalls),
			measured: fmt.Sprintf("%.1f and %.1f µs; another's is slower in %.1f %% of pairs, p = %.2g",
				microseconds(percentile(foreign, .5)), microseconds(percentile(missing, .5)), 100*above, chance),
			target: "no difference beyond noise", missed: chance < timingDoubt/float64(len(probes)),
		})
	}
	return rows, nil
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// somebodyElse makes a second user with a token, by an operator's commands.
func (b *bench) somebodyElse(ctx context.Context, dir string) (token string, err error) {
	for _, args := range [][]string{
		{"create-user", "--username", "else"},
		{"create-user-token", "--user", "else", "--name", "timing", "--allowed-library", "*"},
	} {
		cmd := exec.CommandContext(ctx, b.binary, args...)
		cmd.Env = append(environment(), "MNEMOSYNE_DATA_DIR="+dir)
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("%s: %w", args[0], err)
		}
		token = strings.TrimSpace(string(out))
	}
	return token, nil
}

// probe is a request with a place for what it asks for.
type probe struct {
	name, method, path, body string
	foreign                  string
}

// probes makes one object of each kind and gives the requests for them.
func (s *server) probes(ctx context.Context) ([]probe, error) {
	var workspace shelf
	id := "ws_" + uuid.NewString()
	if err := s.call(ctx, http.MethodPost, "/library/api/workspaces/", map[string]string{"workspace_id": id}, &workspace); err != nil {
		return nil, err
	}
	made, err := s.submit(ctx, submitted{LibraryUID: workspace.UID, Filename: "a.md", Text: "# A\n\nHigh water is at noon."})
	if err != nil {
		return nil, err
	}
	shared, err := s.submit(ctx, submitted{LibraryUID: s.library, Filename: "b.md", Text: "# B\n\nGive way to sail."})
	if err != nil {
		return nil, err
	}
	for _, uid := range []string{workspace.UID, s.library} {
		if err := s.settle(ctx, uid); err != nil {
			return nil, err
		}
	}
	team := uuid.NewString()
	if err := s.call(ctx, http.MethodPost, "/mcp_server/api/teams/", map[string]string{"id": team, "name": "A"}, nil); err != nil {
		return nil, err
	}
	const rest, put = "/library/api/", `{"name":"x"}`
	tool := func(name, argument string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + name + `","arguments":{"` + argument + `":"%s"}}}`
	}
	return []probe{
		{"GET workspace", http.MethodGet, rest + "workspaces/%s/", "", id},
		{"PUT workspace", http.MethodPut, rest + "workspaces/%s/", put, id},
		{"DELETE workspace", http.MethodDelete, rest + "workspaces/%s/", "", id},
		{"GET items of a workspace", http.MethodGet, rest + "workspaces/%s/items/", "", id},
		{"POST ingest", http.MethodPost, rest + "ingest/", `{"workspace_id":"%s","text":"x"}`, id},
		{"GET library", http.MethodGet, rest + "libraries/%s/", "", s.library},
		{"GET members", http.MethodGet, rest + "libraries/%s/members/", "", s.library},
		{"GET item of a workspace", http.MethodGet, rest + "items/%s/", "", made.ItemUID},
		{"GET item", http.MethodGet, rest + "items/%s/", "", shared.ItemUID},
		{"GET text", http.MethodGet, rest + "items/%s/text/", "", made.ItemUID},
		{"GET chunks", http.MethodGet, rest + "items/%s/chunks/", "", made.ItemUID},
		{"GET job", http.MethodGet, rest + "jobs/%s/", "", made.ID},
		{"POST cancel", http.MethodPost, rest + "jobs/%s/cancel/", "", made.ID},
		{"GET team", http.MethodGet, "/mcp_server/api/teams/%s/", "", team},
		{"DELETE team", http.MethodDelete, "/mcp_server/api/teams/%s/", "", team},
		{"MCP get_item", http.MethodPost, "/mcp/", tool("get_item", "item_uid"), made.ItemUID},
		{"MCP list_items", http.MethodPost, "/mcp/", tool("list_items", "library"), workspace.UID},
	}, nil
}

// race asks for both kinds of object by turns, in an order of chance.
func (s *server) race(ctx context.Context, p probe) (foreign, missing []time.Duration, err error) {
	for i := range 2 * (timingCalls + timingWarmup) {
		id, into := p.foreign, &foreign
		if (i+rand.IntN(2))%2 == 0 { //nolint:gosec // an order, no secret
			id, into = strings.TrimSuffix(p.foreign, strings.TrimPrefix(p.foreign, "ws_"))+uuid.NewString(), &missing
		}
		took, err := s.clock(ctx, p, id)
		if err != nil {
			return nil, nil, err
		}
		if i >= 2*timingWarmup {
			*into = append(*into, took)
		}
	}
	return foreign, missing, nil
}

// clock is how long one request takes, to the last byte of its answer.
func (s *server) clock(ctx context.Context, p probe, id string) (time.Duration, error) {
	var body io.Reader
	path := p.path
	if strings.Contains(p.path, "%s") {
		path = fmt.Sprintf(p.path, id)
	}
	if p.body != "" {
		body = bytes.NewReader([]byte(strings.Replace(p.body, "%s", id, 1)))
	}
	req, err := http.NewRequestWithContext(ctx, p.method, s.url+path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	began := time.Now()
	res, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	took := time.Since(began)
	return took, errors.Join(err, res.Body.Close())
}

// mannWhitney is the rank-sum test of Mann and Whitney, by the normal
// approximation: the chance of a difference as large as this when there is
// none, and the share of pairs in which the first is the larger one.
func mannWhitney(a, b []time.Duration) (chance, above float64) {
	type sample struct {
		took  time.Duration
		first bool
	}
	all := make([]sample, 0, len(a)+len(b))
	for _, d := range a {
		all = append(all, sample{d, true})
	}
	for _, d := range b {
		all = append(all, sample{d, false})
	}
	slices.SortFunc(all, func(x, y sample) int { return int(x.took - y.took) })
	ranks := 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].took == all[i].took {
			j++
		}
		for k := i; k < j; k++ { // ties share their middle rank
			if all[k].first {
				ranks += float64(i+j+1) / 2
			}
		}
		i = j
	}
	n, m := float64(len(a)), float64(len(b))
	u := ranks - n*(n+1)/2
	z := (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(z) / math.Sqrt2), u / (n * m)
}
