package mcpserver_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

const perTurn = "Per-turn JWTs are no longer accepted; mint a team JWT."

// forgery is a JWT that is refused, for a reason of its own.
type forgery struct {
	what string
	why  accounts.Refusal
	jwt  string
}

// The rows that follow prove sections 5, 5.1 and 6.5: what is not exactly a
// team JWT is refused.
func forgeries(t testing.TB, g forger) []forgery {
	t.Helper()
	var all []forgery
	for _, area := range [][]forgery{
		algorithms(t, g), headers(g), kids(g), signatures(g), shapes(g), issuers(g), subjects(g), times(g), perTurns(t, g),
	} {
		all = append(all, area...)
	}
	return all
}

func algorithms(t testing.TB, g forger) []forgery {
	t.Helper()
	m := accounts.RefusedJWTMalformed
	return []forgery{
		{"alg none, no signature", m, g.none("none", "")},
		{"alg none with the good signature", m, g.none("none", g.part(2))},
		{"alg None", m, g.none("None", "AA")},
		{"alg NONE", m, g.none("NONE", "AA")},
		{"alg nOnE", m, g.none("nOnE", "AA")},
		{"alg HS384 by our key", m, g.alg("HS384", sha512.New384)},
		{"alg HS512 by our key", m, g.alg("HS512", sha512.New)},
		{"alg RS256 by a key of theirs", m, g.rsa(t, `{"alg":"RS256","typ":"JWT","kid":"k1"}`)},
		{"alg RS256 over an HMAC by our key", m, g.alg("RS256", sha256.New)},
		{"alg HS256 over an RSA signature", accounts.RefusedJWTSignature, g.rsa(t, header)},
		{"alg ES256", m, g.alg("ES256", sha256.New)},
		{"alg PS256", m, g.alg("PS256", sha256.New)},
		{"alg EdDSA", m, g.alg("EdDSA", sha256.New)},
		{"alg in lower case", m, g.alg("hs256", sha256.New)},
		{"alg with a blank", m, g.alg("HS256 ", sha256.New)},
		{"alg with a NUL", m, g.alg(`HS256\u0000`, sha256.New)},
		{"no alg", m, g.head(`{"typ":"JWT","kid":"k1"}`)},
		{"alg empty", m, g.head(`{"alg":"","typ":"JWT","kid":"k1"}`)},
		{"alg null", m, g.head(`{"alg":null,"typ":"JWT","kid":"k1"}`)},
		{"alg a list", m, g.head(`{"alg":["HS256"],"typ":"JWT","kid":"k1"}`)},
		{"alg a number", m, g.head(`{"alg":256,"typ":"JWT","kid":"k1"}`)},
		{"Alg for alg", m, g.head(`{"Alg":"HS256","typ":"JWT","kid":"k1"}`)},
	}
}

