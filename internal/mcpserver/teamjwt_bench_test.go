package mcpserver_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// BenchmarkTeamJWT verifies a team JWT, and joins it to the libraries of its
// three workspaces, among a hundred of its owner's, and tells what processor
// time that takes of this process.
func BenchmarkTeamJWT(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *sqldb.DB{"sqlite": sqldbtest.SQLite, "postgresql": sqldbtest.Postgres} {
		f := newFixture(b, open(b))
		made := f.team(b)
		for i := range 100 {
			f.workspace(b, f.ann, fmt.Sprint("ws", i))
		}
		f.assign(b, made.ID, "ws1", "ws50", "ws99")
		b.Run(name+"/verified", func(b *testing.B) {
			before := processorTime(b)
			for b.Loop() {
				if _, err := f.resolver.Resolve(b.Context(), "Bearer "+made.JWT, mcpserver.MCP); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
		})
		b.Run(name+"/joined", func(b *testing.B) {
			before := processorTime(b)
			for b.Loop() {
				if open, err := f.opens(b, made.JWT); err != nil || len(open) != 3 {
					b.Fatalf("it opens %v, %v", open, err)
				}
			}
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
		})
	}
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
