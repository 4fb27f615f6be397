package code

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

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
