package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/lifecycle"
	"git.helu.ca/r/mnemosyne/internal/settings"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// allEngines name every engine that has metrics of its own, none of which is
// asked: nothing is started.
func allEngines() map[string]string {
	return map[string]string{
		"CELERY_BROKER_URL": "amqp://m:m@127.0.0.1:1/m", "KVDB_LOCATION": "127.0.0.1:1",
		"EMBEDDING_BASE_URL": "http://127.0.0.1:1", "EMBEDDING_MODEL": "m", "RERANKER_BASE_URL": "http://127.0.0.1:1", "RERANKER_MODEL": "m",
		"USE_LOCAL_STORAGE": "False", "AWS_ACCESS_KEY_ID": "m", "AWS_SECRET_ACCESS_KEY": "m", "AWS_STORAGE_BUCKET_NAME": "mnemosyne", "AWS_S3_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_S3_USE_SSL": "False",
		"EMAIL_HOST": "127.0.0.1",
	}
}

// shown is what a metric's row in the documentation says of it.
type shown struct {
	kind      string // counter, gauge or histogram
	labels    string // in alphabetical order, parted by commas
	processes string // app, mcp, worker
}

// registered are the program's metrics, by name, with the processes that have
// them.
func registered(t *testing.T) map[string]shown {
	t.Helper()
	all := map[string]shown{}
	for _, process := range []struct {
		name string
		add  func(*Services, context.Context, *lifecycle.Group) error
	}{{"app", (*Services).addSite}, {"mcp", (*Services).addMCP}, {"worker", (*Services).addJobs}} {
		for name, labels := range registeredBy(t, process.add) {
			row := all[name]
			if row.processes != "" {
				row.processes += ", "
			}
			all[name] = shown{kind: kindOf(name), labels: labels, processes: row.processes + process.name}
		}
	}
	return all
}

// kindOf is what a metric's name says of its kind, as Prometheus wants it.
func kindOf(name string) string {
	switch {
	case strings.HasSuffix(name, "_total"):
		return "counter"
	case strings.HasSuffix(name, "_seconds") && !strings.HasSuffix(name, "_age_seconds"), strings.HasSuffix(name, "_results"):
		return "histogram"
	}
	return "gauge"
}

// registeredBy gives the labels of the metrics of one process, by name.
func registeredBy(t *testing.T, add func(*Services, context.Context, *lifecycle.Group) error) map[string]string {
	t.Helper()
	set := allEngines()
	set["MNEMOSYNE_DATA_DIR"] = t.TempDir()
	s, err := settings.Load(func(name string) (string, bool) { v, ok := set[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	registry := telemetry.NewRegistry(telemetry.Build{})
	services, err := OpenServices(t.Context(), Program{Settings: s, Log: log, Registry: registry})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := services.Close(); err != nil {
			t.Error(err)
		}
	})
	group := lifecycle.NewGroup(log)
	services.addWatch(group)
	if err := add(services, t.Context(), group); err != nil {
		t.Fatal(err)
	}
	described := make(chan *prometheus.Desc)
	go func() {
		registry.Describe(described)
		close(described)
	}()
	out := map[string]string{}
	words := regexp.MustCompile(`fqName: "(mnemosyne_\w+)".*constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)
	for d := range described {
		m := words.FindStringSubmatch(d.String())
		if m == nil {
			continue // of the runtime and the process
		}
		labels := strings.FieldsFunc(regexp.MustCompile(`="[^"]*"`).ReplaceAllString(m[2], "")+","+m[3], func(r rune) bool { return r == ',' })
		slices.Sort(labels)
		out[m[1]] = strings.Join(labels, ", ")
	}
	return out
}

// documented are the rows of the table of metrics.
func documented(t *testing.T) map[string]shown {
	t.Helper()
	out := map[string]shown{}
	row := regexp.MustCompile("(?m)^\\| `(mnemosyne_\\w+)` \\| (\\w+) \\|([^|]*)\\|([^|]*)\\|")
	for _, m := range row.FindAllStringSubmatch(document(t, "docs/operations.md"), -1) {
		out[m[1]] = shown{kind: m[2], labels: strings.TrimSpace(strings.ReplaceAll(m[3], "`", "")), processes: strings.TrimSpace(m[4])}
	}
	return out
}

func document(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheTableOfMetricsIsWhatTheProcessesShow(t *testing.T) {
	t.Parallel()
	there, table := registered(t), documented(t)
	for name, is := range there {
		if says, ok := table[name]; !ok {
			t.Errorf("docs/operations.md has no row for %s, labels %q, of %s", name, is.labels, is.processes)
		} else if says != is {
			t.Errorf("%s is %+v, docs/operations.md says %+v", name, is, says)
		}
	}
	for name := range table {
		if _, ok := there[name]; !ok {
			t.Errorf("docs/operations.md has a row for %s, which no process shows", name)
		}
	}
}

// queries are the texts in which alerts and the dashboard name metrics.
func queries(t *testing.T) map[string]string {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(document(t, "deploy/grafana-dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{"the alerts": document(t, "deploy/prometheus-rules.yaml")}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			out["the panel "+panel.Title] += target.Expr + "\n"
		}
	}
	const fewest = 30
	if len(out) < fewest {
		t.Fatalf("only %d panels were found", len(out))
	}
	return out
}

func TestAlertsAndDashboardAskForMetricsAndLabelsThatThereAre(t *testing.T) {
	t.Parallel()
	there := registered(t)
	selector := regexp.MustCompile(`(mnemosyne_\w+)(?:\{([^}]*)\})?`)
	matcher := regexp.MustCompile(`(\w+)(?:=~|!~|!=|=)"`)
	for place, text := range queries(t) {
		for _, m := range selector.FindAllStringSubmatch(text, -1) {
			name := m[1]
			is, ok := there[name]
			if base := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(name, ""); !ok && there[base].kind == "histogram" {
				is, ok = there[base], true
			}
			if !ok || (is.kind == "histogram" && there[name].kind != "") {
				t.Errorf("%s: no process has %s", place, name)
				continue
			}
			for _, label := range matcher.FindAllStringSubmatch(m[2], -1) {
				if label[1] != "instance" && !slices.Contains(strings.Split(is.labels, ", "), label[1]) {
					t.Errorf("%s: %s has no label %s", place, name, label[1])
				}
			}
		}
	}
}

func TestEveryAlertIsInTheManual(t *testing.T) {
	t.Parallel()
	alert := regexp.MustCompile(`\bMnemosyne[A-Z]\w+`)
	there, told := map[string]bool{}, map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)- alert: (\w+)$`).FindAllStringSubmatch(document(t, "deploy/prometheus-rules.yaml"), -1) {
		there[m[1]] = true
	}
	for _, name := range alert.FindAllString(document(t, "docs/operations.md"), -1) {
		told[name] = true
	}
	if !maps.Equal(there, told) || len(there) == 0 {
		t.Errorf("the alerts are %v, docs/operations.md tells of %v", slices.Sorted(maps.Keys(there)), slices.Sorted(maps.Keys(told)))
	}
}
