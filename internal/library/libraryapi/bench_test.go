package libraryapi_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func BenchmarkGetLibrary(b *testing.B) {
	get(b, func(w *world) string { return "/library/api/libraries/" + w.library("alice", "One") + "/" })
}

func BenchmarkGetWorkspace(b *testing.B) {
	get(b, func(w *world) string {
		w.must(201, "alice", "POST", spaces, map[string]any{"workspace_id": "ws"})
		return spaces + "ws/"
	})
}

// get asks for a path with a bearer over one connection that stays open, and
// tells what CPU time a request takes, of the server and of the few lines that
// ask together.
func get(b *testing.B, made func(w *world) (path string)) {
	b.Helper()
	for name, open := range map[string]func(testing.TB) *sqldb.DB{"sqlite": sqldbtest.SQLite, "postgresql": sqldbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, open(b))
			path := made(w)
			for range 100 {
				w.library("alice", "Another")
			}
			conn, err := new(net.Dialer).DialContext(b.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			ask := []byte("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + w.tokens["alice"] + "\r\n\r\n")
			answers := bufio.NewReader(conn)
			before := cpu(b)
			for b.Loop() {
				if _, err := conn.Write(ask); err != nil {
					b.Fatal(err)
				}
				res, err := http.ReadResponse(answers, nil)
				if err != nil || res.StatusCode != http.StatusOK {
					b.Fatalf("%v, %v", res, err)
				}
				if _, err := io.Copy(io.Discard, res.Body); err != nil {
					b.Fatal(err)
				}
				_ = res.Body.Close()
			}
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
		})
	}
}

// cpu is the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
