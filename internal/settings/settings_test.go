package settings_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/settings"
)

func environment(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

func load(t *testing.T, values map[string]string) *settings.Settings {
	t.Helper()
	s, err := settings.Load(environment(values))
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return s
}

// faults loads what must not load and returns its faults by variable.
func faults(t *testing.T, values map[string]string) map[string]settings.Fault {
	t.Helper()
	_, err := settings.Load(environment(values))
	var all *settings.Error
	if !errors.As(err, &all) {
		t.Fatalf("Load(%v) = %v, want a *settings.Error", values, err)
	}
	byName := make(map[string]settings.Fault)
	for _, f := range all.Faults {
		if _, twice := byName[f.Variable]; twice {
			t.Errorf("%s is reported twice", f.Variable)
		}
		byName[f.Variable] = f
	}
	return byName
}

func TestEmptyEnvironmentIsTheEmbeddedProfileOnLoopback(t *testing.T) {
	t.Parallel()
	s := load(t, nil)
	if !s.Embedded() || !s.Storage.Local || !s.MCP.RequireAuth {
		t.Errorf("Embedded, Storage.Local, MCP.RequireAuth = %v, %v, %v, want all true", s.Embedded(), s.Storage.Local, s.MCP.RequireAuth)
	}
	if got := s.HTTP.UpAddr(); got != "127.0.0.1:8000" {
		t.Errorf("UpAddr = %q", got)
	}
	if got := s.HTTP.ServeAddr(); got != ":8000" {
		t.Errorf("ServeAddr = %q", got)
	}
	if s.Search.RRFK != 60 || s.Search.DefaultLimit != 20 || s.Embedding.Timeout != 2*time.Minute || s.Ingest.MaxUploadBytes != 2<<30 {
		t.Errorf("defaults differ: %+v %+v %+v", s.Search, s.Embedding, s.Ingest)
	}
	for _, e := range s.Dump() {
		if !e.Default {
			t.Errorf("%s is not marked as default", e.Name)
		}
	}
}

func TestEmptyValuesCountAsNone(t *testing.T) {
	t.Parallel()
	values := make(map[string]string)
	for _, e := range load(t, nil).Dump() {
		values[e.Name] = ""
	}
	if got := load(t, values).Search.VectorTopK; got != 50 {
		t.Errorf("VectorTopK = %d, want the default 50", got)
	}
}

func TestProductionEnvironmentOfTheDeploymentReferenceLoads(t *testing.T) {
	t.Parallel()
	s := load(t, map[string]string{
		"SECRET_KEY": strings.Repeat("k", 50), "DEBUG": "False", "TIME_ZONE": "America/Toronto", "LANGUAGE_CODE": "en-us",
		"ALLOWED_HOSTS":        "localhost,127.0.0.1,mnemosyne.ouranos.helu.ca",
		"CSRF_TRUSTED_ORIGINS": "https://mnemosyne.ouranos.helu.ca",
		"APP_DB_NAME":          "mnemosyne", "APP_DB_USER": "mnemosyne", "APP_DB_PASSWORD": "p@ss/word", "DB_HOST": "portia.incus", "DB_PORT": "5432",
		"NEOMODEL_NEO4J_BOLT_URL": "bolt://neo4j:p%40ss%2Fword@umbriel.incus:7687",
		"KVDB_LOCATION":           "oberon.incus:11211", "KVDB_PREFIX": "mnemosyne",
		"USE_LOCAL_STORAGE": "False", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_STORAGE_BUCKET_NAME": "mnemosyne-content",
		"AWS_S3_ENDPOINT_URL": "https://nyx.helu.ca:8555", "AWS_S3_USE_SSL": "True", "AWS_S3_VERIFY": "False", "AWS_S3_REGION_NAME": "us-east-1",
		"DAEDALUS_S3_ENDPOINT_URL": "https://nyx.helu.ca:8555", "DAEDALUS_S3_ACCESS_KEY_ID": "key", "DAEDALUS_S3_SECRET_ACCESS_KEY": "secret",
		"CELERY_BROKER_URL": "amqp://mnemosyne:a%23b@oberon.incus:5672/mnemosyne", "CELERY_RESULT_BACKEND": "rpc://",
		"CELERY_QUEUES": "celery,embedding,batch", "CELERY_CONCURRENCY": "2",
		"CASDOOR_ENABLED": "True", "CASDOOR_ORIGIN": "https://casdoor.ouranos.helu.ca", "CASDOOR_CLIENT_ID": "id", "CASDOOR_CLIENT_SECRET": "secret",
		"CASDOOR_ORG_NAME": "ouranos", "CASDOOR_SSL_VERIFY": "true", "ALLOW_LOCAL_LOGIN": "False",
		"LLM_API_SECRETS_ENCRYPTION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
		"EMAIL_HOST":                     "oberon.incus", "EMAIL_PORT": "22025", "EMAIL_USE_TLS": "False",
	})
	if s.Embedded() || s.SSO.LocalLogin() {
		t.Errorf("Embedded, LocalLogin = %v, %v, want both false", s.Embedded(), s.SSO.LocalLogin())
	}
	if got, want := s.Database.DSN(), "postgres://mnemosyne:p%40ss%2Fword@portia.incus:5432/mnemosyne"; got != want {
		t.Errorf("DSN = %q, want %q", got, want)
	}
	if s.Graph.URL != "bolt://umbriel.incus:7687" || s.Graph.User != "neo4j" || s.Graph.Password.Reveal() != "p@ss/word" {
		t.Errorf("Graph = %q %q %q", s.Graph.URL, s.Graph.User, s.Graph.Password.Reveal())
	}
	if s.Broker.VHost != "mnemosyne" || s.Broker.Password.Reveal() != "a#b" || s.Broker.Port != 5672 || s.Broker.TLS {
		t.Errorf("Broker = %+v", s.Broker)
	}
	if s.Storage.S3.Endpoint != "nyx.helu.ca:8555" || s.DaedalusStorage.S3.Bucket != "daedalus" {
		t.Errorf("S3 endpoint %q, Daedalus bucket %q", s.Storage.S3.Endpoint, s.DaedalusStorage.S3.Bucket)
	}
	if s.SSO.FrontendOrigin != s.SSO.Origin {
		t.Errorf("FrontendOrigin = %q, want the origin %q", s.SSO.FrontendOrigin, s.SSO.Origin)
	}
	if got := strings.Join(s.Warnings(), " "); !strings.Contains(got, "AWS_S3_VERIFY") || !strings.Contains(got, "DAEDALUS_S3_PREFIX") || strings.Contains(got, "SECRET_KEY") {
		t.Errorf("Warnings = %q", got)
	}
}

func TestAllFaultsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	got := faults(t, map[string]string{
		"DB_HOST": "portia", "DB_PORT": "none", "DEBUG": "perhaps", "CELERY_QUEUES": "celery,fast",
		"USE_LOCAL_STORAGE": "False", "CASDOOR_ENABLED": "on", "CASDOOR_ORIGIN": "casdoor.example.com",
	})
	want := []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_STORAGE_BUCKET_NAME", "CASDOOR_CLIENT_ID", "CASDOOR_CLIENT_SECRET",
		"CASDOOR_ORIGIN", "CELERY_QUEUES", "DB_PORT", "DEBUG", "SECRET_KEY",
	}
	names := make([]string, 0, len(got))
	for name := range got {
		names = append(names, name)
	}
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("faults of %v, want %v", names, want)
	}
	f := got["DB_PORT"]
	if f.Problem != `"none" is not understood` || f.Expected != "a whole number from 1 to 65535" || f.Example == "" {
		t.Errorf("fault of DB_PORT = %+v", f)
	}
	if got["CELERY_QUEUES"].Problem != `"fast" is not understood` {
		t.Errorf("fault of CELERY_QUEUES = %+v", got["CELERY_QUEUES"])
	}
}