func headers(g forger) []forgery {
	m := accounts.RefusedJWTMalformed
	own := `"jwk":{"kty":"oct","k":"` + b64("their secret") + `"}`
	return []forgery{
		{"no typ in the header", m, g.head(`{"alg":"HS256","kid":"k1"}`)},
		{"header typ at+jwt", m, g.head(`{"alg":"HS256","typ":"at+jwt","kid":"k1"}`)},
		{"header typ JWE", m, g.head(`{"alg":"HS256","typ":"JWE","kid":"k1"}`)},
		{"jku", m, g.head(`{"alg":"HS256","typ":"JWT","kid":"k1","jku":"https://evil.example/keys"}`)},
		{"jwk, signed by it", m, sign([]byte("their secret"), `{"alg":"HS256","typ":"JWT","kid":"k1",`+own+`}`, g.claims())},
		{"jwk, signed by ours", m, g.head(`{"alg":"HS256","typ":"JWT","kid":"k1",` + own + `}`)},
		{"x5u", m, g.head(`{"alg":"HS256","typ":"JWT","kid":"k1","x5u":"https://evil.example/cert"}`)},
		{"x5c", m, g.head(`{"alg":"HS256","typ":"JWT","kid":"k1","x5c":["MIIB"]}`)},
		{"crit that names exp", m, g.head(`{"alg":"HS256","typ":"JWT","kid":"k1","crit":["exp"]}`)},
		{"crit that is empty", m, g.head(`{"alg":"HS256","typ":"JWT","kid":"k1","crit":[]}`)},
		{"b64 false", m, g.head(`{"alg":"HS256","typ":"JWT","kid":"k1","b64":false,"crit":["b64"]}`)},
		{"zip", m, g.head(`{"alg":"HS256","typ":"JWT","kid":"k1","zip":"DEF"}`)},
		{"alg twice", m, g.head(`{"alg":"none","typ":"JWT","kid":"k1","alg":"HS256"}`)},
		{"kid twice", m, g.head(`{"alg":"HS256","typ":"JWT","kid":"k2","kid":"k1"}`)},
		{"kid twice, escaped", m, g.head(`{"alg":"HS256","typ":"JWT","kid":"k2","\u006bid":"k1"}`)},
		{"header a list", m, g.head(`["HS256","JWT","k1"]`)},
		{"header empty", m, g.head(`{}`)},
		{"header no JSON", m, g.head(`alg=HS256`)},
		{"header with more behind it", m, g.head(header + `{}`)},
		{"header with a byte order mark", m, g.head("\ufeff" + header)},
		{"header not UTF-8", m, g.head("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\xff\"}")},
		{"header with deep nesting", m, g.head(`{"alg":"HS256","typ":"JWT","kid":"k1","x":` + strings.Repeat("[", 900) + strings.Repeat("]", 900) + `}`)},
		{"a header larger than is read", accounts.RefusedMalformed, g.head(`{"alg":"HS256","typ":"JWT","kid":"k1"` + strings.Repeat(" ", 8<<10) + `}`)},
	}
}

func kids(g forger) []forgery {
	kid := func(value string) string { return g.head(`{"alg":"HS256","typ":"JWT","kid":` + value + `}`) }
	k, m := accounts.RefusedJWTKey, accounts.RefusedJWTMalformed
	return []forgery{
		{"no kid", k, g.head(`{"alg":"HS256","typ":"JWT"}`)},
		{"kid empty", k, kid(`""`)},
		{"kid null", m, kid(`null`)},
		{"kid a number", m, kid(`1`)},
		{"kid a path up", k, kid(`"../../etc/hostname"`)},
		{"kid an empty file, signed with nothing", k, sign(nil, `{"alg":"HS256","typ":"JWT","kid":"/dev/null"}`, g.claims())},
		{"kid SQL that is always true", k, kid(`"k1' OR '1'='1"`)},
		{"kid SQL that brings a key", k, sign(nil, `{"alg":"HS256","typ":"JWT","kid":"x' UNION SELECT '' --"}`, g.claims())},
		{"kid a pattern", k, kid(`"k%"`)},
		{"kid with a NUL", m, kid(`"k1\u0000"`)},
		{"kid with a line break", k, kid(`"k1\n"`)},
		{"kid with a blank", k, kid(`"k1 "`)},
		{"kid too long", k, kid(`"` + strings.Repeat("k", 65) + `"`)},
		{"kid in another case", k, kid(`"K1"`)},
		{"kid that looks alike", k, kid(`"ｋ1"`)},
		{"kid unknown", k, kid(`"k9"`)},
		{"kid retired", k, kid(`"gone"`)},
		{"kid of another active key", accounts.RefusedJWTSignature, kid(`"k2"`)},
	}
}

func signatures(g forger) []forgery {
	s, m := accounts.RefusedJWTSignature, accounts.RefusedJWTMalformed
	signed := g.part(0) + "." + g.part(1)
	good := g.part(2)
	flipped := "A" + good[1:]
	if good[0] == 'A' {
		flipped = "B" + good[1:]
	}
	spare := good[:len(good)-1] + string(good[len(good)-1]+1) // sets a bit that means nothing
	return []forgery{
		{"no signature", m, signed + "."},
		{"an empty secret, which HMAC takes for zeroes", s, g.by(nil)},
		{"the secret's hex as the secret", s, g.by([]byte(hex.EncodeToString(g.secret)))},
		{"the kid as the secret", s, g.by([]byte("k1"))},
		{"another active key", s, g.by(g.other)},
		{"one bit of the signature", s, signed + "." + flipped},
		{"half of the signature", s, signed + "." + good[:20]},
		{"more than the signature", s, signed + "." + good[:42] + "AAAA"},
		{"the signature of another hash", s, signed + "." + mac(sha512Cut, g.secret, signed)},
		{"the signature as hex", s, signed + "." + hex.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))},
		{"the signature of other claims", s, g.part(0) + "." + b64(g.claims("sub", `"team:`+g.second+`"`)) + "." + good},
		{"the signature of another header", s, b64(`{"alg":"HS256","kid":"k1","typ":"JWT" }`) + "." + g.part(1) + "." + good},
		{"spare bits that are not zero", m, signed + "." + spare},
		{"padding", m, g.good + "="},
		{"the other base64", m, signed + "." + good[:42] + "+"},
		{"a line break inside", m, signed + "." + good[:20] + "\n" + good[20:]},
	}
}

