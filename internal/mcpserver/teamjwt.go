package mcpserver

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	jwtLeeway     = 30 * time.Second // on both edges: clocks differ
	perTurnIssuer = "daedalus"
	perTurnSays   = "Per-turn JWTs are no longer accepted; mint a team JWT."
	latestExpiry  = 253402300799 // the end of the year 9999, which JSON can say
)

// compact is what a JWT looks like: base64url without padding, three times.
// Go's decoder would overlook line breaks.
var compact = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)

// presented is a JWT as the caller wrote it, of the shape of ours and not yet
// verified.
type presented struct {
	kid, teamID, jti string
	expires          time.Time
}

// readJWT takes a JWT apart and refuses what cannot be one of ours. All that
// it tells the caller follows from what the caller sent. A per-turn JWT is
// told apart before anything else is looked at: others signed it, so that
// neither its header nor its signature is one of ours.
func readJWT(bearer string) (presented, error) {
	claims, err := readClaims(bearer)
	if err != nil {
		return presented{}, invalidJWT(accounts.RefusedJWTMalformed)
	}
	if claims["iss"] == perTurnIssuer || claims["typ"] != jwtType {
		return presented{}, accounts.Refuse(accounts.RefusedPerTurn, perTurnSays)
	}
	kid, err := readHeader(bearer)
	if err != nil {
		return presented{}, invalidJWT(accounts.RefusedJWTMalformed)
	}
	if !kidPattern.MatchString(kid) {
		return presented{}, invalidJWT(accounts.RefusedJWTKey)
	}
	p, ok := ourClaims(claims)
	if !ok {
		return presented{}, invalidJWT(accounts.RefusedJWTClaims)
	}
	if _, err := segment(bearer[strings.LastIndex(bearer, ".")+1:]); err != nil {
		return presented{}, invalidJWT(accounts.RefusedJWTMalformed)
	}
	p.kid = kid
	return p, nil
}

func invalidJWT(why accounts.Refusal) error { return accounts.Refuse(why, "Invalid token.") }

// segment decodes one of a JWT's three parts. Spare bits must be zero, so
// that a JWT can be written in one way only.
func segment(text string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().DecodeString(text)
}

// readClaims reads the claims as they stand, each once.
func readClaims(bearer string) (claims map[string]any, err error) {
	if !compact.MatchString(bearer) {
		return nil, errors.New("not three parts of base64url")
	}
	raw, err := segment(strings.Split(bearer, ".")[1])
	if err != nil {
		return nil, err
	}
	_, err = httpx.DecodeObject(raw, &claims)
	return claims, err
}

// readHeader reads the header, which names HS256, JWT and a key, and nothing
// else: nowhere to fetch a key from, and nothing critical to understand.
func readHeader(bearer string) (kid string, err error) {
	var header struct {
		Algorithm string `json:"alg" required:"true"`
		Type      string `json:"typ" required:"true"`
		Kid       string `json:"kid"`
	}
	text, _, _ := strings.Cut(bearer, ".")
	raw, err := segment(text)
	if err != nil {
		return "", err
	}
	if _, err := httpx.DecodeObject(raw, &header); err != nil {
		return "", err
	}
	if header.Algorithm != jwt.SigningMethodHS256.Alg() || header.Type != headerType {
		return "", errors.New("not HS256, or no JWT")
	}
	return header.Kid, nil
}

// ourClaims tells whether the claims are those that a team JWT has, all of
// them and no other, each of its type.
func ourClaims(claims map[string]any) (p presented, ok bool) {
	text := func(name string) string { s, _ := claims[name].(string); return s }
	seconds := func(name string) int64 {
		number, _ := claims[name].(json.Number)
		n, err := number.Int64()
		if err != nil {
			return 0
		}
		return n
	}
	issued, expires := seconds("iat"), seconds("exp")
	sub, jti := text("sub"), text("jti")
	id, _ := strings.CutPrefix(sub, subPrefix)
	ok = len(claims) == 7 && text("iss") == jwtIssuer && text("aud") == jwtIssuer &&
		isUUID(id) && sub == subPrefix+id && isUUID(jti) &&
		0 < issued && issued < expires && expires <= latestExpiry
	return presented{teamID: id, jti: jti, expires: time.Unix(expires, 0).UTC()}, ok
}

// isUUID tells whether a text is a UUID as we write them.
func isUUID(text string) bool {
	id, ok := TeamID(text)
	return ok && id == text
}

