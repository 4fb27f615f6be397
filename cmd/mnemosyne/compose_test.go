package main

import (
	"cmp"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// composeFile is what the tests look at of a compose file.
type composeFile struct {
	Services map[string]composeService `yaml:"services"`
}

type composeService struct {
	Image       string            `yaml:"image"`
	PullPolicy  string            `yaml:"pull_policy"`
	Build       map[string]any    `yaml:"build"`
	Entrypoint  []string          `yaml:"entrypoint"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Volumes     []string          `yaml:"volumes"`
	Ports       []string          `yaml:"ports"`
	Restart     string            `yaml:"restart"`
	ReadOnly    bool              `yaml:"read_only"`
	CapDrop     []string          `yaml:"cap_drop"`
	SecurityOpt []string          `yaml:"security_opt"`
	PidsLimit   int               `yaml:"pids_limit"`
	MemLimit    string            `yaml:"mem_limit"`
	StopGrace   string            `yaml:"stop_grace_period"`
	Logging     struct {
		Options map[string]string `yaml:"options"`
	} `yaml:"logging"`
	DependsOn map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
	Healthcheck struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
}

const (
	ownCompose     = "../../docker-compose.yaml"
	serversCompose = "../../compose.services.yaml"
)

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func readCompose(t *testing.T, path string) composeFile {
	t.Helper()
	var f composeFile
	if err := yaml.Unmarshal([]byte(readText(t, path)), &f); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return f
}

// TestComposeRunsCommandsThatThereAre asks the program itself whether it knows
// what the services and their healthchecks run.
func TestComposeRunsCommandsThatThereAre(t *testing.T) {
	t.Parallel()
	file := readCompose(t, ownCompose)
	for name, want := range map[string]string{
		"app": "serve", "mcp": "mcp", "worker": "worker", "web": "", "static-init": "collectstatic /srv/static",
	} {
		service, ok := file.Services[name]
		if got := strings.Join(service.Command, " "); !ok || got != want {
			t.Errorf("%s runs %q, want %q", name, got, want)
		}
		if name != "web" && !known(t, service.Command) {
			t.Errorf("%s runs %q, which is no command", name, service.Command)
		}
		if name == "static-init" {
			continue
		}
		probe := service.Healthcheck.Test
		if len(probe) < 3 || !slices.Equal(probe[:3], []string{"CMD", "mnemosyne", "healthcheck"}) || !known(t, probe[2:]) {
			t.Errorf("the healthcheck of %s is %q", name, probe)
		}
	}
	if len(file.Services) != 5 {
		t.Errorf("the services are %v", slices.Sorted(maps.Keys(file.Services)))
	}
}

// known tells whether a command line is understood.
func known(t *testing.T, args []string) bool {
	t.Helper()
	p := &program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, lookup: func(string) (string, bool) { return "", false }}
	return run(t.Context(), p, append(slices.Clone(args), "--help")) == exitDone && run(t.Context(), p, append(slices.Clone(args), "--no-such-flag")) == exitUsage
}

func TestComposeServicesShareOneImageThatOneVariableNames(t *testing.T) {
	t.Parallel()
	for name, s := range readCompose(t, ownCompose).Services {
		if s.Image != "${MNEMOSYNE_IMAGE:-mnemosyne:local}" || s.Build["context"] != "." {
			t.Errorf("%s is of image %q, built from %v", name, s.Image, s.Build["context"])
		}
		// `docker compose pull` fails on an image that is only here, unless this says so.
		if s.PullPolicy != "${MNEMOSYNE_PULL_POLICY:-if_not_present}" {
			t.Errorf("%s is pulled %q", name, s.PullPolicy)
		}
	}
	for name, s := range readCompose(t, serversCompose).Services {
		tag := s.Image[strings.LastIndexByte(s.Image, ':')+1:]
		if s.Image != "" && (tag == s.Image || tag == "latest") {
			t.Errorf("%s is of image %q, whose version is open", name, s.Image)
		}
	}
}

func TestComposeContainersMayDoNoMoreThanTheyMust(t *testing.T) {
	t.Parallel()
	for name, s := range readCompose(t, ownCompose).Services {
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.PidsLimit == 0 {
			t.Errorf("%s: read_only %v, cap_drop %v, security_opt %v, pids_limit %d", name, s.ReadOnly, s.CapDrop, s.SecurityOpt, s.PidsLimit)
		}
		if len(s.Logging.Options) != 2 {
			t.Errorf("the log of %s grows without end: %v", name, s.Logging)
		}
		if name == "static-init" {
			if s.Restart != "no" {
				t.Errorf("static-init restarts %q", s.Restart)
			}
			continue
		}
		if s.Restart != "unless-stopped" || !strings.HasPrefix(s.MemLimit, "${") || s.StopGrace != "40s" {
			t.Errorf("%s: restart %q, mem_limit %q, stop_grace_period %q", name, s.Restart, s.MemLimit, s.StopGrace)
		}
	}
}

// TestComposeStartsWebWithoutTheOthers keeps `up` from waiting for an app that
// is not well before the first `migrate`, which comes after it.
func TestComposeStartsWebWithoutTheOthers(t *testing.T) {
	t.Parallel()
	file := readCompose(t, ownCompose)
	for name, s := range file.Services {
		if name != "web" && len(s.DependsOn) > 0 {
			t.Errorf("%s waits for %v", name, s.DependsOn)
		}
	}
	web := file.Services["web"]
	if len(web.DependsOn) != 1 || web.DependsOn["static-init"].Condition != "service_completed_successfully" {
		t.Errorf("web waits for %v", web.DependsOn)
	}
	if !slices.Equal(web.Ports, []string{"${MNEMOSYNE_PORT:-23181}:80"}) || !slices.Contains(web.Volumes, "./nginx/mnemosyne.conf:/etc/nginx/mnemosyne.conf:ro") {
		t.Errorf("web has ports %v, volumes %v", web.Ports, web.Volumes)
	}
}

func TestComposeBringsServersThatAreAskedForTheirHealth(t *testing.T) {
	t.Parallel()
	file := readCompose(t, serversCompose)
	for _, name := range []string{"postgres", "neo4j", "rabbitmq", "minio", "memcached"} {
		s := file.Services[name]
		if s.Image == "" || len(s.Healthcheck.Test) == 0 || len(s.Ports) > 0 || s.Restart != "unless-stopped" {
			t.Errorf("%s: image %q, healthcheck %v, ports %v, restart %q", name, s.Image, s.Healthcheck.Test, s.Ports, s.Restart)
		}
	}
	for _, name := range []string{"app", "mcp", "worker"} {
		waits := file.Services[name].DependsOn
		for _, engine := range []string{"postgres", "neo4j", "rabbitmq", "memcached"} {
			if waits[engine].Condition != "service_healthy" {
				t.Errorf("%s waits for %v", name, waits)
			}
		}
		// `run app` would make the buckets again.
		if got := waits["buckets"].Condition; (got == "service_completed_successfully") != (name == "worker") {
			t.Errorf("%s waits for the buckets until %q", name, got)
		}
	}
}

// TestComposeNamesNoUnknownVariable looks at every ${…} of both files.
func TestComposeNamesNoUnknownVariable(t *testing.T) {
	t.Parallel()
	made := makeEnv(t)
	named := regexp.MustCompile(`\$\{([A-Z0-9_]+)`)
	for _, path := range []string{ownCompose, serversCompose} {
		text := strings.ReplaceAll(readText(t, path), "$$", "")
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			serversOwn := path == serversCompose && regexp.MustCompile(`^(POSTGRES|NEO4J|RABBITMQ|MINIO)_`).MatchString(m[1])
			if _, ok := made[m[1]]; !ok && !serversOwn && !exampleNames(t)[m[1]] {
				t.Errorf("%s asks for %s, which .env.example does not name", path, m[1])
			}
		}
	}
}

func exampleNames(t *testing.T) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^#([A-Z0-9_]+)=`).FindAllStringSubmatch(readText(t, "../../.env.example"), -1) {
		names[m[1]] = true
	}
	return names
}

// makeEnv runs scripts/make-env and gives what it wrote.
func makeEnv(t *testing.T) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "env")
	if out, err := exec.CommandContext(t.Context(), "../../scripts/make-env", path).CombinedOutput(); err != nil {
		t.Fatalf("make-env: %v: %s", err, out)
	}
	values := make(map[string]string)
	for line := range strings.Lines(readText(t, path)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			values[name] = value
		}
	}
	return values
}

func TestComposeIsUnderstoodByDocker(t *testing.T) {
	t.Parallel()
	if err := exec.CommandContext(t.Context(), "docker", "compose", "version").Run(); err != nil {
		t.Skip("there is no docker compose here to read the files with")
	}
	env := filepath.Join(t.TempDir(), "env")
	if out, err := exec.CommandContext(t.Context(), "../../scripts/make-env", env).CombinedOutput(); err != nil {
		t.Fatalf("make-env: %v: %s", err, out)
	}
	for _, files := range []string{ownCompose, ownCompose + ":" + serversCompose} {
		cmd := exec.CommandContext(t.Context(), "docker", "compose", "--env-file", env, "config", "-q")
		cmd.Env = append(os.Environ(), "COMPOSE_FILE="+files)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("docker compose config with %s: %v: %s", files, err, out)
		}
	}
	cmd := exec.CommandContext(t.Context(), "docker", "compose", "--env-file", os.DevNull, "-f", ownCompose, "config", "-q")
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "DB_HOST=") })
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "DB_HOST") {
		t.Errorf("without an .env it says %v: %s", err, cmp.Or(string(out), "nothing"))
	}
}