func shapes(g forger) []forgery {
	m := accounts.RefusedJWTMalformed
	return []forgery{
		{"two parts", accounts.RefusedMalformed, g.part(0) + "." + g.part(1)},
		{"four parts", accounts.RefusedMalformed, g.good + "." + g.part(2)},
		{"five parts, as encrypted ones have", accounts.RefusedMalformed, g.good + ".AA.AA"},
		{"a dot before", accounts.RefusedMalformed, "." + g.good},
		{"a dot behind", accounts.RefusedMalformed, g.good + "."},
		{"three empty parts", m, ".."},
		{"an empty header", m, "." + g.part(1) + "." + g.part(2)},
		{"empty claims", m, g.part(0) + ".." + g.part(2)},
		{"letters of another script", m, g.part(0) + "." + g.part(1) + ".подпись"},
		{"a NUL", m, g.good + "\x00"},
		{"claims no JSON", m, g.body(`sub=team`)},
		{"claims a list", m, g.body(`[` + g.claims() + `]`)},
		{"claims a text", m, g.body(`"` + g.team + `"`)},
		{"claims null", m, g.body(`null`)},
		{"claims not UTF-8", m, g.body("{\"typ\":\"team\",\"sub\":\"\xff\"}")},
		{"claims with more behind them", m, g.body(g.claims() + `{}`)},
		{"claims cut short", m, g.body(strings.TrimSuffix(g.claims(), "}"))},
		{"sub twice", m, g.body(strings.Replace(g.claims(), "{", `{"sub":"team:`+g.second+`",`, 1))},
		{"exp twice", m, g.body(strings.Replace(g.claims(), "{", `{"exp":1,`, 1))},
		{"typ twice", m, g.body(strings.Replace(g.claims(), "{", `{"typ":"user",`, 1))},
		{"jti twice, escaped", m, g.body(strings.Replace(g.claims(), "{", `{"\u006ati":"x",`, 1))},
		{"deep nesting", m, g.with("x", strings.Repeat("[", 900)+strings.Repeat("]", 900))},
	}
}

func issuers(g forger) []forgery {
	c := accounts.RefusedJWTClaims
	return []forgery{
		{"no iss", c, g.with("iss", "")},
		{"iss of others", c, g.with("iss", `"evil"`)},
		{"iss in another case", c, g.with("iss", `"Mnemosyne"`)},
		{"iss DAEDALUS", c, g.with("iss", `"DAEDALUS"`)},
		{"iss null", c, g.with("iss", `null`)},
		{"iss a list", c, g.with("iss", `["mnemosyne"]`)},
		{"no aud", c, g.with("aud", "")},
		{"aud of others", c, g.with("aud", `"pallas"`)},
		{"aud a list of ours", c, g.with("aud", `["mnemosyne"]`)},
		{"aud a list with ours", c, g.with("aud", `["evil","mnemosyne"]`)},
		{"aud empty", c, g.with("aud", `""`)},
		{"aud null", c, g.with("aud", `null`)},
		{"aud an object", c, g.with("aud", `{"mnemosyne":true}`)},
		{"a claim that is none of ours", c, g.with("scope", `"admin"`)},
		{"a claim in another case", c, g.with("sub", "", "Sub", `"team:`+g.team+`"`)},
		{"nbf", c, g.with("nbf", g.seconds(time.Hour))},
	}
}

