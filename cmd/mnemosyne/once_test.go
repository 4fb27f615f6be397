package main

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// together runs a command line in several processes at once and gives what
// they print. Each has to succeed.
func together(t *testing.T, binary string, env []string, n int, args ...string) []string {
	t.Helper()
	out := make([]string, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, binary, args...)
			cmd.Env = env
			b, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v: %v: %s", args, err, b)
			}
			out[i] = string(b)
		})
	}
	all.Wait()
	return out
}

// What a deployment runs once may be run on every host of it at once, and again.
func TestWhatIsRunOnceMayBeRunByAllHostsAtOnce(t *testing.T) {
	t.Parallel()
	neo4j := testkit.Need(t, "MNEMOSYNE_TEST_NEO4J_URL", "Neo4j")
	binary := testkit.Binary(t)
	engines := map[string][]string{
		"files":   testkit.Environ(t),
		"servers": testkit.Environ(t, append(postgresSettings(t), "NEOMODEL_NEO4J_BOLT_URL="+neo4j)...),
	}
	for name, env := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const hosts = 3
			together(t, binary, env, hosts, "migrate")
			together(t, binary, env, hosts, "setup")
			for args, say := range map[string]string{
				"seed-signing-key --kid daedalus-1 --retire-other": "is active already",
				"create-sso-groups": "there already",
			} {
				for _, made := range []int{1, 0} { // the first time, and again
					told := 0
					for _, out := range together(t, binary, env, hosts, strings.Fields(args)...) {
						told += strings.Count(out, say)
					}
					if told != hosts-made {
						t.Errorf("%s: %d of %d say that nothing was to be done, want %d", args, told, hosts, hosts-made)
					}
				}
			}
			all := together(t, binary, env, 1, "audit", "--json")[0]
			if n := strings.Count(all, `"event":"signing_key_seed"`); n != 1 {
				t.Errorf("the trail has %d keys that were made: %s", n, all)
			}
			if n := strings.Count(all, `"event":"group_create"`); n != 4 {
				t.Errorf("the trail has %d groups that were made: %s", n, all)
			}
		})
	}
}
