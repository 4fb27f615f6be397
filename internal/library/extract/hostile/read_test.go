package hostile_test

import (
	"slices"
	"testing"
)

func TestHostileFilesEndWithinBounds(t *testing.T) { //nolint:tparallel // one at a time: what each takes is counted
	t.Parallel()
	b := newBench(t)
	for _, f := range slices.Concat(archives(), xmlFiles(), sheets(), markupFiles(), pdfs(), pictures()) { //nolint:paralleltest // as above
		t.Run(f.name, func(t *testing.T) {
			code := b.measured(t, f.file, f.content())
			if len(f.codes) > 0 && !slices.Contains(f.codes, code) {
				t.Errorf("it ended with the code %q, want one of %q", code, f.codes)
			}
		})
	}
}
