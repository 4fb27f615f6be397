package mcptools

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// routes is every path of the surface.
func (s *Server) routes(protocol http.Handler) http.Handler {
	speak := httpx.Named("mcp", "/mcp/", s.allowOrigin(s.authenticate(s.checkEnvelope(protocol))))
	health := httpx.Named("health", "/mcp/health", http.HandlerFunc(s.health))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/mcp", "/mcp/":
			// nginx would hold an event stream back otherwise.
			w.Header().Set("X-Accel-Buffering", "no")
			speak.ServeHTTP(w, r)
		case "/mcp/health", "/mcp/health/":
			health.ServeHTTP(w, r)
		default:
			refuse(w, http.StatusNotFound, nil, codeInvalidRequest, "There is nothing here. The MCP server is at /mcp/.")
		}
	})
}

func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, nil, codeInvalidRequest, "Use GET.")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(struct {
		Status  string `json:"status"`
		Version string `json:"version"`
	}{"ok", s.opt.Version})
}

// allowOrigin refuses requests that a browser makes for a page from elsewhere.
// Programs send no Origin.
func (s *Server) allowOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, origin := range r.Header.Values("Origin") {
			if !s.opt.AllowedHosts.AllowOrigin(origin, r.Host) {
				refuse(w, http.StatusForbidden, nil, codeInvalidRequest, "Pages from this origin may not use this server. Add its host to ALLOWED_HOSTS if it is yours.")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// authenticate finds out who calls, anew on each request.
func (s *Server) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := s.principal(r)
		if err != nil {
			s.refuseCaller(w, r, err)
			return
		}
		httpx.AuthenticatedBy(r, p)
		next.ServeHTTP(w, r.WithContext(withCall(r.Context(), p)))
	})
}

// principal asks for whom a bearer stands. Two headers are joined, as REST
// does, which no token looks like: what counts refusals sees this one too.
func (s *Server) principal(r *http.Request) (accounts.Principal, error) {
	header := strings.Join(r.Header.Values("Authorization"), ", ")
	return s.opt.Bearers.Resolve(r.Context(), header, mcpserver.MCP)
}

// refuseCaller answers a caller who is not known. The challenge points at no
// authorization server, so that clients keep to the token they were given.
func (s *Server) refuseCaller(w http.ResponseWriter, r *http.Request, err error) {
	status, code, message := http.StatusInternalServerError, codeInternal, ""
	switch e := errs.As(err); {
	case e != nil && e.Kind == errs.Unauthenticated:
		status, code, message = http.StatusUnauthorized, codeUnauthenticated, e.Message
		challenge := `Bearer realm="mnemosyne"`
		if r.Header.Get("Authorization") != "" {
			challenge += `, error="invalid_token"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
	case e != nil && e.Kind == errs.Forbidden:
		status, code, message = http.StatusForbidden, codeUnauthenticated, e.Message
	case e != nil && e.Kind == errs.RateLimited:
		status, code, message = http.StatusTooManyRequests, codeTooMany, e.Message
	case e != nil && e.Kind == errs.Unavailable:
		status, message = http.StatusServiceUnavailable, e.Message
	default:
		message = s.fault(r.Context(), "bearer_not_resolved", err)
	}
	httpx.RetryAfter(w, status, err)
	refuse(w, status, nil, code, message)
}

// fault logs an error that is ours and gives the sentence to show in its place.
func (s *Server) fault(ctx context.Context, event string, err error) string {
	id := telemetry.RequestID(ctx)
	if id == "" {
		id = telemetry.NewRequestID()
		ctx = telemetry.WithRequestID(ctx, id)
	}
	s.opt.Log.ErrorContext(ctx, "mcp_fault", "at", event, "error", err)
	return "Something went wrong inside the server. Its log has the reason under " + id + "."
}
