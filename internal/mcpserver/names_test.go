package mcpserver_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

func TestCredentialsAreNamedByTheirMaskedForm(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		_, laptop := f.mint(t, mcpserver.TokenSpec{Name: "Laptop"})
		_, phone := f.mint(t, mcpserver.TokenSpec{Name: "Phone"})
		team := f.team(t)
		masked := []string{laptop.Masked, phone.Masked, "team:" + team.ID, "tok_…zzzzzzzz", "team:none", "session", ""}
		names, err := f.tokens.NamesOf(t.Context(), masked)
		if err != nil || len(names) != 3 || names[laptop.Masked] != "Laptop" || names[phone.Masked] != "Phone" || names["team:"+team.ID] != "Kottos" {
			t.Errorf("NamesOf = %v, %v", names, err)
		}
	})
}
