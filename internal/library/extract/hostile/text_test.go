package hostile_test

import (
	"fmt"
	"strings"
)

// unfolding are names that each stand for two of the one before.
func unfolding(line func(i int) string) string {
	var b strings.Builder
	for i := range 60 {
		b.WriteString(line(i))
	}
	return b.String()
}

// markupFiles are texts whose marks nest, or never end.
func markupFiles() []hostileFile {
	repeated := map[string][2]string{ // by file: what is repeated, what follows
		"div.html":       {"<div>", "x"},
		"b.html":         {"<b><p>", "x"},
		"a.html":         {"<a href=x><b><i>", "x"},
		"table.html":     {"<table><tr><td>", "x"},
		"list.html":      {"<ul><li>", "x"},
		"select.html":    {"<select><option>", "x"},
		"template.html":  {"<template>", "x"},
		"svg.html":       {"<svg><foreignObject>", "x"},
		"math.html":      {"<math><msup>", "x"},
		"comment.html":   {"<!--", "x"},
		"entity.html":    {"&#x10ffff;&NotEqualTilde;&", "x"},
		"attribute.html": {"<p a=", "x"},
		"font.html":      {"<font><p></font>", "x"},
		"span.html":      {"<td colspan=1000 rowspan=65534>x", "</table>"},
		"quote.md":       {"> ", "x"},
		"list.md":        {"- ", "x"},
		"number.md":      {"1. ", "x"},
		"bracket.md":     {"[", "x"},
		"image.md":       {"![", "](x"},
		"link.md":        {"[a](", "x"},
		"star.md":        {"*a **b ", "x"},
		"underline.md":   {"_a __b ", "x"},
		"tick.md":        {"`a``", "x"},
		"html.md":        {"<a ", "x"},
		"comment.md":     {"<!-- a\n\n", "x"},
		"table.md":       {"|a", "\n|-|-\n|x"},
		"note.md":        {"[^1]\n\n[^1]: [^1]\n", "x"},
		"define.md":      {"[a]: b 'c\n", "x"},
		"entity.md":      {"&", "x"},
		"slash.md":       {"\\", "x"},
		"heading.md":     {"# a\n", "x"},
		"indent.md":      {"\n - a\n\n   ", "x"},
		"group.rtf":      {"{\\b ", "x"},
		"close.rtf":      {"}", "x"},
		"row.rtf":        {"\\trowd\\cellx1\\intbl x\\cell\\row ", "x"},
		"nested.rtf":     {"{\\*\\nesttableprops\\itap9999 ", "x"},
		"picture.rtf":    {"{\\pict\\bin2147483647 ", "x"},
		"skip.rtf":       {"\\uc2147483647\\u1 ", "x"},
		"brace.tex":      {"{", "x"},
		"begin.tex":      {"\\begin{itemize}\\item ", "x"},
		"math.tex":       {"$$\\frac{", "x"},
		"table.tex":      {"\\begin{tabular}{c}", "x"},
		"footnote.tex":   {"\\footnote{", "x"},
		"section.adoc":   {"====\n", "x"},
		"list.adoc":      {"* a\n+\n--\n", "x"},
		"table.adoc":     {"|===\n|", "x"},
		"attribute.adoc": {"{a}[[", "x"},
		"quote.rst":      {" ", "x"},
		"inline.rst":     {"`a_ *b* |c|_ ", "x"},
		"directive.rst":  {".. note::\n\n   ", "x"},
		"grid.rst":       {"+---+\n|   |\n", "x"},
		"open.ipynb":     {"[", ""},
		"object.ipynb":   {`{"cells":[`, ""},
		"open.json":      {"[", ""},
		"cue.vtt":        {"00:00.000 --> 00:01.000\n<v a><b><c>", "x"},
		"quote.csv":      {"\"", "x"},
		"wide.csv":       {"a,", "x"},
		"rows.csv":       {"\"a\nb\",", "x"},
		"brace.go":       {"func f() {", "x"},
		"paren.go":       {"(", "x"},
		"brace.c":        {"{", "x"},
		"string.js":      {"`${", "x"},
		"indent.py":      {"def f():\n ", "x"},
		"string.py":      {"'''\"", "x"},
		"heredoc.sh":     {"cat <<A <<B\n", "x"},
		"comment.rs":     {"/*", "x"},
		"raw.cpp":        {"R\"a(", "x"},
		"paren.clj":      {"(", "x"},
		"end.rb":         {"class A\n def b\n", "x"},
		"part.eml":       {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", "x"},
		"word.eml":       {"=?utf-8?b?", "x"},
		"from.mbox":      {"From a@b Mon Jan 1 00:00:00 2024\nSubject: x\n\n", "x"},
	}
	heads := map[string]string{
		".rtf": `{\rtf1 `, ".vtt": "WEBVTT\n\n", ".eml": "From: a@b\r\nTo: c@d\r\nSubject: s\r\nMIME-Version: 1.0\r\n", ".go": "package p\n", ".tex": "\\documentclass{a}\\begin{document}",
		".html": "<!doctype html><title>t</title><body>",
	}
	var files []hostileFile
	for file, r := range repeated {
		for _, size := range []int{300, 600_000} {
			files = append(files, hostileFile{fmt.Sprintf("%s of %d", file, size), file, func() string {
				return heads[file[strings.LastIndexByte(file, '.'):]] + strings.Repeat(r[0], max(size/len(r[0]), 1)) + r[1]
			}, nil})
		}
	}
	return append(files, unfoldingFiles()...)
}

func unfoldingFiles() []hostileFile {
	return []hostileFile{
		{"macros that double", "a.tex", func() string {
			return "\\documentclass{article}\\def\\ma{word }" + unfolding(func(i int) string {
				return fmt.Sprintf("\\newcommand{\\m%c%c}{\\m%[3]s\\m%[3]s}", 'b'+i/26, 'a'+i%26, strings.Repeat("a", 1))
			}) + "\\newcommand{\\x}{\\x\\x}\\begin{document}\\mba \\x\\end{document}"
		}, nil},
		{"macros that double each other", "b.tex", func() string {
			s := "\\documentclass{article}\\newcommand{\\aa}{word }"
			last := "\\aa"
			for i := range 60 {
				name := fmt.Sprintf("\\%c%c", 'b'+i/26, 'a'+i%26)
				s += "\\newcommand{" + name + "}{" + last + last + "}"
				last = name
			}
			return s + "\\begin{document}" + last + "\\end{document}"
		}, nil},
		{"attributes that double", "a.adoc", func() string {
			return ":a0: word\n" + unfolding(func(i int) string { return fmt.Sprintf(":a%d: {a%d}{a%d}\n", i+1, i, i) }) + "\n= T\n\n{a60}\n"
		}, nil},
		{"substitutions that double", "a.rst", func() string {
			return "T\n=\n\n|a60|\n\n.. |a0| replace:: word\n" + unfolding(func(i int) string { return fmt.Sprintf(".. |a%d| replace:: |a%d| |a%d|\n", i+1, i, i) })
		}, nil},
		{"files that it includes", "a.adoc", func() string { return "= T\n\ninclude::/etc/passwd[]\n\ninclude::a.adoc[]\n\nText.\n" }, nil},
		{"a number for each footnote", "a.md", func() string {
			var b strings.Builder
			for i := range 20_000 {
				fmt.Fprintf(&b, "[^%d] [a%d][]\n\n[^%d]: x\n[a%d]: y\n\n", i, i, i, i)
			}
			return b.String()
		}, nil},
		{"a line without an end", "a.txt", func() string { return strings.Repeat("word", 8<<20) }, nil},
		{"lines without words", "a.txt", func() string { return strings.Repeat("\n", 20<<20) + "x" }, nil},
		{"marks upon a letter", "a.txt", func() string { return "a" + strings.Repeat("\u0301", 5<<20) }, nil},
		{"one output in many pieces", "a.ipynb", func() string {
			return `{"nbformat":4,"cells":[` + strings.Repeat(`{"cell_type":"code","source":["a"],"outputs":[{"output_type":"stream","text":["b"]}]},`, 20_000) + `{"cell_type":"raw","source":"x"}]}`
		}, nil},
	}
}
