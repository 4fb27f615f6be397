// Package code reads source code, cut at its functions and types.
package code

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// LanguageOf names a source file's language by its name, "" for none known.
func LanguageOf(filename string) string {
	base := strings.ToLower(filepath.Base(filename))
	switch base {
	case "makefile", "dockerfile", "cmakelists.txt", "gnumakefile":
		return strings.TrimSuffix(base, ".txt")
	}
	return languageOfExt(filepath.Ext(base))
}

func languageOfExt(ext string) string {
	for lang, exts := range map[string]string{
		"go": ".go", "python": ".py .pyi .pyw", "javascript": ".js .mjs .cjs .jsx",
		"typescript": ".ts .tsx .mts .cts", "java": ".java", "kotlin": ".kt .kts",
		"scala": ".scala .sc", "csharp": ".cs", "c": ".c .h", "cpp": ".cc .cpp .cxx .hpp .hh .hxx .ino .cu",
		"rust": ".rs", "ruby": ".rb .rake", "php": ".php", "swift": ".swift", "shell": ".sh .bash .zsh .fish",
		"perl": ".pl .pm", "lua": ".lua", "r": ".r", "julia": ".jl", "dart": ".dart", "elixir": ".ex .exs",
		"erlang": ".erl .hrl", "haskell": ".hs", "ocaml": ".ml .mli", "sql": ".sql", "css": ".css .scss .less",
		"clojure": ".clj .cljs", "groovy": ".groovy .gradle", "powershell": ".ps1", "zig": ".zig", "nim": ".nim",
		"objective-c": ".m .mm", "fortran": ".f .f90 .f95", "protobuf": ".proto", "terraform": ".tf", "cobol": ".cob .cbl",
		"vue": ".vue", "svelte": ".svelte", "pascal": ".pas", "vb": ".vb .bas",
	} {
		for e := range strings.FieldsSeq(exts) {
			if e == ext {
				return lang
			}
		}
	}
	return ""
}

// Reader keeps the source as it is; functions and types become blocks. The
// language is one of LanguageOf's.
func Reader(language string) document.Reader {
	return func(w *document.Writer, in document.Input) error { return read(w, in.Path, language) }
}

func read(w *document.Writer, path, language string) error {
	const parsed = 8 << 20 // longer files are data more than code
	src, err := document.ReadWhole(path, w.Limits)
	if err != nil {
		return err
	}
	w.Meta("programming_language", language)
	w.Raw(src)
	var defs []definition
	if len(src) <= parsed {
		if language == "go" {
			defs = goDefinitions(src)
		}
		if defs == nil {
			defs = findDefinitions(src)
		}
	}
	markDefinitions(w, src, defs)
	return w.Err()
}

// definition is where a function or type begins; it ends where the next one
// begins. A definition without symbol is code between them.
type definition struct {
	start  int
	symbol string
	header document.Span // the signature, for pieces of a definition that must be cut
}

func markDefinitions(w *document.Writer, src string, defs []definition) {
	if len(defs) == 0 || strings.TrimSpace(src[:defs[0].start]) != "" {
		defs = append([]definition{{}}, defs...)
	}
	for i, d := range defs {
		end := len(src)
		if i+1 < len(defs) {
			end = defs[i+1].start
		}
		start := d.start
		for start < end && (src[start] == '\n') {
			start++
		}
		end = start + len(strings.TrimRight(src[start:end], " \t\n"))
		w.Mark(document.Block{Kind: document.Code, Start: start, End: end, Symbol: d.symbol, Header: d.header})
	}
}