func subjects(g forger) []forgery {
	c := accounts.RefusedJWTClaims
	sub := func(text string) string { return g.with("sub", `"`+text+`"`) }
	return []forgery{
		{"no sub", c, g.with("sub", "")},
		{"sub a number", c, g.with("sub", "1")},
		{"sub null", c, g.with("sub", "null")},
		{"sub without team:", c, sub(g.team)},
		{"sub of a user", c, sub("user:" + g.owner)},
		{"sub with nothing behind team:", c, sub("team:")},
		{"sub TEAM:", c, sub("TEAM:" + g.team)},
		{"sub team:team:", c, sub("team:team:" + g.team)},
		{"sub in upper case", c, sub("team:" + strings.ToUpper(g.team))},
		{"sub in braces", c, sub("team:{" + g.team + "}")},
		{"sub as urn", c, sub("team:urn:uuid:" + g.team)},
		{"sub without dashes", c, sub("team:" + strings.ReplaceAll(g.team, "-", ""))},
		{"sub with a blank", c, sub("team:" + g.team + " ")},
		{"sub a pattern", c, sub("team:%")},
		{"sub SQL", c, sub("team:' OR '1'='1")},
		{"sub of a user as a team", accounts.RefusedTeamUnknown, sub("team:" + g.owner)},
		{"sub of a team that is not there", accounts.RefusedTeamUnknown, sub("team:00000000-0000-0000-0000-000000000000")},
		{"sub of another team", accounts.RefusedTeamRotated, sub("team:" + g.second)},
		{"no jti", c, g.with("jti", "")},
		{"jti null", c, g.with("jti", "null")},
		{"jti a number", c, g.with("jti", "1")},
		{"jti empty", c, g.with("jti", `""`)},
		{"jti in upper case", c, g.with("jti", `"`+strings.ToUpper(g.jti)+`"`)},
		{"jti no UUID", c, g.with("jti", `"1"`)},
		{"jti of no JWT of the team", accounts.RefusedTeamRotated, g.with("jti", `"00000000-0000-4000-8000-000000000000"`)},
	}
}

func times(g forger) []forgery {
	c, m := accounts.RefusedJWTClaims, accounts.RefusedJWTMalformed
	return []forgery{
		{"no exp", c, g.with("exp", "")},
		{"exp null", c, g.with("exp", "null")},
		{"exp a text", c, g.with("exp", `"`+g.seconds(time.Hour)+`"`)},
		{"exp true", c, g.with("exp", "true")},
		{"exp a list", c, g.with("exp", "["+g.seconds(time.Hour)+"]")},
		{"exp with a fraction", c, g.with("exp", g.seconds(time.Hour)+".5")},
		{"exp with an exponent", c, g.with("exp", "1e11")},
		{"exp beyond what a float holds", c, g.with("exp", "1e400")},
		{"exp beyond 64 bits", c, g.with("exp", "9223372036854775808")},
		{"exp the largest of 64 bits", c, g.with("exp", "9223372036854775807")},
		{"exp after the year 9999", c, g.with("exp", "253402300800")},
		{"exp NaN", m, g.with("exp", "NaN")},
		{"exp Infinity", m, g.with("exp", "Infinity")},
		{"exp zero", c, g.with("exp", "0")},
		{"exp negative", c, g.with("exp", "-1")},
		{"exp before iat", c, g.with("exp", g.seconds(-time.Second))},
		{"exp past by 31 s", accounts.RefusedJWTExpired, g.with("iat", g.seconds(-time.Hour), "exp", g.seconds(-31*time.Second))},
		{"exp long past", accounts.RefusedJWTExpired, g.with("iat", "1", "exp", "2")},
		{"no iat", c, g.with("iat", "")},
		{"iat a text", c, g.with("iat", `"`+g.seconds(0)+`"`)},
		{"iat with a fraction", c, g.with("iat", g.seconds(0)+".0")},
		{"iat negative", c, g.with("iat", "-1")},
		{"iat 31 s from now", c, g.with("iat", g.seconds(31*time.Second))},
		{"iat a year from now", c, g.with("iat", g.seconds(365*24*time.Hour))},
	}
}

