package files_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/blob/blobtest"
)

func TestItIsAnObjectStore(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) blob.Store { t.Helper(); return open(t) })
}

func TestALargeObjectNeedsLittleMemory(t *testing.T) { //nolint:paralleltest // it measures the heap
	blobtest.Bounded(t, open(t), 96<<20, 64<<20)
}
