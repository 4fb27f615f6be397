package embedding

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Set is the embedders that a process has: the main one and, while libraries
// move to another model, the next.
type Set struct {
	Main Embedder
	Next Embedder // nil: none
}

// ErrOtherSpace marks that no embedder of a process is in the space asked for.
var ErrOtherSpace = errors.New("embedding: no embedder in this space")

// In gives the embedder of a space, by the space's ID. The empty one is the
// main embedder's. Where none is, the error is ErrOtherSpace and names those
// there are, unless one of them does not say yet what its space is.
func (s Set) In(ctx context.Context, space string) (Embedder, error) {
	if space == "" {
		return s.Main, nil
	}
	var have []string
	var silent error
	for _, e := range []Embedder{s.Main, s.Next} {
		if e == nil {
			continue
		}
		known, err := KnownSpace(ctx, e)
		switch {
		case err != nil:
			silent = err
		case known.ID() == space:
			return e, nil
		default:
			have = append(have, known.ID())
		}
	}
	if silent != nil {
		return nil, silent
	}
	return nil, fmt.Errorf("%w: it is %s, and there is %s", ErrOtherSpace, space, strings.Join(have, ", "))
}