// goDefinitions uses Go's own parser; nil when the source does not parse.
func goDefinitions(src string) []definition {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	at := func(p token.Pos) int { return fset.Position(p).Offset }
	var defs []definition
	for _, decl := range f.Decls {
		d := definition{}
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			d = definition{start: at(decl.Pos()), symbol: goFuncName(decl), header: document.Span{Start: at(decl.Pos()), End: at(decl.Type.End())}}
			if decl.Doc != nil {
				d.start = at(decl.Doc.Pos())
			}
		case *ast.GenDecl:
			if decl.Tok == token.IMPORT {
				continue
			}
			d = definition{start: at(decl.Pos()), symbol: goSpecName(decl)}
			d.header = document.Span{Start: d.start, End: lineEnd(src, d.start)}
			if decl.Doc != nil {
				d.start = at(decl.Doc.Pos())
			}
		}
		defs = append(defs, d)
	}
	return defs
}

func goFuncName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name + "." + f.Name.Name
		default:
			return f.Name.Name
		}
	}
}

func goSpecName(d *ast.GenDecl) string {
	if len(d.Specs) != 1 {
		return ""
	}
	switch s := d.Specs[0].(type) {
	case *ast.TypeSpec:
		return s.Name.Name
	case *ast.ValueSpec:
		return s.Names[0].Name
	}
	return ""
}

