package embedding

import (
	"errors"
	"fmt"
)

// ErrDown marks errors of a model whose server does not answer now: it cannot
// be reached, is overloaded or late. What was asked is not at fault.
var ErrDown = errors.New("embedding: the model does not answer")

// RefusedError says that a model has no answer to some of its inputs, whatever
// else is asked with them, and would refuse them again.
type RefusedError struct {
	Inputs []int // their places in what was asked, ascending
	Err    error // why the first of them was refused
}

// Error names how many there are and why the first was refused.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%d inputs were refused: %v", len(e.Inputs), e.Err)
}

// Unwrap gives the cause.
func (e *RefusedError) Unwrap() error { return e.Err }