func TestBooleansAreReadAsDjangoReadsThem(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		"True": true, "true": true, "1": true, "yes": true, "on": true, "Y": true, " true ": true,
		"False": false, "false": false, "0": false, "no": false, "off": false, "N": false,
	} {
		if got := load(t, map[string]string{"MCP_REQUIRE_AUTH": value}).MCP.RequireAuth; got != want {
			t.Errorf("MCP_REQUIRE_AUTH=%q gives %v, want %v", value, got, want)
		}
	}
}

func TestOutOfRangeAndMalformedValuesAreFaults(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{
		"DB_PORT":                        {"0", "65536", "-1", "54 32"},
		"SEARCH_DEFAULT_LIMIT":           {"0", "51", "1.5"},
		"EMBEDDING_TIMEOUT":              {"0", "-5", "soon"},
		"MNEMOSYNE_MAX_UPLOAD_BYTES":     {"0", "-1", "large", "99999999999999999999"},
		"TIME_ZONE":                      {"Mars/Olympus", "../etc"},
		"SEARCH_FUSION":                  {"sum"},
		"GLOBAL_LIBRARY_INGEST":          {"nobody"},
		"LOGGING_LEVEL":                  {"LOUD"},
		"TRUSTED_PROXIES":                {"proxy", "10.0.0.0/33", ","},
		"CSRF_TRUSTED_ORIGINS":           {"example.com", "https://example.com/path", "ftp://example.com"},
		"ALLOWED_HOSTS":                  {"https://example.com"},
		"KVDB_LOCATION":                  {"oberon", ":11211"},
		"AWS_S3_ENDPOINT_URL":            {"nyx:8555", "https://nyx/bucket"},
		"LLM_API_SECRETS_ENCRYPTION_KEY": {"short", strings.Repeat("A", 44)},
		"MNEMOSYNE_HTTP_ADDR":            {"8000", "localhost:http"},
		"DB_HOST":                        {"portia:5432", "postgres://portia", "por tia"},
		"EMAIL_HOST":                     {"smtp://oberon", "oberon:25", "/run/mail"},
		"AWS_STORAGE_BUCKET_NAME":        {"a", "s3://mnemosyne", "my bucket"},
		"AWS_S3_REGION_NAME":             {"us east"},
		"EMBEDDING_BASE_URL":             {"nyx:8000", "http://nyx/v 1"},
		"RERANKER_QUERY_PROMPT":          {"Query: "},
		"NEOMODEL_NEO4J_BOLT_URL":        {"http://neo4j", "bolt://", "bolt://host:99999", "bolt://host/db"},
	} {
		for _, value := range values {
			if _, ok := faults(t, map[string]string{name: value})[name]; !ok {
				t.Errorf("%s=%q is accepted", name, value)
			}
		}
	}
}

