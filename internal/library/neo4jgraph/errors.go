package neo4jgraph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

const (
	codeConstraint   = "Neo.ClientError.Schema.ConstraintValidationFailed"
	codeGone         = "Neo.ClientError.Statement.EntityNotFound"
	codeUnauthorized = "Neo.ClientError.Security.Unauthorized"
	codeRateLimit    = "Neo.ClientError.Security.AuthenticationRateLimit"
	codeExpired      = "Neo.ClientError.Security.CredentialsExpired"
	codeTimedOut     = "Neo.ClientError.Transaction.TransactionTimedOut"
	codeTimedOutToo  = "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration"
	codeTransient    = "Neo.TransientError."
)

func codeOf(err error) string {
	if e, ok := errors.AsType[*neo4j.Neo4jError](err); ok {
		return e.Code
	}
	return ""
}

// lostRace tells of a statement that another one was in the way of, or took
// away what it had found.
func lostRace(err error) bool { return neo4j.IsRetryable(err) || codeOf(err) == codeGone }

// stillTied tells that a concept was mentioned anew in the moment of its
// deletion.
func stillTied(err error) bool {
	return codeOf(err) == codeConstraint && strings.Contains(err.Error(), "still has relationships")
}

// explain says what to do about errors that somebody can mend.
func (g *Graph) explain(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errs.As(err) != nil:
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("ask Neo4j: %w", errors.Join(ctx.Err(), err))
	}
	switch code := codeOf(err); {
	case code == codeUnauthorized || code == codeExpired:
		return errs.Wrap(errs.Unavailable, err, "Neo4j at "+g.url+" refuses the user name or the password. Correct them in "+
			"NEOMODEL_NEO4J_BOLT_URL; special characters of the password are percent-encoded there (@ is %40, : is %3A, / is %2F).")
	case code == codeRateLimit:
		return errs.Wrap(errs.Unavailable, err, "Neo4j at "+g.url+" takes no password for some seconds after too many wrong ones. "+
			"Correct NEOMODEL_NEO4J_BOLT_URL and try again.")
	case code == codeTimedOut || code == codeTimedOutToo:
		return fmt.Errorf("ask Neo4j: %w", errors.Join(context.DeadlineExceeded, err))
	case strings.HasPrefix(code, codeTransient):
		return errs.Wrap(errs.Unavailable, err, "Neo4j at "+g.url+" is too busy. Try again.")
	case unreachable(err):
		return errs.Wrap(errs.Unavailable, err, "Neo4j at "+g.url+" does not answer. Start it, or correct NEOMODEL_NEO4J_BOLT_URL.")
	}
	return fmt.Errorf("ask Neo4j: %w", err)
}

func unreachable(err error) bool {
	_, lost := errors.AsType[*neo4j.ConnectivityError](err)
	_, tired := errors.AsType[*neo4j.TransactionExecutionLimit](err)
	_, closed := errors.AsType[*neo4j.UsageError](err)
	return lost || tired || closed && strings.Contains(err.Error(), "closed")
}
