package mcpserver_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

func TestTheTokensThatNameALibraryAreCounted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		t.Helper()
		const other = "7d3f2b0e-3f6e-4f55-9d8c-0f6f6c1f8a11"
		f.mint(t, mcpserver.TokenSpec{AllowedLibraries: []string{aLibrary, other}})
		f.mint(t, mcpserver.TokenSpec{AllowedLibraries: []string{other}})
		f.mint(t, mcpserver.TokenSpec{AllowedLibraries: []string{"*"}})
		for uid, want := range map[string]int64{aLibrary: 1, other: 2, "9d3f2b0e-3f6e-4f55-9d8c-0f6f6c1f8a11": 0} {
			if got, err := f.tokens.ReachOf(t.Context(), library.Library{UID: uid}); err != nil || got.Tokens != want {
				t.Errorf("%s is named by %+v, %v, want %d", uid, got, err, want)
			}
		}
	})
}