func TestEveryFaultSaysWhatWasExpectedAndHowItLooks(t *testing.T) {
	t.Parallel()
	for _, e := range load(t, nil).Dump() {
		_, err := settings.Load(environment(map[string]string{e.Name: "§ wrong ://"}))
		var all *settings.Error
		if !errors.As(err, &all) {
			continue // any text will do
		}
		for _, f := range all.Faults {
			secret := strings.Contains(f.Expected, "openssl") || f.Variable == "EMAIL_HOST_PASSWORD"
			if f.Expected == "" && !secret || f.Example == "" && !secret {
				t.Errorf("%s: the fault does not say what to write: %s", e.Name, f)
			}
			if f.Example == "" {
				continue
			}
			if _, still := errFaults(f.Variable, f.Example)[f.Variable]; still {
				t.Errorf("%s: the example itself is refused: %s", f.Variable, f.Example)
			}
		}
	}
}

func errFaults(name, value string) map[string]bool {
	_, err := settings.Load(environment(map[string]string{name: value}))
	names := make(map[string]bool)
	if all, ok := errors.AsType[*settings.Error](err); ok {
		for _, f := range all.Faults {
			names[f.Variable] = true
		}
	}
	return names
}

func TestAddressOfABucketAndItsTLSMustAgree(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"AWS", "DAEDALUS"} {
		keys := map[string]string{
			"DAEDALUS_S3_ACCESS_KEY_ID": "key", "DAEDALUS_S3_SECRET_ACCESS_KEY": "secret",
			prefix + "_S3_ENDPOINT_URL": "http://nyx:9000",
		}
		if f, ok := faults(t, keys)[prefix+"_S3_USE_SSL"]; !ok || f.Example != "False" {
			t.Errorf("%s: http:// and TLS by default give %+v", prefix, f)
		}
		keys[prefix+"_S3_USE_SSL"] = "False"
		load(t, keys)
		keys[prefix+"_S3_ENDPOINT_URL"] = "https://nyx:9000"
		if f, ok := faults(t, keys)[prefix+"_S3_USE_SSL"]; !ok || f.Example != "True" {
			t.Errorf("%s: https:// without TLS gives %+v", prefix, f)
		}
	}
}

