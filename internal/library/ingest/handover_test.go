package ingest_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

func TestAKeyIsTakenOnlyFromTheCallersOwnFolder(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		prefix, user, key string
		want              bool
	}{
		{"users/{username}/", "a", "users/a/x.txt", true},
		{"users/{username}/", "a", "users/a/deep/er/x.txt", true},
		{"users/{username}/", "a", "users/a//x.txt", true},
		{"users/{username}/", "a", "users/ab/x.txt", false},
		{"users/{username}", "a", "users/a/x.txt", true},
		{"users/{username}", "a", "users/ab/x.txt", false},
		{"users/{username}", "a", "users/a", false},
		{"/users/{username}/", "a", "users/a/x.txt", true},
		{"users/{username}/", "a", "/users/a/x.txt", false},
		{"users/{username}/", "a", "users/a/", false},
		{"users/{username}/", "a", "users/b/x.txt", false},
		{"users/{username}/", "a", "users/A/x.txt", false},
		{"users/{username}/", "a", "users/a/../b/x.txt", false},
		{"users/{username}/", "a", "users/a/./x.txt", false},
		{"users/{username}/", "a", `users/a/..\..\b\x.txt`, false},
		{"users/{username}/", "a", "users/a/..", false},
		{"users/{username}/", "a", "users/a/x\x00.txt", false},
		{"users/{username}/", "a", "users/a/x..txt", true},
		{"users/{username}/", "a", "", false},
		{"users/{username}/", "..", "users/../x.txt", false},
		{"users/{username}/", "a/../b", "users/a/../b/x.txt", false},
		{"users/{username}/", "a/b", "users/a/b/x.txt", false},
		{"users/{username}/", `a\b`, `users/a\b/x.txt`, false},
		{"users/{username}/", "", "users//x.txt", false},
		{"{username}/{username}/", "a", "a/a/x", true},
		{"{username}-files", "a", "a-files/x", true},
		{"{username}-files", "a", "a-files-of-b/x", false},
		{"in", "a/b", "in/x", true},
		{"in", "a", "inside/x", false},
		{"", "a", "anything", true},
		{"", "a", "a/../b", false},
		{"", "a/b", "x", true},
	} {
		h := ingest.Handover{Name: "daedalus", Prefix: row.prefix}
		if got := h.Allowed(principal("1", row.user), row.key); got != row.want {
			t.Errorf("under %q, %q may take %q: %v", row.prefix, row.user, row.key, got)
		}
	}
	if (ingest.Handover{}).Allowed(accounts.Principal{Username: "a"}, "x") {
		t.Error("nobody may take a key in")
	}
}
