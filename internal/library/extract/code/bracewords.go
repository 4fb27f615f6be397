package code

import (
	"regexp"
	"strings"
)

// braceWords are the words by which a language with braces defines.
type braceWords struct {
	containers *regexp.Regexp // the last group is the name
	functions  *regexp.Regexp // by keyword; nil for none
	values     *regexp.Regexp // functions that are given a name as values
	members    *regexp.Regexp // methods without a keyword, within a container
	shapes     bool           // a name with brackets defines a function, as in C
	lines      bool           // a statement ends with its line
	typedef    bool           // a type may be named behind its braces
	primary    bool           // brackets behind a type's name are its parameters
	wrapped    bool           // functions that are called at once hold definitions
	commas     bool           // they end a member
	prototypes bool           // a function without a body is a definition
}

const (
	modifiers = `^(?:[\p{L}_@#\x01][\p{L}\p{N}_\x01-]*(?:\(\))?[ ])*?`
	ident     = `([\p{L}_$][\p{L}\p{N}_$]*)`
	dotted    = `([\p{L}_$][\p{L}\p{N}_$.:\\]*)`
)

func keyword(words, name string) *regexp.Regexp {
	return regexp.MustCompile(modifiers + `(?:` + words + `)[ ]` + name)
}

// wordsOf gives a language's words, nil for one without braces.
func wordsOf(language string) *braceWords {
	switch language {
	case "c", "objective-c":
		return &braceWords{containers: regexp.MustCompile(`^(?:typedef |static |const |extern )*(?:struct|union|enum)[ ](?:[A-Z_]+[ ])?` + ident + `$`), shapes: true, typedef: true}
	case "cpp":
		return &braceWords{containers: regexp.MustCompile(`^(?:(?:typedef|static|const|constexpr|export|inline|template|friend) )*(?:class|struct|union|enum class|enum struct|enum|namespace)[ ](?:[A-Z][A-Z0-9_]+(?:\(\))?[ ])?([\p{L}_][\p{L}\p{N}_:]*)(?: final)?(?: ?:[^:].*)?$`), shapes: true, typedef: true}
	case "java":
		return &braceWords{containers: keyword("class|interface|enum|record|@interface", ident), shapes: true, primary: true}
	case "csharp":
		return &braceWords{containers: keyword("class|interface|struct|enum|record struct|record|namespace", dotted), shapes: true, primary: true}
	case "groovy":
		return &braceWords{containers: keyword("class|interface|enum|trait", ident), shapes: true, lines: true}
	case "dart":
		return &braceWords{containers: keyword("class|mixin|enum|extension type|extension", ident), shapes: true, primary: true}
	case "javascript", "typescript", "vue", "svelte":
		return ecmaWords(language != "javascript")
	case "kotlin":
		return &braceWords{containers: regexp.MustCompile(modifiers + `(?:(?:class|interface|object)[ ]` + ident + `|(companion) object)`), functions: regexp.MustCompile(modifiers + `(?:fun[ ]+([\p{L}_][\p{L}\p{N}_.?` + "`" + `]*)|(constructor) ?\()`), lines: true, primary: true, prototypes: true}
	case "scala":
		return &braceWords{containers: keyword("class|trait|object|enum", dotted), functions: keyword("def", `([^\s(\[:=]+)`), lines: true, primary: true, prototypes: true}
	case "rust":
		return &braceWords{containers: regexp.MustCompile(modifiers + `(?:(?:struct|enum|trait|union|mod)[ ]` + ident + `|impl[ ](?:.* for )?(?:&|mut |dyn )*(?:[\w]+::)*` + ident + `)`), functions: regexp.MustCompile(modifiers + `(?:fn[ ]|macro_rules! ?|type[ ])` + ident), primary: true, prototypes: true}
	case "swift":
		return &braceWords{containers: keyword("class|struct|enum|protocol|extension|actor", dotted), functions: regexp.MustCompile(modifiers + `(?:func[ ]([^\s(]+)|(init|subscript)[?!]? ?\(|(deinit)$)`), lines: true, prototypes: true}
	case "php":
		return &braceWords{containers: keyword("class|interface|trait|enum|namespace", dotted), functions: keyword("function", `&? ?`+ident)}
	case "zig":
		return &braceWords{containers: regexp.MustCompile(`^(?:pub )?const ` + ident + ` ?= ?(?:packed |extern )?(?:struct|enum|union|opaque|error)\b`), functions: keyword("fn", ident), commas: true}
	case "protobuf":
		return &braceWords{containers: regexp.MustCompile(`^(?:message|service|enum)[ ]` + ident), functions: regexp.MustCompile(`^rpc ` + ident), prototypes: true}
	}
	return nil
}

