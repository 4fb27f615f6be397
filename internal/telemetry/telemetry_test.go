package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

func TestLinesAreJSONWithTheRequestIDOfTheContext(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, slog.LevelInfo).With("part", "http")
	ctx := telemetry.WithRequestID(t.Context(), "abc")
	log.DebugContext(ctx, "unseen")
	log.InfoContext(ctx, "seen", "status", 200)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("not one JSON object: %q", out.String())
	}
	if line["msg"] != "seen" || line["request_id"] != "abc" || line["part"] != "http" {
		t.Errorf("line = %v", line)
	}
}

func TestLineWithoutARequestHasNoRequestID(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	telemetry.NewLogger(&out, slog.LevelInfo).InfoContext(t.Context(), "start")
	if strings.Contains(out.String(), "request_id") {
		t.Errorf("line = %s", out.String())
	}
}

func TestAtLeastIsQuieterThanItsLoggerAndNeverLouder(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, slog.LevelInfo)
	telemetry.AtLeast(log, slog.LevelWarn).With("a", 1).InfoContext(t.Context(), "below its own level")
	telemetry.AtLeast(log, slog.LevelDebug).WithGroup("g").DebugContext(t.Context(), "below the logger's level")
	if out.Len() != 0 {
		t.Errorf("wrote %s", out.String())
	}
	telemetry.AtLeast(log, slog.LevelWarn).WarnContext(telemetry.WithRequestID(t.Context(), "abc"), "seen")
	if !strings.Contains(out.String(), `"request_id":"abc"`) {
		t.Errorf("wrote %s", out.String())
	}
}

func TestRequestIDsAreRandomHexadecimal(t *testing.T) {
	t.Parallel()
	a, b := telemetry.NewRequestID(), telemetry.NewRequestID()
	if a == b || !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(a) {
		t.Errorf("ids %q and %q", a, b)
	}
	if got := telemetry.RequestID(t.Context()); got != "" {
		t.Errorf("RequestID of an empty context = %q", got)
	}
}

func TestRegistryShowsBuildRuntimeAndProcess(t *testing.T) {
	t.Parallel()
	families, err := telemetry.NewRegistry(telemetry.Build{Version: "1.2.3", Commit: "abcdef"}).Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]string)
	for _, f := range families {
		seen[f.GetName()] = f.String()
	}
	for _, name := range []string{"go_goroutines", "process_resident_memory_bytes", "mnemosyne_build_info"} {
		if seen[name] == "" {
			t.Errorf("no %s", name)
		}
	}
	if !strings.Contains(seen["mnemosyne_build_info"], "1.2.3") {
		t.Errorf("build info = %s", seen["mnemosyne_build_info"])
	}
}
