package files_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/blob/blobtest"
	"git.helu.ca/r/mnemosyne/internal/blob/files"
)

func measured(t *testing.T, registry prometheus.Registerer) blob.Store {
	t.Helper()
	s, err := files.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return blob.Measured(s, registry)
}

func TestAMeasuredStoreIsAStoreLikeAnyOther(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) blob.Store { t.Helper(); return measured(t, nil) })
}

func TestOperationsAreCountedByHowTheyEnded(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	s := measured(t, registry)
	if _, err := s.Put(t.Context(), "a", strings.NewReader("text")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Open(t.Context(), "b"); err == nil {
		t.Fatal("an object that is not there was opened")
	}
	if _, ok := s.(blob.Local); !ok {
		t.Error("a measured store of files has no files any more")
	}
	families, err := registry.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("Gather gave %v, %v", families, err)
	}
	got := map[string]uint64{}
	for _, m := range families[0].GetMetric() {
		got[m.GetLabel()[0].GetValue()+" "+m.GetLabel()[1].GetValue()] = m.GetHistogram().GetSampleCount()
	}
	if len(got) != 2 || got["put ok"] != 1 || got["open missing"] != 1 {
		t.Errorf("counted %v", got)
	}
}