func ecmaWords(types bool) *braceWords {
	w := &braceWords{
		containers: regexp.MustCompile(`^(?:(?:export|default|declare|abstract|const) )*(?:class|interface|enum|namespace|module) ` + dotted),
		functions:  regexp.MustCompile(`^(?:(?:export|default|declare|async) )*function ?\*? ?` + ident),
		values: regexp.MustCompile(`^(?:(?:export |declare )*(?:const|let|var) |(?:public |private |protected |static |readonly )*)(?:(?:module\.)?exports\.|this\.)?([\p{L}_$#][\p{L}\p{N}_$.]*)(?: ?[:?][^=]*)? ?= ?(?:async ?)?` +
			`(?:function\b ?\*? ?[\w$]* ?\(|class\b|(?:\(\)(?: ?:[^=]*)?|[\p{L}_$][\p{L}\p{N}_$]*) ?\x03)`),
		members: regexp.MustCompile(`^(?:(?:static|async|get|set|public|private|protected|override|readonly|abstract|accessor) )*(?:\* ?)?([\p{L}_$#][\p{L}\p{N}_$]*)\??(?: ?\(\))(?: ?:.*)?$`),
		lines:   true, wrapped: true,
	}
	if types {
		w.functions = regexp.MustCompile(`^(?:(?:export|default|declare|async) )*(?:function ?\*? ?|type )` + ident)
		w.prototypes = true
	}
	return w
}

// group gives the first group that matched.
func group(re *regexp.Regexp, s string) string {
	if re == nil {
		return ""
	}
	m := re.FindStringSubmatch(s)
	for i := 1; i < len(m); i++ {
		if m[i] != "" {
			return strings.TrimRight(m[i], ".:\\")
		}
	}
	return ""
}

// classify tells what the brace behind a header holds.
func (w *braceWords) classify(masked []byte, inside bool) (string, scopeKind) {
	h := reduce(masked)
	if inside && w.members != nil {
		if name := group(w.members, h); name != "" && !flowWord(name) {
			return name, function // which may be called as a statement is, such as delete
		}
	}
	if h == "" || statementPattern.MatchString(h) {
		return "", opaque
	}
	if blockPattern.MatchString(h) {
		return "", transparent
	}
	if name := group(w.functions, h); name != "" {
		return name, function
	}
	if name := group(w.containers, h); name != "" && w.typeHeader(h) {
		return name, container
	}
	if name := group(w.values, h); name != "" {
		if strings.HasSuffix(h, "class") || strings.Contains(h, "= class") {
			return name, container
		}
		return name, function
	}
	if w.shapes {
		if name := shape(h); name != "" {
			return name, function
		}
	}
	if w.wrapped && immediatePattern.MatchString(h) {
		return "", transparent
	}
	return "", opaque
}

// typeHeader reports whether a header that names a type defines it, and not a
// variable or a function of that type.
func (w *braceWords) typeHeader(h string) bool {
	if w.primary || w.values != nil || w.lines {
		return true
	}
	return !strings.Contains(strings.SplitN(h, ":", 2)[0], "(") && (!strings.Contains(h, "=") || !w.shapes)
}

