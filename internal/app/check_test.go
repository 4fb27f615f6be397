package app_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/settings"
)

func TestAHealthCheckAsksWhereTheProgramListens(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ addr, process, want string }{
		{"", "serve", "http://127.0.0.1:8000/live/"},
		{":9000", "serve", "http://127.0.0.1:9000/live/"},
		{"0.0.0.0:9000", "mcp", "http://127.0.0.1:9000/mcp/health"}, // of `up`
		{"[::]:9000", "serve", "http://127.0.0.1:9000/live/"},
		{"10.0.0.7:9000", "serve", "http://10.0.0.7:9000/live/"},
		{"[::1]:9000", "serve", "http://[::1]:9000/live/"},
		{":9000", "web", "http://127.0.0.1:80/live/"},
	} {
		s, err := settings.Load(func(name string) (string, bool) {
			if name == "MNEMOSYNE_HTTP_ADDR" {
				return row.addr, true
			}
			return "", false
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := app.HealthAddress(s, row.process); err != nil || got != row.want {
			t.Errorf("%s at %q is asked at %s, %v; want %s", row.process, row.addr, got, err, row.want)
		}
	}
}
