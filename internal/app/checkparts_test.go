package app_test

import (
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/settings"
)

// checkedWith is what a check finds with these settings, and no others.
func checkedWith(t *testing.T, set map[string]string) app.Report {
	t.Helper()
	set["MNEMOSYNE_DATA_DIR"] = t.TempDir()
	s, err := settings.Load(func(name string) (string, bool) { v, ok := set[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	return app.Check(t.Context(), app.Program{Settings: s, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
}

func part(t *testing.T, r app.Report, name string) app.Part {
	t.Helper()
	at := slices.IndexFunc(r.Parts, func(p app.Part) bool { return p.Name == name })
	if at < 0 {
		t.Fatalf("the check says nothing of the %s: %+v", name, r.Parts)
	}
	return r.Parts[at]
}

// silent is an address that takes connections and says nothing.
func silent(t *testing.T) (host, port string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	host, port, _ = net.SplitHostPort(l.Addr().String())
	return host, port
}

func TestACheckTellsOfTheRoomInTheDataFolder(t *testing.T) {
	t.Parallel()
	folder := part(t, checkedWith(t, map[string]string{}), "data folder")
	if !strings.Contains(folder.About, " free of ") {
		t.Errorf("the data folder is %+v", folder)
	}
}

func TestACheckGoesOnPastADatabaseThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	host, port := silent(t)
	began := time.Now()
	r := checkedWith(t, map[string]string{"DB_HOST": host, "DB_PORT": port, "DB_NAME": "m", "DB_USER": "m", "DB_PASSWORD": "m", "SECRET_KEY": strings.Repeat("k", 50)})
	if r.OK || part(t, r, "database").OK {
		t.Errorf("a silent database is well: %+v", r)
	}
	for _, name := range []string{"data folder", "graph", "objects", "queue", "cache", "embedder"} {
		part(t, r, name)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestACheckNamesSettingsWithoutEffect(t *testing.T) {
	t.Parallel()
	r := checkedWith(t, map[string]string{"LANGUAGE_CODE": "de", "CELERY_RESULT_BACKEND": "rpc://", "DEBUG": "True"})
	if len(r.NoEffect) != 2 || !strings.HasPrefix(r.NoEffect[0], "LANGUAGE_CODE: ") || !strings.HasPrefix(r.NoEffect[1], "CELERY_RESULT_BACKEND: ") {
		t.Errorf("without effect are %q", r.NoEffect)
	}
	if plain := checkedWith(t, map[string]string{}); len(plain.NoEffect) != 0 {
		t.Errorf("nothing set, and without effect are %q", plain.NoEffect)
	}
}
