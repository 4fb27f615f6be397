package code

import (
	"bytes"
	"regexp"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// patterns tell what a line of code defines; the first group that matches is
// the name. They see lines without indentation.
type patterns struct {
	containers *regexp.Regexp // methods below them are definitions of their own
	functions  *regexp.Regexp
	margin     bool // definitions stand at the margin only
	clauses    bool // definitions of one name that follow each other are one
	loose      bool // strings are not hidden, so brackets need not balance
	whole      bool // what follows a definition is its own, up to the next
	literal    bool // names stand in strings: lines are read as they are
}

// linePatterns gives a language's patterns.
func linePatterns(language string) patterns {
	re := regexp.MustCompile
	switch language {
	case "python":
		return patterns{containers: re(`^class\s+(\w+)`), functions: re(`^(?:async\s+)?def\s+(\w+)`)}
	case "ruby":
		return patterns{containers: re(`^(?:class|module)\s+([A-Z][\w:]*)`), functions: re(`^(?:(?:private|protected|public|module_function|memoize)\s+)?def\s+((?:self\.)?[\w.]+[?!=]?|[^\s\w(]+)`), loose: true}
	case "perl":
		return patterns{functions: re(`^(?:(?:my|our|async)\s+)?(?:sub|method)\s+([\w:']+)`), loose: true}
	case "lua":
		return patterns{functions: re(`^(?:local\s+)?function\s+([\w.:]+)|^(?:local\s+)?([\w.]+)\s*=\s*function\b`)}
	case "shell":
		return patterns{functions: re(`^function\s+([^\s(){]+)|^([^\s(){}=$"'&|;<>\x01]+)\s*\(\s*\)\s*(?:[{(\[].*)?$`), loose: true}
	case "r":
		return patterns{functions: re(`^([\w.]+)\s*(?:<-|=|<<-)\s*function\b|^["'\x01]*set(?:Class|Generic|Method|RefClass)\b`)}
	case "julia":
		return patterns{containers: re(`^(?:module|baremodule)\s+(\w+)`), functions: re(`^(?:@\w+\s+)*(?:function|macro|struct|mutable struct|abstract type|primitive type)\s+([\w.!]+)|^([\w.!]+)\([^=]*\)(?:\s*(?:::|where)[^=]*)?\s*=(?:[^=]|$)`)}
	case "elixir":
		return patterns{containers: re(`^(?:defmodule|defprotocol|defimpl)\s+([\w.]+)`), functions: re(`^(?:def|defp|defmacro|defmacrop|defguard|defdelegate)\s+([\w?!]+)`), clauses: true}
	case "erlang":
		return patterns{functions: re(`^-record\((\w+)|^([a-z]\w*)\(.*`), margin: true, clauses: true}
	case "haskell":
		return patterns{functions: re(`^(?:data|newtype|type|class|instance)\s+(?:family\s+|instance\s+)?(?:.*=>\s*)?([A-Z][\w.']*)|^([a-z_][\w']*)\s*(?:::|[^:=]*[=|])|^([a-z_][\w']*)\s*$`), margin: true, clauses: true}
	case "ocaml", "fsharp":
		return patterns{containers: re(`^(?:module|class|namespace)\s+(?:type\s+|rec\s+)?([A-Z][\w.]*)`), functions: re(`^(?:let|and)\s+(?:rec\s+|inline\s+|private\s+|mutable\s+)*(\w[\w']*)|^(?:type|exception|external|val)\s+(?:(?:nonrec|'\w+|\([^)]*\))\s+)*(\w[\w']*)|^(?:static\s+)?(?:member|method|override|abstract)\s+(?:private\s+)?(?:\w+\.)?(\w+)`)}
	case "clojure", "lisp":
		return patterns{functions: re(`^\((?:[\w.-]+/)?(?:def[\w*+!-]*|ns|cl-def\w+)!?\s+(?:\^\S+\s+)*\(?(?:setf\s+)?([^\s()]+)`), margin: true}
	case "sql":
		return patterns{functions: re(`(?i)^create\s+(?:or\s+(?:replace|alter)\s+)?(?:(?:global|local|temp|temporary|unique|materialized|unlogged|virtual|recursive|constraint|definer\s*=\s*\S+)\s+)*(?:table|view|function|procedure|trigger|index|type|sequence|schema|database|package(?:\s+body)?)\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?([^\s(;]+)`)}
	case "powershell":
		return patterns{containers: re(`(?i)^class\s+(\w+)`), functions: re(`(?i)^(?:function|filter|workflow|configuration)\s+(?:\w+:)?([\w-]+)`)}
	case "vb":
		return patterns{containers: re(`(?i)^(?:(?:public|private|friend|partial|mustinherit|notinheritable|shared|protected)\s+)*(?:class|module|structure|interface|namespace|enum)\s+([\w.]+)`), functions: re(`(?i)^(?:(?:public|private|friend|protected|shared|overrides|overridable|mustoverride|static|async|default|readonly|writeonly)\s+)*(?:sub|function|property(?:\s+(?:get|let|set))?|type)\s+(\w+)`)}
	case "fortran":
		return patterns{containers: re(`(?i)^(?:module|program|submodule)\s+(\w+)`), functions: re(`(?i)^(?:(?:pure|elemental|recursive|integer|real|logical|double precision|character|complex|type)(?:\([^)]*\)|\*\d+)?\s+)*(?:subroutine|function)\s+(\w+)`)}
	case "pascal":
		return patterns{functions: re(`(?i)^(?:class\s+)?(?:procedure|function|constructor|destructor)\s+([\w.]+)|^(\w+)\s*=\s*(?:class|record|interface)\b`)}
	case "nim":
		return patterns{functions: re(`^(?:proc|func|method|iterator|template|macro|converter)\s+([\w` + "`" + `]+)`)}
	case "tcl":
		return patterns{containers: re(`^(?:namespace\s+eval|oo::class\s+create)\s+([\w:]+)`), functions: re(`^(?:proc|method)\s+([\w:]+)`), loose: true}
	case "matlab":
		return patterns{containers: re(`^classdef\s+(\w+)`), functions: re(`^function\s+(?:[^=\n]*=\s*)?([\w.]+)`)}
	case "makefile":
		return patterns{functions: re(`^define\s+(\S+)|^([^\s:#=$.][^:#=$]*?)\s*:(?:[^=:]|$)`), margin: true}
	case "dockerfile":
		return patterns{functions: re(`(?i)^from\s+\S+\s+as\s+(\S+)|^FROM\s+(\S+)`), margin: true, whole: true}
	case "terraform":
		return patterns{functions: re(`^(?:resource|data)\s+"([^"]+"\s+"[^"]+)"|^(?:variable|output|module|provider)\s+"([^"]+)"|^(locals|terraform)\b`), margin: true, literal: true}
	case "scala":
		return patterns{containers: re(modifiers + `(?:class|trait|object|enum)\s+(\w+)`), functions: re(modifiers + `def\s+([^\s(\[:=]+)`)}
	case "prolog", "cobol", "css", "cmakelists":
		return patterns{}
	}
	return patterns{containers: re(`^(?:(?:export|default|public|private|abstract|final|static)\s+)*(?:class|interface|trait|struct|enum|module|object)\s+([\p{L}_$][\p{L}\p{N}_$]*)`), functions: re(`^(?:(?:export|default|public|private|static|async|local)\s+)*(?:def|function|func|fn|fun|sub|proc)\s+([\p{L}_$][\p{L}\p{N}_$]*)`)}
}

// scope is a definition whose lines are being read.
type scope struct {
	indent    int
	name      string
	container bool
	header    document.Span
}

// lineFinder reads masked source line by line.
type lineFinder struct {
	patterns
	src      string
	masked   []byte
	defs     []definition
	open     []scope
	attached int // where the comments and decorators just above begin, or -1
	brackets int // that are open: their lines go on with the one before
	last     string
}

// findInLines finds functions and types by words and indentation. Methods of a
// container are definitions of their own; functions within functions are not.
func findInLines(src string, masked []byte, p patterns) []definition {
	f := &lineFinder{patterns: p, src: src, masked: masked, attached: -1}
	if p.containers == nil && p.functions == nil {
		return nil
	}
	at := 0
	for at < len(masked) {
		end := at + bytes.IndexByte(masked[at:min(len(masked), at+4096)], '\n') + 1
		if end == at {
			end = lineEnd(src, at)
			for end < len(masked) && masked[end] != '\n' { // a line end within a string
				end = lineEnd(src, end+1)
			}
			end = min(end+1, len(masked))
		}
		f.take(at, end)
		at = end
	}
	return f.defs
}

// take reads one line.
func (f *lineFinder) take(at, end int) {
	inside := f.brackets > 0
	line := string(f.masked[at:end])
	if !f.margin && !f.loose {
		f.brackets = max(0, f.brackets+strings.Count(line, "(")+strings.Count(line, "[")-strings.Count(line, ")")-strings.Count(line, "]"))
	}
	if f.literal {
		line = f.src[at:end]
	}
	body := strings.TrimSpace(line)
	if f.brackets > 200 || strings.HasPrefix(line, "def ") || strings.HasPrefix(line, "class ") { // they do not balance
		f.brackets, inside = strings.Count(line, "(")-strings.Count(line, ")"), false
	}
	switch {
	case inside:
	case strings.TrimSpace(f.src[at:end]) == "":
		f.attached = -1
	case body == "", body[0] == '@', strings.HasPrefix(body, "#["), strings.HasPrefix(body, "[<"), strings.Trim(body, "\x01") == "":
		if f.attached < 0 {
			f.attached = at
		}
	default:
		f.line(line, body, at, at+len(strings.TrimRight(line, " \t\r\n")))
		f.attached = -1
	}
}

// line takes a line of code, which may define something, go on with what is
// open, or be code between definitions.
func (f *lineFinder) line(l, body string, start, end int) {
	indent := indentOf(l)
	name, holds := f.defines(body[:min(len(body), 2000)], indent)
	closing := ends(body) && name == ""
	for len(f.open) > 0 && indent <= f.open[len(f.open)-1].indent && !closing {
		f.open = f.open[:len(f.open)-1]
	}
	d := definition{start: start}
	if f.attached >= 0 {
		d.start = f.attached
	}
	outer := scope{container: true}
	if len(f.open) > 0 {
		outer = f.open[len(f.open)-1]
	}
	if !outer.container {
		return
	}
	switch {
	case name != "":
		d.symbol = name
		if outer.name != "" {
			d.symbol = outer.name + "." + name
		}
		d.header = signature(f.src, start+indent0(l), max(end, start+indent0(l)))
		f.open = append(f.open, scope{indent, d.symbol, holds, d.header})
		if f.clauses && f.last == d.symbol && f.attached < 0 {
			return
		}
		f.defs = append(f.defs, d)
		f.last = d.symbol
	case !closing && !f.whole && f.last != outer.name && len(f.defs) > 0:
		d.symbol, d.header = outer.name, outer.header
		f.defs = append(f.defs, d)
		f.last = outer.name
	}
}

// defines gives the name that a line defines, "" for none.
func (f *lineFinder) defines(body string, indent int) (name string, holds bool) {
	if f.margin && indent > 0 {
		return "", false
	}
	if name := group(f.containers, body); name != "" {
		return plainName(name), true
	}
	if name := group(f.functions, body); name != "" && (!strings.HasPrefix(body, name) || !statementWord(name)) {
		return plainName(name), false
	}
	return "", false
}

// plainName drops the quotes of names that are written in them.
func plainName(name string) string {
	return strings.Join(strings.Fields(strings.NewReplacer(`"`, "", "`", "", "\x01", "").Replace(name)), ".")
}

// ends reports a line that ends or goes on with the definition above it.
func ends(body string) bool {
	switch body[0] {
	case '}', ')', ']', '{', '#':
		return true
	}
	word := body
	if i := strings.IndexFunc(body, func(r rune) bool { return r < 'A' || r > 'z' }); i >= 0 {
		word = body[:i]
	}
	switch strings.ToLower(word) {
	case "end", "else", "elsif", "elseif", "rescue", "ensure", "fi", "done", "esac", "begin", "endfunction", "where", "go":
		return true
	}
	return false
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