// bodiless gives the name that a statement without braces defines.
func (w *braceWords) bodiless(masked []byte, inside bool) string {
	h := reduce(masked)
	if h == "" || statementPattern.MatchString(h) {
		return ""
	}
	if w.prototypes {
		if name := group(w.functions, h); name != "" {
			return name
		}
	}
	if w.primary {
		if name := group(w.containers, h); name != "" {
			return name
		}
	}
	if name := group(w.values, h); name != "" {
		return name
	}
	if w.shapes && inside && strings.Contains(h, ")") && strings.Contains(h[strings.Index(h, ")"):], "\x03") {
		return shape(h)
	}
	return ""
}

// wraps reports a bracket that opens a function which is called at once, whose
// content stands at the outermost level.
func (w *braceWords) wraps(masked []byte) bool {
	return w.wrapped && len(masked) < 200 && wrapPattern.Match(masked)
}

var (
	statementPattern = regexp.MustCompile(`^(?:if|for|foreach|while|switch|catch|return|else|do|try|finally|using|lock|throw|new|sizeof|defer|guard|match|when|assert|yield|await|case|synchronized|import|loop|goto|delete|co_return|unsafe$|get$|set$|init$|static$)\b`)
	blockPattern     = regexp.MustCompile(`^(?:extern \x01+|namespace|inline namespace|extern|anonymous namespace|export|declare global|declare module \x01+|<script.*)$`)
	immediatePattern = regexp.MustCompile(`^[(!+;]*(?:\[\], ?)?(?:async )?(?:function\b ?[\w$]* ?\(\)|\(\) ?\x03)$`)
	wrapPattern      = regexp.MustCompile(`^[\s;!+~]*(?:\(|define\()$`)
	shapePattern     = regexp.MustCompile(`(operator ?(?:\(\)|\[\]|[^\s(]+|[\w: ]+)|[~\p{L}_$][\p{L}\p{N}_:~$]*) ?\(\)`)
	objcPattern      = regexp.MustCompile(`^[-+] ?\(\) ?(.*)$`)
	objcPartPattern  = regexp.MustCompile(`(\w+:?)`)
	constantPattern  = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
)

func flowWord(name string) bool {
	return name == "if" || name == "for" || name == "while" || name == "switch" || name == "catch" || name == "with"
}

func statementWord(name string) bool {
	switch name {
	case "if", "for", "while", "switch", "catch", "return", "else", "do", "try", "foreach", "using", "lock", "synchronized", "with", "function", "new", "throw", "sizeof", "super", "this":
		return true
	}
	return false
}

// shape gives the name of a function that a header defines by its shape alone:
// a type, a name, brackets.
func shape(h string) string {
	if m := objcPattern.FindStringSubmatch(h); m != nil {
		return objcName(m[1])
	}
	all := shapePattern.FindAllStringSubmatchIndex(h, 8)
	for i, m := range all {
		name := h[m[2]:m[3]]
		before, after := h[:m[0]], h[m[1]:]
		if strings.ContainsAny(before, "=?,\x03") || strings.HasSuffix(before, ".") || strings.HasPrefix(before, ":") || statementWord(name) {
			return ""
		}
		if i+1 < len(all) && constantPattern.MatchString(name) && !strings.HasPrefix(strings.TrimSpace(after), ":") {
			continue // a macro in front of the name
		}
		if strings.HasPrefix(strings.TrimSpace(after), "=") || strings.HasPrefix(after, ".") {
			return ""
		}
		return name
	}
	return ""
}

// objcName joins the parts of a selector.
func objcName(s string) string {
	if !strings.Contains(s, ":") {
		return objcPartPattern.FindString(s)
	}
	var sb strings.Builder
	for _, part := range objcPartPattern.FindAllString(s, -1) {
		if strings.HasSuffix(part, ":") {
			sb.WriteString(part)
		}
	}
	return sb.String()
}
