package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// testCase is a file and the Markdown that is expected of it.
type testCase struct {
	kind, path, truth string
}

// findCases lists the files that have an expected text, by kind and name.
func findCases(root string, kinds []string) ([]testCase, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("read the corpus: %w", err)
	}
	var cases []testCase
	for _, e := range entries {
		if len(kinds) > 0 && !slices.Contains(kinds, e.Name()) {
			continue
		}
		found, err := casesOf(root, e.Name())
		if err != nil {
			return nil, err
		}
		cases = append(cases, found...)
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("%s has no files with an expected text", root)
	}
	return cases, nil
}

func casesOf(root, kind string) ([]testCase, error) {
	sources := filepath.Join(root, kind, "sources")
	if _, err := os.Stat(sources); err != nil {
		return nil, nil //nolint:nilerr // a folder without sources is none of ours
	}
	var cases []testCase
	err := filepath.WalkDir(sources, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		truth, err := truthOf(filepath.Join(root, kind, "groundtruth"), sources, path)
		if err == nil && truth != "" {
			cases = append(cases, testCase{kind, path, truth})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the corpus: %w", err)
	}
	return cases, nil
}

// truthOf reads the expected text of a file: NAME.EXT.md or NAME.md beside its
// like, or for a file in a folder of its own FOLDER_NAME.EXT.md.
func truthOf(dir, sources, path string) (string, error) {
	rel, err := filepath.Rel(sources, path)
	if err != nil {
		return "", err
	}
	name := filepath.Base(path)
	for _, candidate := range []string{
		strings.ReplaceAll(rel, string(filepath.Separator), "_") + ".md", name + ".md",
		strings.TrimSuffix(name, filepath.Ext(name)) + ".md",
		strings.TrimSuffix(name, filepath.Ext(name)) + ".nxml.md",
	} {
		data, err := os.ReadFile(filepath.Join(dir, candidate)) //nolint:gosec // the corpus is the user's
		if err == nil {
			return string(data), nil
		}
		if !os.IsNotExist(err) {
			return "", err
		}
	}
	return "", nil
}
