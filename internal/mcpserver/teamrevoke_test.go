package mcpserver_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// Section 13.2: each lever works on the request that begins after it was
// pulled, however many are under way.
func TestSection132NoRequestBegunAfterARevocationSucceeds(t *testing.T) {
	t.Parallel()
	levers := map[string]func(f fixture, ctx context.Context, id string) error{
		"rotate": func(f fixture, ctx context.Context, id string) error {
			_, err := f.teams.Rotate(ctx, as(f.ann), id)
			return err
		},
		"delete": func(f fixture, ctx context.Context, id string) error { return f.teams.Delete(ctx, as(f.ann), id) },
		"no workspaces": func(f fixture, ctx context.Context, id string) error {
			_, err := f.teams.SetWorkspaces(ctx, as(f.ann), id, []string{})
			return err
		},
		"disable": func(f fixture, ctx context.Context, _ string) error {
			return f.accounts.SetActive(ctx, accounts.Operator(), f.ann.ID, false)
		},
		"retire the key": func(f fixture, ctx context.Context, _ string) error {
			return f.keys.Retire(ctx, accounts.Operator(), "k1")
		},
		"retire the others": func(f fixture, ctx context.Context, _ string) error {
			_, err := f.keys.Seed(ctx, accounts.Operator(), "k2", true)
			return err
		},
	}
	for name, pull := range levers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, f fixture) {
				f.seed(t, "k1", false)
				made := f.create(t, uuid.NewString(), "Kottos")
				f.workspace(t, f.ann, "ws")
				f.assign(t, made.ID, "ws")
				w := watch{f: f, jwt: made.JWT}
				w.during(t, func() error { return pull(f, t.Context(), made.ID) })
				if w.late.Load() > 0 || w.after.Load() < callers {
					t.Errorf("%d of %d requests begun after it succeeded", w.late.Load(), w.after.Load())
				}
			})
		})
	}
}

const callers = 8

// watch is requests under way around a revocation.
type watch struct {
	f           fixture
	jwt         string
	revoked     atomic.Bool
	late, after atomic.Int64
}

func (w *watch) during(t *testing.T, revoke func() error) {
	t.Helper()
	var in, out sync.WaitGroup
	in.Add(callers)
	for range callers {
		out.Go(func() {
			first, left := true, 25
			for left > 0 {
				after := w.revoked.Load() // as the request begins
				open := w.open(t)
				switch {
				case first && !open:
					t.Error("the first request was refused")
				case after:
					left--
					w.after.Add(1)
					if open {
						w.late.Add(1)
					}
				}
				if first {
					in.Done()
				}
				first = false
			}
		})
	}
	in.Wait()
	if err := revoke(); err != nil {
		t.Error(err)
	}
	w.revoked.Store(true)
	out.Wait()
}

// open tells whether a request sees the workspace.
func (w *watch) open(t *testing.T) bool {
	t.Helper()
	p, err := w.f.resolver.Resolve(t.Context(), "Bearer "+w.jwt, mcpserver.MCP)
	if errs.Is(err, errs.Unauthenticated) {
		return false
	}
	if err != nil {
		t.Error(err)
		return false
	}
	libraries, err := w.f.access.Readable(t.Context(), p)
	if err != nil {
		t.Error(err)
	}
	return len(libraries) > 0
}
