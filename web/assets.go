package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Prefix is the path that assets are served under.
const Prefix = "/static/"

// Assets are the static files under names that hold a hash of their content,
// as app.1f3a9c02de.css. What has such a name never changes, so browsers keep
// it for ever.
type Assets struct {
	hashed map[string]string // by the name in the source
	files  map[string][]byte // by the hashed name
}

// reference is how one asset names another: "./times.js" or url(./icon.svg).
var reference = regexp.MustCompile(`(["'(])\./([a-z0-9_-]+\.[a-z0-9]+)(["')])`)

const hashDigits = 10

// NewAssets reads the files of a folder. What they refer to in each other is
// rewritten to the hashed names, so that a change reaches whoever imports it.
func NewAssets(folder fs.FS) (*Assets, error) {
	names, err := fs.Glob(folder, "*.*")
	if err != nil {
		return nil, fmt.Errorf("list the static files: %w", err)
	}
	a := &Assets{hashed: map[string]string{}, files: map[string][]byte{}}
	for _, name := range names {
		if _, err := a.add(folder, name, nil); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// add takes a file in, behind those that it refers to. Asking is who refers
// to it, so that a circle is found.
func (a *Assets) add(folder fs.FS, name string, asking []string) (string, error) {
	if hashed, ok := a.hashed[name]; ok {
		return hashed, nil
	}
	if slices.Contains(asking, name) {
		return "", fmt.Errorf("static files refer to each other in a circle: %s", strings.Join(append(asking, name), ", "))
	}
	body, err := fs.ReadFile(folder, name)
	if err != nil {
		return "", fmt.Errorf("read a static file: %w", err)
	}
	var fault error
	body = reference.ReplaceAllFunc(body, func(match []byte) []byte {
		parts := reference.FindSubmatch(match)
		to, err := a.add(folder, string(parts[2]), append(asking, name))
		if err != nil {
			fault = err
		}
		return slices.Concat(parts[1], []byte("./"+to), parts[3])
	})
	if fault != nil {
		return "", fault
	}
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:])[:hashDigits] + ext
	a.hashed[name], a.files[hashed] = hashed, body
	return hashed, nil
}

// URL is where an asset is served. A name that there is none of is an error,
// which templates meet when they are proved.
func (a *Assets) URL(name string) (string, error) {
	hashed, ok := a.hashed[name]
	if !ok {
		return "", fmt.Errorf("there is no static file %q", name)
	}
	return Prefix + hashed, nil
}

// Serve answers with an asset, and tells whether there is one of that name.
func (a *Assets) Serve(w http.ResponseWriter, r *http.Request, name string) bool {
	body, ok := a.files[name]
	if !ok {
		return false
	}
	w.Header().Set("Content-Type", contentType(name))
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	return true
}

// WriteTo writes the assets into a folder, for a web server to serve in our
// place. It gives the names written.
func (a *Assets) WriteTo(dir string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a web server of another user reads it
		return nil, fmt.Errorf("make the folder for static files: %w", err)
	}
	var names []string
	for name, body := range a.files {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o644); err != nil { //nolint:gosec // as above
			return nil, fmt.Errorf("write a static file: %w", err)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// contentType does not ask the system, whose tables differ.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}
