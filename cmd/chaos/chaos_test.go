package main

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// The engines are the test's own; those that the variables name are left
// alone, and tell that this machine has them.
func TestWhatIsAcceptedIsKeptThroughKillsAndRestarts(t *testing.T) {
	t.Parallel()
	for variable, what := range map[string]string{
		"MNEMOSYNE_TEST_POSTGRES_DSN": "PostgreSQL", "MNEMOSYNE_TEST_AMQP_URL": "RabbitMQ", "MNEMOSYNE_TEST_NEO4J_URL": "Neo4j",
		"MNEMOSYNE_TEST_S3_URL": "MinIO", "MNEMOSYNE_TEST_MEMCACHED": "memcached",
	} {
		testkit.Need(t, variable, what)
	}
	r, err := run(t.Context(), options{
		Root: "../..", Binary: testkit.Binary(t), Dir: t.TempDir(), Workers: 3,
		Jobs: 200, Kills: 10, Restarts: 1, Spread: 40 * time.Second, Log: t.Logf,
		Time: 6 * time.Minute, Rest: 8 * time.Minute, // on a machine that is busy otherwise; alone it takes less than two
	})
	if r != nil {
		var page strings.Builder
		r.print(&page)
		t.Log(page.String())
		for _, v := range r.Violations {
			t.Error(v)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAReaderTellsAPartAndAMixFromAWhole(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	one, two := write(rng, 7, 1, true), write(rng, 7, 2, false)
	half := one[:strings.LastIndex(one, "The ")]
	for name, c := range map[string]struct {
		text, wrong string
	}{
		"whole": {one, ""},
		"half":  {half, "sentences of version 1"},
		"mixed": {half + two, "beside version"},
		"none":  {"nothing", "no mark"},
	} {
		if _, _, wrong := whole(marksIn(c.text)); !strings.Contains(wrong, c.wrong) || c.wrong == "" && wrong != "" {
			t.Errorf("%s is said to be %q", name, wrong)
		}
	}
}

func TestOutagesThatOverlapAreCountedOnce(t *testing.T) {
	t.Parallel()
	began := time.Now()
	at := func(s int) time.Time { return began.Add(time.Duration(s) * time.Second) }
	e := &engines{outages: []outage{{"b", at(5), at(12)}, {"a", at(0), at(10)}, {"c", at(20), at(30)}}}
	if got := e.down(at(2), at(25)); got != 15*time.Second {
		t.Errorf("down for %s, want 15s", got)
	}
}

func TestTheEnvironmentOfOthersServersIsLeftBehind(t *testing.T) {
	t.Setenv("DB_HOST", "elsewhere")
	t.Setenv("MNEMOSYNE_TEST_POSTGRES_DSN", "elsewhere")
	env, err := environment()
	if err != nil || len(env) == 0 || strings.Contains(strings.Join(env, "\n"), "elsewhere") || os.Getenv("DB_HOST") == "" {
		t.Errorf("the environment is %q, %v", env, err)
	}
}
