package httpx

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// docsPolicy lets the API pages run: they come with a script and styles of
// their own in the page. No other page has it.
const docsPolicy = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// MountDocs serves the OpenAPI document to everybody, and pages to read and
// try it to those who are signed in.
func MountDocs(router chi.Router, s *Surface, document []byte) {
	router.Method(http.MethodGet, "/api/openapi.json", s.named("/api/openapi.json",
		func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(document)
			return nil
		}))
	pages := v5emb.NewHandlerWithConfig(swgui.Config{
		Title: "Mnemosyne API", SwaggerJSON: "/api/openapi.json", BasePath: "/api/docs/",
		SettingsUI: map[string]string{"tryItOutEnabled": "false", "persistAuthorization": "false", "validatorUrl": "null"},
	})
	docs := s.named("/api/docs/", func(w http.ResponseWriter, r *http.Request) error {
		if _, err := s.Auth.Principal(r); errs.Is(err, errs.Unauthenticated) {
			http.Redirect(w, r, "/accounts/login/?next=/api/docs/", http.StatusFound)
			return nil
		} else if err != nil {
			return err
		}
		w.Header().Set("Content-Security-Policy", docsPolicy)
		pages.ServeHTTP(w, r)
		return nil
	})
	router.Method(http.MethodGet, "/api/docs/", docs)
	router.Method(http.MethodGet, "/api/docs/*", docs)
}
