package accounts

import (
	"errors"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Refusal is why a bearer stands for nobody: one word of a small fixed set,
// for metrics and logs. Callers are told a sentence, never this.
type Refusal string

// The refusals. A new one is added to Refusals as well.
const (
	RefusedMissing      Refusal = "missing"       // no Authorization header
	RefusedMalformed    Refusal = "malformed"     // not Bearer and one token, or no token of ours
	RefusedUnknown      Refusal = "unknown"       // well formed, and nobody has it
	RefusedRevoked      Refusal = "revoked"       // a UserToken that was revoked
	RefusedExpired      Refusal = "expired"       // a UserToken whose time is over
	RefusedDisabled     Refusal = "disabled"      // the user, or a team's owner, is disabled
	RefusedJWTHere      Refusal = "jwt_not_here"  // a JWT at a door that takes none
	RefusedJWTMalformed Refusal = "jwt_malformed" // not a JWT of the kind that is taken: header, algorithm, encoding
	RefusedJWTKey       Refusal = "jwt_key"       // no kid, or one of no active key
	RefusedJWTSignature Refusal = "jwt_signature" // not signed by the key it names
	RefusedJWTExpired   Refusal = "jwt_expired"   // exp is past
	RefusedJWTClaims    Refusal = "jwt_claims"    // any other claim is wrong or missing
	RefusedPerTurn      Refusal = "per_turn"      // a per-turn JWT of earlier versions
	RefusedTeamUnknown  Refusal = "team_unknown"  // no such team
	RefusedTeamInactive Refusal = "team_inactive" // the team was deleted
	RefusedTeamRotated  Refusal = "team_rotated"  // a later JWT took this one's place
	RefusedOther        Refusal = "other"
)

// Refusals is every refusal, so that metrics can show each from the start.
func Refusals() []Refusal {
	return []Refusal{
		RefusedMissing, RefusedMalformed, RefusedUnknown, RefusedRevoked, RefusedExpired, RefusedDisabled,
		RefusedJWTHere, RefusedJWTMalformed, RefusedJWTKey, RefusedJWTSignature, RefusedJWTExpired, RefusedJWTClaims,
		RefusedPerTurn, RefusedTeamUnknown, RefusedTeamInactive, RefusedTeamRotated, RefusedOther,
	}
}

// Error makes a refusal the cause of the error that the caller gets.
func (r Refusal) Error() string { return string(r) }

// Refuse makes the error of a bearer that stands for nobody: Unauthenticated,
// with a message for the caller that shows no secret.
func Refuse(why Refusal, message string) error {
	return errs.Wrap(errs.Unauthenticated, why, message)
}

// RefusalOf is why a bearer was refused. An Unauthenticated error that does
// not say is RefusedOther, and any other error is none.
func RefusalOf(err error) (why Refusal, refused bool) {
	if why, ok := errors.AsType[Refusal](err); ok {
		return why, true
	}
	return RefusedOther, errs.Is(err, errs.Unauthenticated)
}

// SSORefusal is why a sign-in through a sign-on server came to nothing: one
// word of a small fixed set, for the audit trail and the log.
type SSORefusal string

// The refusals.
const (
	SSOState        SSORefusal = "state"        // not begun in this browser, or too long ago
	SSODenied       SSORefusal = "denied"       // the server says so
	SSOCode         SSORefusal = "code"         // the server does not know the code, or no more
	SSOClient       SSORefusal = "client"       // the server does not know us
	SSOUnreachable  SSORefusal = "unreachable"  // the server does not answer, or not as one
	SSOToken        SSORefusal = "token"        // its answer proves nothing
	SSOOrganisation SSORefusal = "organisation" // another one, or none that we are told of
	SSOUsername     SSORefusal = "username"     // no name that an account may have
	SSOTaken        SSORefusal = "taken"        // another account has the name
	SSODisabled     SSORefusal = "disabled"
)

// Error makes a refusal the cause of the error that the caller gets.
func (r SSORefusal) Error() string { return string(r) }

// SSORefusalOf is why, when an error says.
func SSORefusalOf(err error) (why SSORefusal, ok bool) {
	return errors.AsType[SSORefusal](err)
}