func TestUnencodedPasswordsAreNamedAndNotShown(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]string{
		"CELERY_BROKER_URL":       "amqp://mnemosyne:%s@oberon.incus:5672/mnemosyne",
		"NEOMODEL_NEO4J_BOLT_URL": "bolt://neo4j:%s@umbriel.incus:7687",
	} {
		for _, password := range []string{"hunter@two", "hunter/two", "hunter#two", "hunter?two", "hunter%two", "hunter two"} {
			f := faults(t, map[string]string{name: fmt.Sprintf(format, password)})[name]
			culprit := string(password[len("hunter")])
			if !strings.HasPrefix(strings.Trim(f.Problem, "'"), culprit) || !strings.Contains(f.Problem, "percent-encode the password") {
				t.Errorf("%s with %q: %q does not say to percent-encode %s", name, password, f.Problem, culprit)
			}
			if strings.Contains(f.String(), "hunter") {
				t.Errorf("%s: the fault shows the password: %s", name, f)
			}
		}
	}
}

func TestBrokerAddressIsReadAsCeleryReadsIt(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]settings.Broker{
		"amqp://oberon":                 {Host: "oberon", Port: 5672, VHost: "/"},
		"amqp://oberon/":                {Host: "oberon", Port: 5672, VHost: "/"},
		"amqp://oberon//":               {Host: "oberon", Port: 5672, VHost: "/"},
		"pyamqp://u:p@oberon/%2F":       {Host: "oberon", Port: 5672, VHost: "/", User: "u", Password: "p"},
		"amqps://u:p%2B1@oberon:1/team": {Host: "oberon", Port: 1, VHost: "team", User: "u", Password: "p+1", TLS: true},
		"amqps://oberon/team":           {Host: "oberon", Port: 5671, VHost: "team", TLS: true},
	} {
		if got := load(t, map[string]string{"CELERY_BROKER_URL": url}).Broker; got != want {
			t.Errorf("%s gives %#v, want %#v", url, got, want)
		}
	}
}

func TestDatabaseFolderOfASocketIsKeptInTheDSN(t *testing.T) {
	t.Parallel()
	d := settings.Database{Host: "/run/postgresql", Port: 5433, Name: "m", User: "u"}
	if got, want := d.DSN(), "postgres://u@/m?host=%2Frun%2Fpostgresql&port=5433"; got != want {
		t.Errorf("DSN = %q, want %q", got, want)
	}
}

func TestProxiesAreNetworksOrAddresses(t *testing.T) {
	t.Parallel()
	got := load(t, map[string]string{"TRUSTED_PROXIES": "10.10.0.9/24, 192.0.2.1,::1"}).HTTP.TrustedProxies
	want := []netip.Prefix{netip.MustParsePrefix("10.10.0.0/24"), netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("::1/128")}
	if !slices.Equal(got, want) {
		t.Errorf("TrustedProxies = %v, want %v", got, want)
	}
}

func TestDebugLowersEveryLogLevel(t *testing.T) {
	t.Parallel()
	quiet := load(t, map[string]string{"LOGGING_LEVEL": "error"}).Logging
	if quiet.Level != slog.LevelError || quiet.HTTP != slog.LevelWarn || quiet.Worker != slog.LevelInfo {
		t.Errorf("Logging = %+v", quiet)
	}
	loud := load(t, map[string]string{"LOGGING_LEVEL": "error", "DEBUG": "True"}).Logging
	if want := (settings.Logging{Level: slog.LevelDebug, HTTP: slog.LevelDebug, Worker: slog.LevelDebug}); loud != want {
		t.Errorf("Logging with DEBUG = %+v", loud)
	}
}

