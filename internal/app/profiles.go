package app

import (
	"net/http"
	"net/http/pprof"

	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/lifecycle"
)

// addProfiles shows the profiles of Go's runtime at an address of their own,
// where the settings name one. Nobody is asked who they are there.
func (s *Services) addProfiles(group *lifecycle.Group) {
	addr := s.Settings.HTTP.ProfileAddr
	if addr == "" {
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	group.Add("profiles", httpx.NewServer(addr, mux, s.Log))
}
