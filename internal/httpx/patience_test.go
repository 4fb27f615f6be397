package httpx_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/httpx"
)

const stall = 100 * time.Millisecond

// answerTo sends what is written on a connection to a server with a front,
// and gives the status of the answer.
func answerTo(t *testing.T, written string, h http.HandlerFunc) int {
	t.Helper()
	front := httpx.NewFront(h, httpx.FrontOptions{Log: quiet, AllowedHosts: httpx.Hosts{"*"}, Stall: stall})
	s := httpx.NewServer("127.0.0.1:0", front, quiet)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(100 * stall)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, written); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

const tenBytesToCome = "POST /here/ HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"

func TestNobodyWaitsForABodyThatDoesNotCome(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"not read": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) },
		"read": func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); errors.Is(err, os.ErrDeadlineExceeded) {
				w.WriteHeader(http.StatusTeapot)
			}
		},
		"read as JSON": func(w http.ResponseWriter, r *http.Request) {
			if _, _, err := httpx.Body[sample](w, r); err != nil && strings.Contains(err.Error(), "in time") {
				w.WriteHeader(http.StatusTeapot)
			}
		},
	} {
		if got := answerTo(t, tenBytesToCome, h); got != http.StatusTeapot {
			t.Errorf("%s: %d", name, got)
		}
	}
}

func TestAnAnswerMayTakeLongerThanABody(t *testing.T) {
	t.Parallel()
	got := answerTo(t, tenBytesToCome+"0123456789", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
		select {
		case <-r.Context().Done():
			t.Error("the caller is taken for gone")
		case <-time.After(3 * stall):
		}
		w.WriteHeader(http.StatusTeapot)
	})
	if got != http.StatusTeapot {
		t.Errorf("%d", got)
	}
}
