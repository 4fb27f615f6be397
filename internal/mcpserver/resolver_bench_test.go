package mcpserver_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func BenchmarkResolve(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *sqldb.DB{"sqlite": sqldbtest.SQLite, "postgresql": sqldbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			f := newFixture(b, open(b))
			plaintext, _ := f.mint(b, mcpserver.TokenSpec{AllowedTools: []string{"search"}, AllowedLibraries: []string{"*"}})
			header := "Bearer " + plaintext
			for b.Loop() {
				if _, err := f.resolver.Resolve(b.Context(), header, mcpserver.MCP); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
