// Package internal_test keeps the program's layers: which package may know which.
package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "git.helu.ca/r/mnemosyne/"

// layer is a set of packages, each with all below it, and the layers that its
// code may import besides its own. Tests may import what they like.
type layer struct {
	name     string
	packages []string
	may      []string
}

// layers has the more particular packages first: the first match counts.
func layers() []layer {
	return []layer{
		// Only tests import these.
		{"test help", []string{"internal/testkit", "internal/sqldb/sqldbtest", "internal/library/graphtest", "internal/queue/queuetest", "internal/cache/cachetest", "internal/mail/mailtest", "internal/blob/blobtest", "internal/blob/s3/s3test", "internal/dashboard/dashboardtest"}, []string{"any"}},

		// It measures engines and services by themselves.
		{"benchmarks and the chaos harness", []string{"cmd/bench", "cmd/benchextract", "cmd/benchsearch", "cmd/chaos"}, []string{"any"}},

		{"commands", []string{"cmd"}, []string{"composition", "surfaces", "mcpserver", "library", "llmmanager", "accounts", "httpx", "parts", "settings", "errs"}},
		{"composition", []string{"internal/app"}, []string{"handover", "engines", "surfaces", "mcpserver", "library", "llmmanager", "accounts", "httpx", "parts", "settings", "errs"}},

		{"surfaces", []string{
			"internal/mcpserver/teamsapi", "internal/mcpserver/mcptools", "internal/library/libraryapi", "internal/dashboard", "internal/worker",
		}, []string{"mcpserver", "library", "llmmanager", "accounts", "httpx", "parts", "errs"}},

		// What a store hands over, as ingest takes it.
		{"handover", []string{"internal/library/ingest/s3source"}, []string{"engines", "library", "parts", "errs"}},

		// An engine is one of several ways to do what an app or a part asks for.
		{"engines", []string{
			"internal/library/sqlitegraph", "internal/library/neo4jgraph",
			"internal/embedding/", "internal/blob/", "internal/queue/", "internal/cache/",
		}, []string{"library", "parts", "errs"}},

		{"mcpserver", []string{"internal/mcpserver"}, []string{"library", "llmmanager", "accounts", "httpx", "parts", "errs"}},
		{"library", []string{"internal/library"}, []string{"accounts", "httpx", "parts", "errs"}},
		{"llmmanager", []string{"internal/llmmanager"}, []string{"accounts", "httpx", "parts", "errs"}},
		{"accounts", []string{"internal/accounts"}, []string{"parts", "errs"}},

		// Of accounts it may use the Principal; see the test below.
		{"httpx", []string{"internal/httpx"}, []string{"accounts", "parts", "errs"}},
		{"parts", []string{
			"internal/sqldb", "internal/queue", "internal/blob", "internal/cache", "internal/embedding",
			"internal/lifecycle", "internal/mail", "internal/telemetry", "internal/usage", "migrations", "web",
		}, []string{"errs"}},
		{"settings", []string{"internal/settings"}, nil},
		{"errs", []string{"internal/errs"}, nil},
	}
}

func TestPackagesImportOnlyTheLayersBelow(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t) {
		from, ok := layerOf(p.path)
		if !ok {
			t.Errorf("%s is in no layer: give it a place in the table of this test", p.path)
			continue
		}
		for _, imported := range p.imports {
			if to, ok := layerOf(imported); ok && !allowed(p.path, imported, from, to) {
				t.Errorf("%s imports %s, but the layer %q must not know the layer %q", p.path, imported, from.name, to.name)
			}
		}
	}
}

func allowed(path, imported string, from, to layer) bool {
	switch {
	case from.name == "engines" && to.name == "engines":
		return engine(path) == engine(imported)
	case from.name == "surfaces" && to.name == "surfaces":
		return from.root(path) == from.root(imported)
	}
	return from.name == to.name || slices.Contains(from.may, to.name) || slices.Contains(from.may, "any")
}

// engine is the package that an engine's helpers lie below, as
// internal/blob/files for internal/blob/files/sweep.
func engine(path string) string {
	const depth = 3
	parts := strings.Split(path, "/")
	return strings.Join(parts[:min(depth, len(parts))], "/")
}

func layerOf(path string) (layer, bool) {
	for _, l := range layers() {
		if l.root(path) != "" {
			return l, true
		}
	}
	return layer{}, false
}

// root is which of the layer's packages the path belongs to, or empty. One
// written with a slash at its end stands for what lies below it only.
func (l layer) root(path string) string {
	for _, p := range l.packages {
		if path == p || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/") {
			return p
		}
	}
	return ""
}

func TestHTTPKnowsOfAccountsOnlyWhoActs(t *testing.T) {
	t.Parallel()
	permitted := declared(t, "accounts/principal.go")
	files, err := filepath.Glob("httpx/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		ast.Inspect(parse(t, file), func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == "accounts" && !permitted[selector.Sel.Name] {
				t.Errorf("%s uses accounts.%s, but of accounts httpx may know only what principal.go declares", file, selector.Sel.Name)
			}
			return true
		})
	}
}

func declared(t *testing.T, file string) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	for _, decl := range parse(t, file).Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names[s.Name.Name] = true
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names[n.Name] = true
				}
			}
		}
	}
	return names
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

type goPackage struct {
	path    string // within the module
	imports []string
}

// listPackages is every package of the module with what its own code, tests
// apart, imports of the module.
func listPackages(t *testing.T) []goPackage {
	t.Helper()
	readTree(t)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		path := strings.TrimPrefix(p.ImportPath, module)
		if path == "internal" { // this test alone
			continue
		}
		one := goPackage{path: path}
		for _, imported := range p.Imports {
			if rest, ok := strings.CutPrefix(imported, module); ok {
				one.imports = append(one.imports, rest)
			}
		}
		all = append(all, one)
	}
}

// readTree looks at every source folder, so that `go test` notices a change
// there and does not repeat an earlier result: it cannot see what go list reads.
func readTree(t *testing.T) {
	t.Helper()
	for _, top := range []string{".", "../cmd", "../migrations"} {
		err := filepath.WalkDir(top, func(_ string, _ fs.DirEntry, err error) error { return err })
		if err != nil {
			t.Fatal(err)
		}
	}
}