func TestSecretsAreNeitherDumpedNorPrinted(t *testing.T) {
	t.Parallel()
	const canary = "canary"
	s := load(t, map[string]string{
		"SECRET_KEY": canary, "APP_DB_PASSWORD": canary, "AWS_SECRET_ACCESS_KEY": canary, "DAEDALUS_S3_SECRET_ACCESS_KEY": canary,
		"CASDOOR_CLIENT_SECRET": canary, "EMBEDDING_API_KEY": canary, "RERANKER_API_KEY": canary,
		"NEOMODEL_NEO4J_BOLT_URL": "bolt://neo4j:" + canary + "@umbriel:7687", "CELERY_BROKER_URL": "amqp://m:" + canary + "@oberon/m",
	})
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("start", "settings", s, "key", s.SecretKey)
	for where, text := range map[string]string{
		"Dump": fmt.Sprint(s.Dump()), "%+v": fmt.Sprintf("%+v", s), "%#v": fmt.Sprintf("%#v", s), "JSON": string(encoded), "slog": logged.String(),
	} {
		if strings.Contains(text, canary) {
			t.Errorf("%s shows a secret: %s", where, text)
		}
	}
	if i := slices.IndexFunc(s.Dump(), func(e settings.Entry) bool { return e.Name == "CELERY_BROKER_URL" }); !strings.Contains(s.Dump()[i].Value, "oberon/m") {
		t.Errorf("the broker's address is dumped as %q, want it without its password", s.Dump()[i].Value)
	}
}

func TestEveryVariableOfTheDeploymentReferenceIsRead(t *testing.T) {
	t.Parallel()
	reference, err := os.ReadFile("testdata/deployment-variables.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, e := range load(t, nil).Dump() {
		if known[e.Name] {
			t.Errorf("%s stands in the table twice", e.Name)
		}
		known[e.Name] = true
	}
	for line := range strings.Lines(string(reference)) {
		name, _, found := strings.Cut(line, " ")
		if found && name != "#" && !known[name] {
			t.Errorf("%s is not read", name)
		}
	}
}

func TestFilesMadeFromTheTableAreCurrent(t *testing.T) {
	t.Parallel()
	for path, write := range map[string]func(io.Writer) error{
		".env.example": settings.WriteExample, "docs/configuration.md": settings.WriteReference,
	} {
		var want bytes.Buffer
		if err := write(&want); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile("../../" + path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s is not what the table says; run: make env-example", path)
		}
	}
}

func TestProfilesAreOfThisMachineUnlessAHostIsNamed(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"": "", "6060": "127.0.0.1:6060", ":6060": "127.0.0.1:6060", "127.0.0.1:6060": "127.0.0.1:6060", "0.0.0.0:6060": "0.0.0.0:6060",
	} {
		s := load(t, map[string]string{"MNEMOSYNE_PPROF_ADDR": value})
		warned := strings.Contains(strings.Join(s.Warnings(), " "), "MNEMOSYNE_PPROF_ADDR")
		if s.HTTP.ProfileAddr != want || warned != strings.HasPrefix(want, "0.0.0.0") {
			t.Errorf("%q is %q, with a warning: %v", value, s.HTTP.ProfileAddr, warned)
		}
	}
	if faults(t, map[string]string{"MNEMOSYNE_PPROF_ADDR": "yes"})["MNEMOSYNE_PPROF_ADDR"].Problem == "" {
		t.Error("a word is taken for an address")
	}
}

func TestAWrongLogLevelIsNamedWithThoseThereAre(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"LOGGING_LEVEL", "DJANGO_LOGGING_LEVEL", "CELERY_LOGGING_LEVEL"} {
		f := faults(t, map[string]string{name: "LOUD"})[name]
		if !strings.Contains(f.Problem, "LOUD") || !strings.Contains(f.Expected, "WARNING") {
			t.Errorf("%s: %v", name, f)
		}
	}
}