// Section 6.5: a legacy per-turn JWT is told what to do instead, whoever
// signed it.
func perTurns(t testing.TB, g forger) []forgery {
	t.Helper()
	p := accounts.RefusedPerTurn
	turn := `{"iss":"daedalus","aud":"mnemosyne","sub":"user:7","iat":1715000000,"exp":1715000300,"libraries":["a"]}`
	return []forgery{
		{"a per-turn JWT of old", p, sign([]byte("the secret of Daedalus"), `{"alg":"HS256","typ":"JWT"}`, turn)},
		{"a per-turn JWT of old by RS256", p, rsaTurn(t, g, turn)},
		{"iss daedalus with typ team by our key", p, g.with("iss", `"daedalus"`)},
		{"iss daedalus with typ team by another", p, sign([]byte("x"), header, g.claims("iss", `"daedalus"`))},
		{"no typ", p, g.with("typ", "")},
		{"no typ by another", p, sign([]byte("x"), `{}`, g.claims("typ", ""))},
		{"no claims at all", p, g.body("{}")},
		{"typ Team", p, g.with("typ", `"Team"`)},
		{"typ user", p, g.with("typ", `"user"`)},
		{"typ per-turn", p, g.with("typ", `"per-turn"`)},
		{"typ null", p, g.with("typ", "null")},
		{"typ a number", p, g.with("typ", "1")},
		{"typ a list", p, g.with("typ", `["team"]`)},
		{"TYP for typ", p, g.with("typ", "", "TYP", `"team"`)},
	}
}

func rsaTurn(t testing.TB, g forger, turn string) string {
	t.Helper()
	jwt := strings.Split(g.rsa(t, `{"alg":"RS256","typ":"JWT","kid":"daedalus-1"}`), ".")
	return jwt[0] + "." + b64(turn) + "." + jwt[2]
}

func TestSection65WhatIsNotExactlyATeamJWTIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		g := newForger(t, f)
		rebuilt := g.with() // what the rows differ from is accepted
		for _, jwt := range []string{g.good, rebuilt} {
			if p, err := f.resolver.Resolve(t.Context(), "Bearer "+jwt, mcpserver.MCP); err != nil || p.UserID != f.ann.ID {
				t.Fatalf("the true one is refused: %v", err)
			}
		}
		seen := map[string]bool{}
		for _, row := range forgeries(t, g) {
			if seen[row.what] || seen[row.jwt] || row.jwt == g.good || row.jwt == rebuilt {
				t.Errorf("%s: the row is no forgery of its own", row.what)
			}
			seen[row.what], seen[row.jwt] = true, true
			p, err := f.resolver.Resolve(t.Context(), "Bearer "+row.jwt, mcpserver.MCP)
			why, _ := accounts.RefusalOf(err)
			if !errs.Is(err, errs.Unauthenticated) || why != row.why || p.UserID != "" || p.Scope.Kind != accounts.ScopeNone {
				t.Errorf("%s: %+v, %v as %q; want it refused as %q", row.what, p, err, why, row.why)
				continue
			}
			if said, want := errs.As(err).Message, saidOf(row.why); said != want && row.why != accounts.RefusedMalformed {
				t.Errorf("%s: it says %q; want %q", row.what, said, want)
			}
		}
		if len(seen)/2 < 60 {
			t.Errorf("%d forgeries; want at least 60", len(seen)/2)
		}
	})
}

// saidOf is what the caller is told: without a signature of ours no more than
// follows from what they sent.
func saidOf(why accounts.Refusal) string {
	switch why {
	case accounts.RefusedPerTurn:
		return perTurn
	case accounts.RefusedJWTExpired:
		return "The token has expired."
	case accounts.RefusedTeamUnknown:
		return "Team JWT references an unknown team."
	case accounts.RefusedTeamRotated:
		return "Team JWT was replaced by a newer one."
	default:
		return "Invalid token."
	}
}

func TestNoForgeryIsTakenOnREST(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		g := newForger(t, f)
		_, err := f.resolver.Resolve(t.Context(), "Bearer "+g.good, mcpserver.REST)
		wantRefusal(t, err, accounts.RefusedJWTHere)
		for _, row := range forgeries(t, g) {
			_, err := f.resolver.Resolve(t.Context(), "Bearer "+row.jwt, mcpserver.REST)
			wantKind(t, err, errs.Unauthenticated)
		}
	})
}