// selectJWT reads in one statement all that a JWT stands on: the key, the
// team, its owner and its workspaces, so that whatever was taken back is gone
// at the next request, whichever process took it back.
const selectJWT = `SELECT k.secret_hex, t.id, t.name, t.active, t.active_jti, t.last_used_at, u.id, u.username, u.is_active, ` + workspacesColumn + `
	FROM mcp_signing_key k
	LEFT JOIN team t ON t.id = $2
	LEFT JOIN auth_user u ON u.id = t.owner_id
	WHERE k.kid = $1 AND k.is_active`

// standing is what a JWT stands on.
type standing struct {
	secretHex                            string
	teamID, name, jti, ownerID, username *string // nil: no team
	active, ownerActive                  *bool
	lastUsed                             sqldb.NullTime
	workspaces                           string
}

func scanStanding(r sqldb.Row) (s standing, err error) {
	err = r.Scan(&s.secretHex, &s.teamID, &s.name, &s.active, &s.jti, &s.lastUsed, &s.ownerID, &s.username, &s.ownerActive, &s.workspaces)
	return s, err
}

// resolveTeamJWT verifies a team JWT and finds whom it stands for: the team's
// owner, narrowed to the workspaces that the team has now.
func (r *Resolver) resolveTeamJWT(ctx context.Context, bearer string, surface Surface) (accounts.Principal, error) {
	if surface == REST {
		return nobody(accounts.RefusedJWTHere, "A JWT is not accepted here; use a UserToken.")
	}
	shown, err := readJWT(bearer)
	if err != nil {
		return accounts.Principal{}, err
	}
	found, err := sqldb.One(ctx, r.db.Read(), scanStanding, selectJWT, shown.kid, shown.teamID)
	if sqldb.Missing(err) {
		return accounts.Principal{}, invalidJWT(accounts.RefusedJWTKey)
	}
	if err != nil {
		return accounts.Principal{}, fmt.Errorf("find what a team JWT stands on: %w", err)
	}
	if err := r.verify(bearer, found.secretHex); err != nil {
		return accounts.Principal{}, err
	}
	if err := found.admits(shown); err != nil {
		return accounts.Principal{}, err
	}
	r.teamsUsed.Mark(ctx, shown.teamID, found.lastUsed.Ptr(), r.now())
	return accounts.Principal{
		UserID: *found.ownerID, Username: *found.username,
		Credential: accounts.Credential{
			Kind: accounts.CredentialTeam, ID: shown.teamID, Name: *found.name, Masked: subPrefix + shown.teamID, ExpiresAt: &shown.expires,
		},
		Scope: accounts.Scope{Kind: accounts.ScopeWorkspaces, Workspaces: splitWorkspaces(found.workspaces)},
	}, nil
}

// verify checks the signature, and of a JWT that is signed well its times.
func (r *Resolver) verify(bearer, secretHex string) error {
	secret, err := decodeSecret(secretHex)
	if err != nil {
		return err
	}
	_, err = r.jwts.ParseWithClaims(bearer, &jwt.RegisteredClaims{}, func(*jwt.Token) (any, error) { return secret, nil })
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrTokenExpired):
		return accounts.Refuse(accounts.RefusedJWTExpired, "The token has expired.")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return invalidJWT(accounts.RefusedJWTSignature)
	}
	return invalidJWT(accounts.RefusedJWTClaims)
}

// newJWTs is the verifier of team JWTs.
func newJWTs(now func() time.Time) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithStrictDecoding(),
		jwt.WithIssuer(jwtIssuer), jwt.WithAudience(jwtIssuer),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(jwtLeeway), jwt.WithTimeFunc(now),
	)
}

// admits tells whether the team lets a JWT in that a key of ours signed.
func (s standing) admits(shown presented) error {
	switch {
	case s.teamID == nil:
		return accounts.Refuse(accounts.RefusedTeamUnknown, "Team JWT references an unknown team.")
	case !*s.active:
		return accounts.Refuse(accounts.RefusedTeamInactive, "Team JWT references an inactive team.")
	case s.jti == nil || *s.jti != shown.jti:
		return accounts.Refuse(accounts.RefusedTeamRotated, "Team JWT was replaced by a newer one.")
	case !*s.ownerActive:
		return accounts.Refuse(accounts.RefusedDisabled, "Team owner is disabled.")
	}
	return nil
}
