package httpx

import (
	"context"
	"net/http"
	"net/netip"
	"regexp"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// Call is what is known of a request beside its message: where it came from,
// and what the metrics and the access log say of it.
type Call struct {
	Address string // of the client, past the proxies that are trusted
	Scheme  string // http or https, as the client used it

	site             string
	surface, route   string
	credential       accounts.CredentialKind
	username, masked string // for the access log alone
}

type callKey struct{}

// CallOf gives the Call of a request's context. Outside of a Front it is an
// empty one.
func CallOf(ctx context.Context) *Call {
	if c, ok := ctx.Value(callKey{}).(*Call); ok {
		return c
	}
	return &Call{Scheme: "http"}
}

// SiteURL is scheme://host of the site as a message may name it that is read
// elsewhere, or empty where that cannot be told: whoever sends a request chooses
// its Host, so one that any may be is not taken.
func SiteURL(ctx context.Context) string { return CallOf(ctx).site }

// Origin says where a request came from, for the audit trail.
func Origin(r *http.Request) accounts.Origin {
	return accounts.Origin{Address: CallOf(r.Context()).Address, RequestID: telemetry.RequestID(r.Context())}
}

// Named tells metrics and logs which surface and route answer. Route is a
// pattern, never a path.
func Named(surface, route string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := CallOf(r.Context())
		c.surface, c.route = surface, route
		next.ServeHTTP(w, r)
	})
}

// AuthenticatedBy tells metrics and logs by what kind of credential the
// caller was recognised, and the access log as whom.
func AuthenticatedBy(r *http.Request, p accounts.Principal) {
	c := CallOf(r.Context())
	c.credential, c.username, c.masked = p.Credential.Kind, p.Username, p.Credential.Masked
}

// proxies are the networks whose forwarding headers count.
type proxies []netip.Prefix

func (p proxies) trust(address string) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	ip = ip.Unmap()
	for _, network := range p {
		if network.Contains(ip) {
			return true
		}
	}
	return false
}

// client finds the address nearest to us that is no proxy of ours, and the
// scheme that the last of them was asked with.
func (p proxies) client(r *http.Request) (address, scheme string) {
	address, scheme = peer(r.RemoteAddr), "http"
	if r.TLS != nil {
		scheme = "https"
	}
	if !p.trust(address) {
		return address, scheme
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trust(address); i-- {
		hop := peer(strings.TrimSpace(hops[i]))
		if hop == "" {
			break
		}
		address = hop
	}
	if proto := last(r.Header.Values("X-Forwarded-Proto")); proto == "https" || proto == "http" {
		scheme = proto
	}
	return address, scheme
}

// peer is the address of host:port or of a bare address, empty if it is none.
func peer(s string) string {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at.Addr().Unmap().String()
	}
	if ip, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return ip.Unmap().String()
	}
	return ""
}

func last(values []string) string {
	all := strings.Split(strings.Join(values, ","), ",")
	return strings.ToLower(strings.TrimSpace(all[len(all)-1]))
}

// requestID takes the id that a trusted proxy gave, or makes one.
func (p proxies) requestID(r *http.Request, wellFormed *regexp.Regexp) string {
	if id := r.Header.Get("X-Request-Id"); id != "" && wellFormed.MatchString(id) && p.trust(peer(r.RemoteAddr)) {
		return id
	}
	return telemetry.NewRequestID()
}
