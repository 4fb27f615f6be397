package httpx

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// DocumentPath is where the OpenAPI document is.
const DocumentPath = "/api/openapi.json"

// MountDocument serves the OpenAPI document to everybody.
func MountDocument(router chi.Router, s *Surface, document []byte) {
	h := s.named(DocumentPath, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document) // the caller has gone: nobody to tell
		return nil
	})
	router.Method(http.MethodGet, DocumentPath, h)
	router.Method(http.MethodHead, DocumentPath, h)
}
