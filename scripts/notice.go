//go:build ignore

// Command notice prints NOTICE: every module that the program is built from, its
// licence, and the licence's own words, from the module cache.
package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const ours = "git.helu.ca/r/mnemosyne"

// Parts of the program that are no Go module of their own.
var others = [][3]string{
	{"The Go standard library and runtime", "BSD-3-Clause", "https://go.dev/LICENSE"},
	{"PDFium, as WebAssembly in github.com/klippa-app/go-pdfium", "BSD-3-Clause and Apache-2.0", "https://pdfium.googlesource.com/pdfium/+/refs/heads/main/LICENSE"},
	{"SQLite, as Go in modernc.org/sqlite", "public domain", "https://sqlite.org/copyright.html"},
	{"The weights of sentence-transformers/all-MiniLM-L6-v2", "Apache-2.0", "the notice beside them in internal/embedding/minilm"},
}

type dependency struct {
	path, version, dir string
	kinds              []string
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "notice:", err)
		os.Exit(1)
	}
}

func run() error {
	all, err := dependencies()
	if err != nil {
		return err
	}
	texts := make(map[string][]string) // a licence's words → the modules that come with them
	var faults []error
	for i := range all {
		if err := all[i].read(texts); err != nil {
			faults = append(faults, err)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	write(all, texts)
	return nil
}

// dependencies is what the program's packages import, tests apart.
func dependencies() ([]dependency, error) {
	const format = `{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}`
	list := exec.Command("go", "list", "-deps", "-f", format, "./cmd/...")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []dependency
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) == 3 {
			all = append(all, dependency{path: f[0], version: f[1], dir: f[2]})
		}
	}
	byPath := func(a, b dependency) int { return cmp.Compare(a.path, b.path) }
	slices.SortFunc(all, byPath)
	return slices.CompactFunc(all, func(a, b dependency) bool { return a.path == b.path }), nil
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|copyright)([-._].*)?$`)

func (d *dependency) read(texts map[string][]string) error {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(d.dir, e.Name()))
		if err != nil {
			return err
		}
		text := strings.TrimSpace(string(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))))
		if kind := kindOf(text); kind != "" && !slices.Contains(d.kinds, kind) {
			d.kinds = append(d.kinds, kind)
		}
		texts[text] = append(texts[text], d.path)
	}
	if len(d.kinds) == 0 {
		return fmt.Errorf("%s %s has no licence that this program knows, see %s", d.path, d.version, d.dir)
	}
	return nil
}

func kindOf(text string) string {
	words := strings.Join(strings.Fields(text), " ")
	has := func(s string) bool { return strings.Contains(words, s) }
	switch {
	case has("Mozilla Public License"):
		return "MPL-2.0"
	case has("Apache License") && has("Version 2.0"):
		return "Apache-2.0"
	case has("Permission is hereby granted, free of charge"), has("PERMISSION is hereby granted, free of charge"):
		return "MIT"
	case has("Redistribution and use in source and binary forms") && (has("Neither the name") || has("names of its contributors") || has("name of the author may not")):
		return "BSD-3-Clause"
	case has("Redistribution and use in source and binary forms"):
		return "BSD-2-Clause"
	case has("Permission to use, copy, modify, and") && has("distribute this software"):
		return "ISC"
	case has("released into the public domain"), has("CC0 1.0 Universal"):
		return "public domain"
	}
	return ""
}

func write(all []dependency, texts map[string][]string) {
	fmt.Printf("Mnemosyne (%s) is built from the following. `make notice` writes this file.\n\n", ours)
	for _, d := range all {
		fmt.Printf("%s %s: %s\n", d.path, d.version, strings.Join(d.kinds, ", "))
	}
	fmt.Println()
	for _, o := range others {
		fmt.Printf("%s: %s (%s)\n", o[0], o[1], o[2])
	}
	words := make([]string, 0, len(texts))
	for text := range texts {
		words = append(words, text)
	}
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(slices.Compare(texts[a], texts[b]), cmp.Compare(a, b))
	})
	for _, text := range words {
		fmt.Printf("\n%s\n%s\n\n%s\n", strings.Repeat("-", 80), strings.Join(texts[text], "\n"), text)
	}
}
