package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/settings"
)

func TestADataFolderOfAnotherDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := settings.Load(func(name string) (string, bool) {
		if name == "MNEMOSYNE_DATA_DIR" {
			return dir, true
		}
		return "", false
	})
	if err != nil {
		t.Fatal(err)
	}
	p := Program{Settings: s, Log: slog.New(slog.DiscardHandler)}
	for range 2 { // the second time they know each other
		p.Registry = prometheus.NewRegistry()
		c, err := OpenCore(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	p.Registry = prometheus.NewRegistry()
	lost, err := filepath.Glob(filepath.Join(dir, databaseFile+"*"))
	if err != nil || len(lost) == 0 {
		t.Fatalf("no database file: %v", err)
	}
	for _, path := range lost {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenCore(t.Context(), p); err == nil || !strings.Contains(err.Error(), "another database") {
		t.Errorf("with a new database OpenCore gave %v", err)
	}
}
