package main

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"git.helu.ca/r/mnemosyne/internal/blob/s3"
	"git.helu.ca/r/mnemosyne/internal/blob/s3/s3test"
	"git.helu.ca/r/mnemosyne/internal/library/neo4jgraph"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// servers is an installation whose database, bucket and data folder are its
// own and empty.
type servers struct {
	*installation

	dir    string
	bucket s3.Options
	client []string // the environment of PostgreSQL's own programs
}

// onServers makes one on a Neo4j server, where nothing of it is left when the
// test ends.
func onServers(t *testing.T, neo4j string) *servers {
	t.Helper()
	s := &servers{dir: filepath.Join(t.TempDir(), "data"), bucket: s3test.Bucket(t), client: os.Environ()}
	database := postgresSettings(t)
	for _, setting := range database {
		name, value, _ := strings.Cut(setting, "=")
		theirs := map[string]string{"DB_HOST": "PGHOST", "DB_PORT": "PGPORT", "APP_DB_NAME": "PGDATABASE", "APP_DB_USER": "PGUSER", "APP_DB_PASSWORD": "PGPASSWORD"}
		if theirs[name] != "" {
			s.client = append(s.client, theirs[name]+"="+value)
		}
	}
	s.installation = install(t, append(database, "MNEMOSYNE_DATA_DIR="+s.dir, "NEOMODEL_NEO4J_BOLT_URL="+neo4j,
		"USE_LOCAL_STORAGE=False", "AWS_S3_ENDPOINT_URL=http://"+s.bucket.Endpoint, "AWS_S3_USE_SSL=False",
		"AWS_STORAGE_BUCKET_NAME="+s.bucket.Bucket, "AWS_ACCESS_KEY_ID="+s.bucket.AccessKey, "AWS_SECRET_ACCESS_KEY="+s.bucket.SecretKey)...)
	t.Cleanup(func() { s.loseIndex(t, neo4j) })
	return s
}

// loseIndex takes away what Neo4j holds of the installation.
func (s *servers) loseIndex(t *testing.T, neo4j string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	store, err := os.ReadFile(filepath.Join(s.dir, "store_id"))
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(neo4j)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := at.User.Password()
	graph, err := neo4jgraph.Open(neo4jgraph.Options{
		URL: at.Scheme + "://" + at.Host, User: at.User.Username(), Password: password, Store: strings.TrimSpace(string(store)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer graph.Close()
	uids, err := graph.Libraries(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, uid := range uids {
		if err := graph.DeleteLibrary(ctx, uid); err != nil {
			t.Fatal(err)
		}
	}
}

// postgres runs one of PostgreSQL's programs on the installation's database.
func (s *servers) postgres(t *testing.T, program string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("MNEMOSYNE_TEST_REQUIRE_SERVICES") != "" {
			t.Fatalf("%s is not here; it comes with PostgreSQL's client", program)
		}
		t.Skipf("left out: %s is not here; it comes with PostgreSQL's client", program)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = s.client
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", program, err, out)
	}
}

// mirror copies what a bucket holds and another lacks.
func mirror(t *testing.T, from, to s3.Options) {
	t.Helper()
	client := s3test.Client(t, from)
	for object := range client.ListObjects(t.Context(), from.Bucket, minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			t.Fatal(object.Err)
		}
		if _, err := client.CopyObject(t.Context(), minio.CopyDestOptions{Bucket: to.Bucket, Object: object.Key},
			minio.CopySrcOptions{Bucket: from.Bucket, Object: object.Key}); err != nil {
			t.Fatal(err)
		}
	}
}

// As docs/backup.md says it: the copies are made while it is used, and the
// database and the bucket come back into empty ones beside an empty index.
func TestServersAreRestoredIntoAnEmptyStackAndFindTheSame(t *testing.T) {
	t.Parallel()
	neo4j := testkit.Need(t, "MNEMOSYNE_TEST_NEO4J_URL", "Neo4j")
	before := onServers(t, neo4j)
	before.up(t)
	for name, text := range map[string]string{
		"otters.md": "# Otters\n\nOtters hold hands when they sleep.\n\n## Food\n\nThey open mussels with stones.\n",
		"tides.md":  "# Tides\n\nThe moon draws the sea, and the sea goes back.\n",
	} {
		if job := before.ended(t, before.upload(t, name, []byte(text)).ID); job.Status != "done" {
			t.Fatalf("%s ended as %+v", name, job)
		}
	}
	questions := []string{"otters asleep", "what opens mussels", "the moon and the sea", "hands"}
	found := map[string]string{}
	for _, q := range questions {
		if found[q] = before.found(t, q); found[q] == "" {
			t.Fatalf("%q finds nothing before", q)
		}
	}
	copied, dump := s3test.Bucket(t), filepath.Join(t.TempDir(), "mnemosyne.dump")
	mirror(t, before.bucket, copied)
	before.postgres(t, "pg_dump", "--format=custom", "--file="+dump)
	before.ended(t, before.upload(t, "late.md", []byte("# Late\n\nNobody dumps this.\n")).ID)
	mirror(t, before.bucket, copied)
	before.kill(t)
	before.loseIndex(t, neo4j)

	after := onServers(t, neo4j)
	after.token = before.token
	after.postgres(t, "pg_restore", "--no-owner", "--exit-on-error", "--dbname=", dump)
	mirror(t, copied, after.bucket)
	for _, command := range []string{"migrate", "setup", "reindex", "check"} {
		if out, err := after.command(t, command).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
	if out, err := after.command(t, "residue").CombinedOutput(); err != nil || !strings.Contains(string(out), "objects that no row knows") {
		t.Errorf("residue, with objects that are newer than the dump: %v: %s", err, out)
	}
	after.up(t)
	for _, q := range questions {
		if got := after.found(t, q); got != found[q] {
			t.Errorf("%q finds %q, and before it was %q", q, got, found[q])
		}
	}
}
