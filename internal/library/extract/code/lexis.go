package code

import "strings"

// quote is what a string begins and ends with.
type quote struct {
	open, end string
	escapes   bool // a backslash hides what follows it
	lines     bool // it may hold line ends
}

// syntax is how a language writes what is no code.
type syntax struct {
	comments []string // up to the line's end
	blocks   [][2]string
	nested   bool // block comments may hold others
	quotes   []quote
	special  []func(m *masker) bool // what needs more than the tables
}

// lexis gives a language's syntax.
func lexis(language string) syntax {
	double := quote{`"`, `"`, true, false}
	single := quote{`'`, `'`, true, false}
	triple := quote{`"""`, `"""`, true, true}
	triples := []quote{triple, {`'''`, `'''`, true, true}, double, single}
	cLike := syntax{comments: []string{"//"}, blocks: [][2]string{{"/*", "*/"}}, quotes: []quote{double}, special: []func(*masker) bool{(*masker).character}}
	hash := []string{"#"}
	switch language {
	case "c", "cpp", "objective-c":
		cLike.special = append(cLike.special, (*masker).preprocessor, (*masker).cppRaw)
	case "java", "protobuf":
		cLike.quotes = []quote{triple, double}
	case "kotlin", "scala", "swift":
		cLike.quotes, cLike.nested = []quote{{`"""`, `"""`, false, true}, double}, true
	case "csharp":
		cLike.quotes = []quote{{`"""`, `"""`, false, true}, {`@"`, `"`, false, true}, {`$@"`, `"`, false, true}, double}
		cLike.special = append(cLike.special, (*masker).preprocessor)
	case "rust":
		cLike.quotes, cLike.nested = []quote{{`"`, `"`, true, true}}, true
		cLike.special = append(cLike.special, (*masker).rustRaw)
	case "javascript", "typescript", "vue", "svelte":
		return syntax{comments: cLike.comments, blocks: cLike.blocks, quotes: []quote{double, single}, special: []func(*masker) bool{(*masker).template, (*masker).regex}}
	case "php":
		return syntax{comments: []string{"//", "# ", "##"}, blocks: cLike.blocks, quotes: []quote{{`"`, `"`, true, true}, {`'`, `'`, true, true}}, special: []func(*masker) bool{(*masker).heredoc}}
	case "dart", "groovy":
		cLike.quotes, cLike.special = triples, nil
	case "zig":
		cLike.comments = append(cLike.comments, `\\`)
	case "go":
		cLike.quotes = []quote{{"`", "`", false, true}, double}
	case "python":
		return syntax{comments: hash, quotes: triples}
	default:
		return lexisOfLines(language)
	}
	return cLike
}

// lexisOfLines is lexis for languages whose definitions are found by lines.
func lexisOfLines(language string) syntax {
	double := quote{`"`, `"`, true, false}
	long := quote{`"`, `"`, true, true}
	triple := quote{`"""`, `"""`, true, true}
	hash := []string{"#"}
	only := func(f func(*masker) bool) []func(*masker) bool { return []func(*masker) bool{f} }
	switch language {
	case "shell":
		return syntax{comments: nil, quotes: []quote{long, {`'`, `'`, false, true}}, special: []func(*masker) bool{(*masker).spacedHash, (*masker).heredoc, (*masker).escaped}}
	case "ruby", "perl":
		return syntax{special: []func(*masker) bool{(*masker).spacedHash, (*masker).heredoc, (*masker).pod}}
	case "lua":
		return syntax{comments: []string{"--"}, blocks: [][2]string{{"--[[", "]]"}, {"--[=[", "]=]"}, {"--[==[", "]==]"}}, quotes: []quote{{"[[", "]]", false, true}, {"[=[", "]=]", false, true}, double, {`'`, `'`, true, false}}}
	case "sql":
		return syntax{comments: []string{"--"}, blocks: [][2]string{{"/*", "*/"}}, quotes: []quote{{`'`, `'`, false, true}}, special: only((*masker).dollar)}
	case "haskell":
		return syntax{comments: []string{"--"}, blocks: [][2]string{{"{-", "-}"}}, nested: true, quotes: []quote{double}}
	case "ocaml", "fsharp":
		s := syntax{blocks: [][2]string{{"(*", "*)"}}, nested: true, quotes: []quote{triple, long}}
		if language == "fsharp" {
			s.comments = []string{"//"}
		}
		return s
	case "elixir", "nim":
		return syntax{comments: hash, quotes: []quote{triple, {`'''`, `'''`, true, true}, double}}
	case "julia":
		return syntax{comments: hash, blocks: [][2]string{{"#=", "=#"}}, nested: true, quotes: []quote{triple, long}}
	case "erlang", "prolog", "matlab":
		return syntax{comments: []string{"%"}, quotes: []quote{double}}
	case "clojure", "lisp":
		return syntax{comments: []string{";"}, blocks: [][2]string{{"#|", "|#"}}, quotes: []quote{long}, special: only((*masker).escaped)}
	case "powershell":
		return syntax{comments: hash, blocks: [][2]string{{"<#", "#>"}}, quotes: []quote{{"@\"\n", "\n\"@", false, true}, {"@'\n", "\n'@", false, true}, {`"`, `"`, false, true}, {`'`, `'`, false, true}}}
	case "r":
		return syntax{comments: hash, quotes: []quote{long, {`'`, `'`, true, true}}}
	case "vb":
		return syntax{comments: []string{"'"}, quotes: []quote{{`"`, `"`, false, false}}}
	case "css":
		return syntax{blocks: [][2]string{{"/*", "*/"}}, quotes: []quote{double}}
	case "fortran":
		return syntax{comments: []string{"!"}}
	case "pascal":
		return syntax{comments: []string{"//"}, blocks: [][2]string{{"{", "}"}, {"(*", "*)"}}, quotes: []quote{{`'`, `'`, false, false}}}
	case "terraform":
		return syntax{comments: []string{"#", "//"}, blocks: [][2]string{{"/*", "*/"}}, special: only((*masker).heredoc)}
	}
	if strings.HasPrefix(language, "cobol") {
		return syntax{}
	}
	return syntax{special: only((*masker).spacedHash)}
}