func lineEnd(src string, at int) int {
	if n := strings.IndexByte(src[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(src)
}

// The patterns of findDefinitions: what opens a container of methods, a named
// function, and a function by its shape alone.
var (
	containerPattern = regexp.MustCompile(`^(?:(?:export|default|public|private|protected|internal|abstract|final|static|sealed|data|open|partial|pub(?:\([a-z]+\))?|unsafe|declare|case|inline|template\s*<[^>]*>)\s+)*(?:class|interface|trait|impl(?:<[^>]*>)?|module|namespace|object|enum|struct|union|protocol|extension|record|mod|defmodule|package|@interface|@implementation)\s+([\p{L}_$][\p{L}\p{N}_$:.<>]*)`)
	functionPattern  = regexp.MustCompile(`^(?:(?:export|default|public|private|protected|internal|abstract|final|static|async|override|suspend|inline|pub(?:\([a-z]+\))?|unsafe|const|extern(?:\s+"[^"]*")?|local|open|virtual|operator|tailrec|mutating)\s+)*(?:def|defp|function\*?|func|fn|fun|sub|proc|method|procedure|create\s+(?:or\s+replace\s+)?(?:table|view|function|procedure|trigger)|CREATE\s+(?:OR\s+REPLACE\s+)?(?:TABLE|VIEW|FUNCTION|PROCEDURE|TRIGGER)(?:\s+IF NOT EXISTS)?|type|macro_rules!)\s+([\p{L}_$][\p{L}\p{N}_$:.?!]*)`)
	arrowPattern     = regexp.MustCompile(`^(?:export\s+)?(?:const|let|var)\s+([\p{L}_$][\p{L}\p{N}_$]*)\s*(?::[^=]+)?=\s*(?:async\s*)?(?:function\b|\([^)]*\)\s*(?::[^=]+)?=>|[\p{L}_$][\p{L}\p{N}_$]*\s*=>)`)
	shapePattern     = regexp.MustCompile(`^(?:[\p{L}_][\p{L}\p{N}_:<>,\[\]*&?~ \t]*[\s*&])?([\p{L}_~$][\p{L}\p{N}_:~$]*)\s*\([^;]*(?:\{\s*|\)\s*(?:const|override|noexcept|throws\s+[\w., ]+|:\s*[\w<>\[\]|, ]+)?\s*\{?\s*|,\s*)$`)
	keywordPattern   = regexp.MustCompile(`^(?:if|for|while|switch|catch|return|else|do|try|foreach|using|lock|with|new|throw|sizeof|defer|go|select|match|when|until|unless|elif|elsif|except|assert|print|await|yield|case|end|describe|it|test|expect|synchronized|super|this|import|from|include|require)\b`)
)

// scope is a definition whose lines are being read.
type scope struct {
	indent    int
	name      string
	container bool
}

// definitionFinder reads source line by line.
type definitionFinder struct {
	defs     []definition
	open     []scope
	attached int // where the comments and decorators just above begin, or -1
}

// findDefinitions finds functions and types by keywords, shape and
// indentation. Methods of a container are definitions of their own; functions
// within functions are not.
func findDefinitions(src string) []definition {
	f := &definitionFinder{attached: -1}
	at := 0
	for l := range strings.Lines(src) {
		body := strings.TrimSpace(l)
		switch {
		case body == "" || len(l) > 1000:
			f.attached = -1
		case leads(body):
			if f.attached < 0 {
				f.attached = at
			}
		default:
			f.line(l, body, at)
			f.attached = -1
		}
		at += len(l)
	}
	return f.defs
}

// line takes a line of code, which may define something, go on with what is
// open, or be code between definitions.
func (f *definitionFinder) line(l, body string, start int) {
	indent := indentOf(l)
	name, container := defines(body, indent, f.open)
	closed := false
	for len(f.open) > 0 && indent <= f.open[len(f.open)-1].indent && !closes(body) {
		f.open, closed = f.open[:len(f.open)-1], true
	}
	d := definition{start: start}
	if f.attached >= 0 {
		d.start = f.attached
	}
	nested := len(f.open) > 0 && !f.open[len(f.open)-1].container
	switch {
	case name != "" && !nested:
		d.symbol, d.header = name, document.Span{Start: start + indent0(l), End: start + len(strings.TrimRight(l, " \t\n"))}
		if len(f.open) > 0 {
			d.symbol = f.open[len(f.open)-1].name + "." + name
		}
		f.defs = append(f.defs, d)
		f.open = append(f.open, scope{indent, d.symbol, container})
	case closed && len(f.open) == 0:
		f.defs = append(f.defs, d)
	}
}

// defines gives the name that a line defines, "" for none.
func defines(body string, indent int, open []scope) (name string, container bool) {
	if m := containerPattern.FindStringSubmatch(body); m != nil && !strings.HasSuffix(body, ";") {
		return m[1], true
	}
	if m := functionPattern.FindStringSubmatch(body); m != nil {
		return m[1], false
	}
	if m := arrowPattern.FindStringSubmatch(body); m != nil {
		return m[1], false
	}
	inContainer := len(open) > 0 && open[len(open)-1].container && indent > open[len(open)-1].indent
	if indent > 0 && !inContainer || keywordPattern.MatchString(body) || !strings.Contains(body, "(") {
		return "", false
	}
	opens := strings.HasSuffix(body, "{")
	if m := shapePattern.FindStringSubmatch(body); m != nil && (opens || indent == 0 && !strings.HasPrefix(body, m[1])) {
		return m[1], false
	}
	return "", false
}

// leads reports comments, decorators and attributes, which belong to the
// definition below them.
func leads(body string) bool {
	for _, p := range []string{"#[", "//", "/*", "*", "@", "--", "##", "# ", "\"\"\"", "%%", ";;"} {
		if strings.HasPrefix(body, p) && !strings.HasPrefix(body, "@interface") && !strings.HasPrefix(body, "@implementation") {
			return true
		}
	}
	return false
}

// closes reports a line that ends or continues the definition above it.
func closes(body string) bool {
	return strings.ContainsRune("})]{", rune(body[0])) || strings.HasPrefix(body, "end") ||
		strings.HasPrefix(body, "else") || strings.HasPrefix(body, "catch") || strings.HasPrefix(body, "finally") ||
		strings.HasPrefix(body, "fi") || strings.HasPrefix(body, "done") || strings.HasPrefix(body, "esac") ||
		strings.HasPrefix(body, "#") || strings.HasPrefix(body, "public:") || strings.HasPrefix(body, "private:") || strings.HasPrefix(body, "protected:")
}

// indentOf counts a tab as four columns.
func indentOf(l string) int {
	n := 0
	for _, r := range l {
		switch r {
		case ' ':
			n++
		case '\t':
			n += 4
		default:
			return n
		}
	}
	return n
}

// indent0 is the indentation in bytes.
func indent0(l string) int { return len(l) - len(strings.TrimLeft(l, " \t")) }
