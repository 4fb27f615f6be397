package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/printer"
	"go/token"
	"path"
	"path/filepath"
	"strings"
)

// packages are those whose documentation refers to one another's types most.
const packages = `archive/tar archive/zip bufio bytes compress/flate compress/gzip compress/zlib container/heap container/list context
crypto crypto/cipher crypto/rsa crypto/tls crypto/x509 database/sql database/sql/driver encoding encoding/base64 encoding/binary encoding/csv
encoding/gob encoding/json encoding/pem encoding/xml errors expvar flag fmt go/ast go/parser go/token hash hash/crc32 html/template image
image/color image/draw image/gif image/jpeg image/png io io/fs log log/slog math/big math/rand mime mime/multipart net net/http
net/http/cookiejar net/http/httptest net/http/httputil net/mail net/netip net/rpc net/smtp net/textproto net/url os os/exec os/signal os/user path
path/filepath reflect regexp runtime/debug sort strconv strings sync sync/atomic testing testing/fstest text/scanner text/tabwriter
text/template time unicode/utf8`

// symbol is an exported function, method or type with its documentation.
type symbol struct {
	id      string // net/http.Client.Do
	title   string // http.Client.Do
	pkg     string // its import path
	recv    string // the type, of a method
	name    string
	decl    string // its declaration, without a body
	doc     string // plain text
	isType  bool
	results []string // types of what it returns, as pkg.Name
	params  []param
	links   []link
}

type param struct{ name, of string }

// link is a symbol that the documentation refers to, and the words before.
type link struct{ to, before string }

// catalog is all that is documented.
type catalog struct {
	passages []*symbol // by package, then as go/doc sorts
	byID     map[string]*symbol
}

func readLibrary(root string) (*catalog, error) {
	l := &catalog{byID: map[string]*symbol{}}
	for _, p := range strings.Fields(packages) {
		if err := l.read(root, p); err != nil {
			return nil, fmt.Errorf("read %s: %w", p, err)
		}
	}
	return l, nil
}

func (l *catalog) read(root, importPath string) error {
	ctx := build.Default
	ctx.GOOS, ctx.GOARCH, ctx.CgoEnabled = "linux", "amd64", false
	dir := filepath.Join(root, "src", filepath.FromSlash(importPath))
	found, err := ctx.ImportDir(dir, 0)
	if err != nil {
		return err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range found.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	pkg, err := doc.NewFromFiles(fset, files, importPath)
	if err != nil {
		return err
	}
	r := reader{l, fset, pkg}
	r.functions(pkg.Funcs)
	for _, t := range pkg.Types {
		r.add(&symbol{name: t.Name, isType: true, decl: r.source(t.Decl)}, t.Doc)
		r.functions(t.Funcs)
		r.functions(t.Methods)
	}
	return nil
}

type reader struct {
	*catalog

	fset *token.FileSet
	pkg  *doc.Package
}

func (r reader) functions(all []*doc.Func) {
	for _, f := range all {
		if f.Level > 0 { // of an embedded type, documented there
			continue
		}
		decl := *f.Decl
		decl.Body, decl.Doc = nil, nil
		s := &symbol{name: f.Name, recv: strings.TrimLeft(f.Recv, "*"), decl: r.source(&decl)}
		s.recv, _, _ = strings.Cut(s.recv, "[")
		for _, field := range fieldsOf(decl.Type.Results) {
			s.results = append(s.results, r.typeName(field.Type))
		}
		for _, field := range fieldsOf(decl.Type.Params) {
			for _, name := range field.Names {
				s.params = append(s.params, param{name.Name, r.typeName(field.Type)})
			}
		}
		r.add(s, f.Doc)
	}
}

func fieldsOf(list *ast.FieldList) []*ast.Field {
	if list == nil {
		return nil
	}
	return list.List
}

// add keeps what has a sentence of documentation.
func (r reader) add(s *symbol, text string) {
	if len(strings.Fields(text)) < 5 {
		return
	}
	s.pkg = r.pkg.ImportPath
	s.id = s.pkg + "." + dot(s.recv, s.name)
	s.title = path.Base(s.pkg) + "." + dot(s.recv, s.name)
	parsed := r.pkg.Parser().Parse(text)
	s.doc = strings.TrimSpace(string(r.pkg.Printer().Text(parsed)))
	for _, block := range parsed.Content {
		if p, ok := block.(*comment.Paragraph); ok {
			s.links = append(s.links, r.links(p.Text)...)
		}
	}
	r.passages = append(r.passages, s)
	r.byID[s.id] = s
}

func dot(recv, name string) string {
	if recv == "" {
		return name
	}
	return recv + "." + name
}

// links gives what a paragraph refers to.
func (r reader) links(text []comment.Text) (out []link) {
	before := ""
	for _, t := range text {
		switch t := t.(type) {
		case comment.Plain:
			before += string(t)
		case *comment.DocLink:
			pkg := t.ImportPath
			if pkg == "" {
				pkg = r.pkg.ImportPath
			}
			out = append(out, link{pkg + "." + dot(t.Recv, t.Name), before})
			before += " it "
		}
	}
	return out
}

// typeName is a type as package.Name, or empty for what no package documents.
func (r reader) typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return r.typeName(e.X)
	case *ast.Ident:
		if e.IsExported() {
			return r.pkg.ImportPath + "." + e.Name
		}
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			for _, imported := range r.pkg.Imports {
				if path.Base(imported) == x.Name {
					return imported + "." + e.Sel.Name
				}
			}
		}
	}
	return ""
}

// source prints a declaration; a long one is cut at a line.
func (r reader) source(node ast.Node) string {
	const most = 600
	var b bytes.Buffer
	if err := printer.Fprint(&b, r.fset, node); err != nil {
		return ""
	}
	s := b.String()
	if len(s) > most {
		s = s[:most]
		s = s[:strings.LastIndexByte(s, '\n')+1] + "…"
	}
	return s
}

// text is a passage as it is indexed.
func (s *symbol) text() string { return s.decl + "\n\n" + s.doc }
