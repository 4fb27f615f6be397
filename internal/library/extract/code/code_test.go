package code_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/code"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
)

// symbols reads a source and lists the names of its blocks.
func symbols(t *testing.T, name, src string) []string {
	t.Helper()
	doc := documenttest.Read(t, code.Reader(code.LanguageOf(name, []byte(src))), name, src)
	if doc.Text != src {
		t.Errorf("%s: the text is not the source", name)
	}
	var out []string
	for _, b := range doc.Blocks {
		out = append(out, b.Symbol)
	}
	return out
}

// Each file of testdata says on its first line, behind "want:", the symbols of
// its blocks; a dash is a block without one.
func TestSourceIsCutAtItsFunctionsAndTypes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*/*")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, want, _ := strings.Cut(string(data), "want: ")
		want, _, _ = strings.Cut(want, "\n")
		got := symbols(t, filepath.Base(path), string(data))
		for i, s := range got {
			if s == "" {
				got[i] = "-"
			}
		}
		if w := strings.Fields(strings.TrimRight(want, "*/)")); !slices.Equal(got, w) {
			t.Errorf("%s:\n got %q\nwant %q", path, got, w)
		}
	}
}

func TestLanguagesAreToldByContentWhereNamesFitSeveral(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, head, want string }{
		{"run", "#!/usr/bin/env -S python3.11 -u\n", "python"},
		{"run", "#!/bin/bash -e\n", "shell"},
		{"run", "#!/usr/bin/perl -w\n", "perl"},
		{"run", "Dear reader", ""},
		{"a.h", "#pragma once\nnamespace a {\n}\n", "cpp"},
		{"a.h", "struct a { int b; };\n", "c"},
		{"a.h", "@interface A : NSObject\n@end\n", "objective-c"},
		{"a.m", "% adds\nfunction y = add(x)\n", "matlab"},
		{"a.pl", ":- module(a, []).\nx(Y) :- z(Y).\n", "prolog"},
		{"a.pl", "use strict;\n", "perl"},
		{"Dockerfile", "FROM x\n", "dockerfile"},
		{"GNUmakefile", "all:\n", "makefile"},
	} {
		if got := code.LanguageOf(c.name, []byte(c.head)); got != c.want {
			t.Errorf("%s beginning %q is %q, want %q", c.name, c.head, got, c.want)
		}
	}
}

func TestDefinitionsKeepTheirCommentsAndSignature(t *testing.T) {
	t.Parallel()
	src := "import x\n\n# Of one.\n@wrap(\n    1,\n)\ndef f(\n    a,\n):\n    return 1\n"
	doc := documenttest.Read(t, code.Reader("python"), "a.py", src)
	last := doc.Blocks[len(doc.Blocks)-1]
	if got := doc.Text[last.Start:last.End]; !strings.HasPrefix(got, "# Of one.\n@wrap(") || last.Symbol != "f" {
		t.Errorf("block %q = %q", last.Symbol, got)
	}
	if got := doc.Text[last.Header.Start:last.Header.End]; got != "def f(" {
		t.Errorf("header = %q", got)
	}
	src = "/** Adds. */\npublic class A {\n    @Override\n    // the sum\n    public int add(\n        int a) {\n        return a;\n    }\n}\n"
	doc = documenttest.Read(t, code.Reader("java"), "A.java", src)
	last = doc.Blocks[len(doc.Blocks)-1]
	if got := strings.Join(strings.Fields(doc.Text[last.Header.Start:last.Header.End]), " "); last.Symbol != "A.add" || !strings.HasSuffix(got, "public int add( int a)") {
		t.Errorf("header of %q = %q", last.Symbol, got)
	}
}

// Sources that would take a careless reader time by the square of their length.
func TestHostileSourceIsReadInOnePass(t *testing.T) {
	t.Parallel()
	const n = 1 << 16
	for name, src := range map[string]string{
		"open.js":     strings.Repeat("=/[", n),
		"ticks.js":    strings.Repeat("`${", n),
		"comments.rs": strings.Repeat("/*", n),
		"raw.rs":      strings.Repeat(`r#"`, n),
		"here.sh":     strings.Repeat("<<a\n", n),
		"braces.c":    strings.Repeat("{", n) + strings.Repeat("}", n),
		"wrong.c":     strings.Repeat("(}", n),
		"line.js":     strings.Repeat("function a(){};", n),
		"parens.java": strings.Repeat("(", n) + strings.Repeat(")", n) + "{",
		"words.c":     strings.Repeat("a ", n) + "() {}",
		"lines.py":    strings.Repeat("(\n", n),
		"angles.cpp":  strings.Repeat("template<", 800) + "{",
		"dollars.sql": strings.Repeat("$a$ $b$ ", n),
	} {
		symbols(t, name, src)
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(filepath.Ext(path), string(data))
	}
	f.Fuzz(func(t *testing.T, ext, src string) {
		if len(src) > 64<<10 {
			return
		}
		documenttest.Try(t, code.Reader(code.LanguageOf("a"+ext, []byte(src))), "a"+ext, src) //nolint:errcheck,gosec // a fault is as good
	})
}
