package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

const (
	callers     = 8
	callsEach   = 500 // of a caller and round
	callRounds  = 5
	warmupCalls = 50
)

// mcp measures the smallest tool call there is, by official clients.
func (b *bench) mcp(ctx context.Context) (rows []row, err error) {
	s, err := b.fresh(ctx, "mcp")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	call, err := s.agents(ctx, "user_token")
	if err != nil {
		return nil, err
	}
	cost, err := s.cost(ctx, callers, call)
	rows = []row{{
		what:     fmt.Sprintf("MCP `whoami`, %d official Go clients, %d calls", callers, callRounds*callers*callsEach),
		measured: fmt.Sprintf("%.2f ms of processor time a call", cost), target: "≤ 0.6 ms", missed: cost > .6,
		beside: "FastMCP 1.7–2.8; the Go SDK alone 0.40",
	}}
	if err != nil {
		return rows, err
	}
	team, err := s.asTeam(ctx)
	if err != nil {
		return rows, err
	}
	if call, err = team.agents(ctx, "team"); err != nil {
		return rows, err
	}
	cost, err = team.cost(ctx, callers, call)
	return append(rows, row{
		what:     "the same with a team JWT, verified and joined with the team's workspaces",
		measured: fmt.Sprintf("%.2f ms of processor time a call", cost), target: "≤ 1.1 ms, of it 0.5 for the JWT", missed: cost > 1.1,
	}), err
}

// asTeam is the same program with the JWT of a team that has a workspace.
func (s *server) asTeam(ctx context.Context) (*server, error) {
	const path = "/mcp_server/api/teams/"
	id := uuid.NewString()
	var made struct{ JWT string }
	err := errors.Join(
		s.call(ctx, http.MethodPost, "/library/api/workspaces/", map[string]string{"workspace_id": "bench"}, nil),
		s.call(ctx, http.MethodPost, path, map[string]string{"id": id, "name": "Bench"}, &made),
		s.call(ctx, http.MethodPut, path+id+"/workspaces/", map[string][]string{"workspace_ids": {"bench"}}, nil),
	)
	team := *s
	team.token = made.JWT
	return &team, err
}

// agents connects the clients, whose bearer is of a kind, and gives a call of
// each.
func (s *server) agents(ctx context.Context, kind string) (func(ctx context.Context, caller int) error, error) {
	calls := make([]func(context.Context) error, callers)
	for i := range calls {
		session, err := s.connect(ctx)
		if err != nil {
			return nil, err
		}
		calls[i] = func(ctx context.Context) error {
			var me struct{ Kind string }
			if err := ask(ctx, session, "whoami", map[string]any{}, &me); err != nil {
				return err
			}
			if me.Kind != kind {
				return fmt.Errorf("whoami answers %q", me.Kind)
			}
			return nil
		}
	}
	return func(ctx context.Context, caller int) error { return calls[caller](ctx) }, nil
}

// rest measures the smallest request that a bearer may make.
func (b *bench) rest(ctx context.Context) (rows []row, err error) {
	s, err := b.fresh(ctx, "rest")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	cost, err := s.cost(ctx, callers, func(ctx context.Context, _ int) error {
		return s.call(ctx, http.MethodGet, "/library/api/libraries/"+s.library+"/", nil, nil)
	})
	return []row{{
		what:     fmt.Sprintf("REST `GET` of a library with a bearer, %d clients, %d requests", callers, callRounds*callers*callsEach),
		measured: fmt.Sprintf("%.2f ms of processor time a request", cost), target: "≤ 0.3 ms", missed: cost > .3,
		beside: "Django REST framework 3.8; a bare Go handler 0.15",
	}}, err
}

// fresh starts the program on an empty folder.
func (b *bench) fresh(ctx context.Context, name string) (*server, error) {
	dir, err := b.folder(name)
	if err != nil {
		return nil, err
	}
	return b.up(ctx, filepath.Join(dir, "data"))
}

// cost is the server's processor time a call in ms, all callers at once: the
// median of several rounds.
func (s *server) cost(ctx context.Context, callers int, call func(ctx context.Context, caller int) error) (float64, error) {
	costs, err := rounds(ctx, callers, contender{s, call})
	if err != nil {
		return 0, err
	}
	return median(costs[0]), nil
}

// contender is a server with what each of its callers asks.
type contender struct {
	*server

	call func(ctx context.Context, caller int) error
}

// rounds is each server's processor time a call in ms, by round. They take
// turns, so that what else the machine does meets all of them.
func rounds(ctx context.Context, callers int, all ...contender) (costs [][]float64, err error) {
	costs = make([][]float64, len(all))
	for _, one := range all {
		if err := one.round(ctx, callers, warmupCalls); err != nil {
			return nil, err
		}
	}
	for range callRounds {
		for i, one := range all {
			before := one.cpu()
			if err := one.round(ctx, callers, callsEach); err != nil {
				return nil, err
			}
			costs[i] = append(costs[i], float64(one.cpu()-before)/float64(callers*callsEach)/float64(time.Millisecond))
		}
	}
	return costs, nil
}

// round lets each caller call so many times.
func (c contender) round(ctx context.Context, callers, each int) error {
	group, ctx := errgroup.WithContext(ctx)
	for caller := range callers {
		group.Go(func() error {
			for range each {
				if err := c.call(ctx, caller); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
