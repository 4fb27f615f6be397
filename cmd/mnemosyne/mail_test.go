package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/mail/mailtest"
)

func TestTheOwnerOfATokenMadeByACommandIsToldByMail(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t)
	env := folder(t)
	env["EMAIL_HOST"], env["EMAIL_PORT"], env["TIME_ZONE"] = server.Host, strconv.Itoa(server.Port), "America/Toronto"
	env["MNEMOSYNE_PUBLIC_URL"], env["EMAIL_FROM"] = "https://memory.example.com", "Memory <post@memory.example.com>"
	must(t, env, "", "create-user", "--username", "ann", "--email", "ann@example.com")
	token := strings.TrimSpace(must(t, env, "", "create-user-token", "--user", "ann", "--name", "Laptop", "--expires-at", "2040-01-31T00:00:00Z"))
	got := server.Next(t)
	for _, part := range []string{"Laptop (tok_…", "by an operator", "https://memory.example.com/profile/tokens/", "30 Jan 2040, 19:00 EST"} {
		if !strings.Contains(got.Text, part) {
			t.Errorf("the mail lacks %q: %s", part, got.Text)
		}
	}
	if got.To != "ann@example.com" || got.From != "post@memory.example.com" || strings.Contains(got.Text, token) {
		t.Errorf("the mail is %+v", got)
	}
	must(t, env, "", "create-user", "--username", "silent")
	must(t, env, "", "create-user-token", "--user", "silent", "--name", "Laptop")
	server.None(t)
}

func TestCheckSaysWhetherTheMailServerAnswers(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t)
	env := folder(t)
	env["EMAIL_HOST"], env["EMAIL_PORT"] = server.Host, strconv.Itoa(server.Port)
	must(t, env, "", "migrate")
	report := fromJSON[app.Report](t, must(t, env, "", "check", "--json"))
	at := slices.IndexFunc(report.Parts, func(p app.Part) bool { return p.Name == "mail" })
	if at < 0 || !report.Parts[at].OK || report.Parts[at].Where != server.Host+":"+env["EMAIL_PORT"] {
		t.Errorf("check says %+v", report.Parts)
	}
	for _, wrong := range []struct{ name, value, says string }{
		{"EMAIL_USE_TLS", "True", "STARTTLS"}, {"EMAIL_PORT", "1", "refused"},
	} {
		broken := maps.Clone(env)
		broken[wrong.name] = wrong.value
		if got := runWith(t, broken, "", "check"); got.code != exitFailed || !strings.Contains(got.stdout, "mail: the mail server at ") || !strings.Contains(got.stdout, wrong.says) {
			t.Errorf("check with %s=%s gave %+v", wrong.name, wrong.value, got)
		}
	}
}
