package code

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
)

// LanguageOf names a source file's language, "" for none known: by its name,
// by its first bytes where the name fits several languages, and by its first
// line where the name says nothing.
func LanguageOf(filename string, head []byte) string {
	base := strings.ToLower(filepath.Base(filename))
	switch {
	case base == "makefile", base == "gnumakefile":
		return "makefile"
	case base == "jenkinsfile":
		return "groovy"
	case base == "dockerfile", base == "containerfile", strings.HasPrefix(base, "dockerfile."):
		return "dockerfile"
	case base == "cmakelists.txt":
		return "cmakelists"
	case base == "rakefile", base == "gemfile", base == "vagrantfile":
		return "ruby"
	}
	ext := filepath.Ext(base)
	lang := languageOfExt(ext)
	switch {
	case lang == "c" && ext == ".h" || lang == "objective-c" || ext == ".pl" || ext == ".inc":
		return byContent(ext, head)
	case lang == "" && (ext == "" || ext == ".in" || ext == ".cgi"):
		return ofInterpreter(head)
	}
	return lang
}

func languageOfExt(ext string) string {
	for lang, exts := range map[string]string{
		"go": ".go", "python": ".py .pyi .pyw", "javascript": ".js .mjs .cjs .jsx",
		"typescript": ".ts .tsx .mts .cts", "java": ".java", "kotlin": ".kt .kts",
		"scala": ".scala .sc", "csharp": ".cs", "c": ".c .h", "cpp": ".cc .cpp .cxx .hpp .hh .hxx .ino .cu",
		"rust": ".rs", "ruby": ".rb .rake .gemspec", "php": ".php .inc", "swift": ".swift", "shell": ".sh .bash .zsh .fish .ksh",
		"perl": ".pl .pm .t", "lua": ".lua", "r": ".r", "julia": ".jl", "dart": ".dart", "elixir": ".ex .exs",
		"erlang": ".erl .hrl", "haskell": ".hs", "ocaml": ".ml .mli", "fsharp": ".fs .fsi .fsx", "sql": ".sql", "css": ".css .scss .less",
		"clojure": ".clj .cljs .cljc .edn", "lisp": ".lisp .lsp .cl .el .scm .ss .rkt", "groovy": ".groovy .gradle",
		"powershell": ".ps1 .psm1", "zig": ".zig", "nim": ".nim", "makefile": ".mk .mak",
		"objective-c": ".m .mm", "fortran": ".f .f90 .f95 .f03", "protobuf": ".proto", "terraform": ".tf .hcl", "cobol": ".cob .cbl",
		"vue": ".vue", "svelte": ".svelte", "pascal": ".pas", "vb": ".vb .bas .vbs", "tcl": ".tcl", "dockerfile": ".dockerfile",
	} {
		for e := range strings.FieldsSeq(exts) {
			if e == ext {
				return lang
			}
		}
	}
	return ""
}

var (
	objectivePattern = regexp.MustCompile(`(?m)^\s*(?:@(?:interface|implementation|protocol|class|import)\b|#import\b)`)
	cppPattern       = regexp.MustCompile(`(?m)^\s*(?:class\s+\w|namespace\b|template\s*<|using\s+\w|public:|private:|protected:|#include <[a-z_]+>)`)
	prologPattern    = regexp.MustCompile(`(?m)^(?::-|[a-z]\w*\([^)]*\)\s*(?::-|\.\s*$))`)
	perlPattern      = regexp.MustCompile(`(?m)^(?:#!.*perl|use\s|package\s|sub\s|my\s|require\s)`)
)

// byContent tells apart languages whose files are named alike.
func byContent(ext string, head []byte) string {
	switch ext {
	case ".h":
		if objectivePattern.Match(head) {
			return "objective-c"
		}
		if cppPattern.Match(head) {
			return "cpp"
		}
		return "c"
	case ".m":
		if objectivePattern.Match(head) || bytes.Contains(head, []byte("#include")) || bytes.Contains(head, []byte("/*")) {
			return "objective-c"
		}
		return "matlab"
	case ".mm":
		return "objective-c"
	case ".pl":
		if prologPattern.Match(head) && !perlPattern.Match(head) {
			return "prolog"
		}
		return "perl"
	case ".inc":
		if bytes.Contains(head, []byte("<?php")) {
			return "php"
		}
	}
	return ""
}

// ofInterpreter reads the first line of a script, or what a PHP file begins
// with.
func ofInterpreter(head []byte) string {
	if bytes.HasPrefix(head, []byte("<?php")) {
		return "php"
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if !bytes.HasPrefix(line, []byte("#!")) {
		return ""
	}
	for _, word := range strings.Fields(string(line[2:])) {
		name := strings.TrimRight(filepath.Base(word), "0123456789.")
		if name == "env" || strings.HasPrefix(word, "-") || strings.Contains(word, "=") {
			continue
		}
		return map[string]string{
			"python": "python", "pypy": "python", "sh": "shell", "bash": "shell", "dash": "shell", "zsh": "shell", "ksh": "shell", "fish": "shell", "ash": "shell",
			"perl": "perl", "ruby": "ruby", "node": "javascript", "nodejs": "javascript", "deno": "typescript", "bun": "typescript", "ts-node": "typescript",
			"php": "php", "lua": "lua", "luajit": "lua", "Rscript": "r", "julia": "julia", "groovy": "groovy", "elixir": "elixir", "escript": "erlang",
			"runhaskell": "haskell", "runghc": "haskell", "swift": "swift", "scala": "scala", "kotlin": "kotlin", "tclsh": "tcl", "wish": "tcl", "make": "makefile", "pwsh": "powershell",
			"ocaml": "ocaml", "clojure": "clojure", "bb": "clojure", "sbcl": "lisp", "guile": "lisp", "racket": "lisp", "dart": "dart",
		}[name]
	}
	return ""
}
