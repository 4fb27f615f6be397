package websource_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/ingest/websource"
)

// local makes a source that may ask this machine.
func local() *websource.Source {
	return websource.New(websource.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Timeout: 10 * time.Second, Agent: "test"})
}

func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s.URL
}

// fetch gives what came, and the code of the failure.
func fetch(ctx context.Context, s *websource.Source, address string) (text, code string, passing bool) {
	body, _, err := s.Open(ctx, address)
	if err == nil {
		var all []byte
		all, err = io.ReadAll(body)
		text = string(all)
		err = errors.Join(err, body.Close())
	}
	if f, ok := errors.AsType[*ingest.Failure](err); ok {
		return text, f.Code, f.Passing
	} else if err != nil {
		return text, err.Error(), false
	}
	return text, "", false
}

func TestADocumentIsFetchedThroughRedirects(t *testing.T) {
	t.Parallel()
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new?x=1", http.StatusMovedPermanently)
			return
		}
		if r.Header.Get("Cookie")+r.Header.Get("Authorization")+r.Referer() != "" || r.UserAgent() != "test" {
			t.Errorf("sent %v", r.Header)
		}
		fmt.Fprint(w, "the words of "+r.URL.String())
	})
	if text, code, _ := fetch(t.Context(), local(), at+"/old"); code != "" || text != "the words of /new?x=1" {
		t.Errorf("text %q, code %q", text, code)
	}
}

func TestOnlyPublicAddressesAreAsked(t *testing.T) {
	t.Parallel()
	asked := false
	at := serve(t, func(http.ResponseWriter, *http.Request) { asked = true })
	port := at[strings.LastIndexByte(at, ':'):]
	s := websource.New(websource.Options{})
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1",
		"[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255", "2130706433", "0x7f.1", "0177.0.0.1",
	} {
		address := "http://" + host + port + "/"
		if canonical, err := s.Check(address); err != nil {
			continue // refused before it is accepted
		} else if _, code, passing := fetch(t.Context(), s, canonical); code != ingest.CodeSourceForbidden && code != ingest.CodeSourceMissing || passing {
			t.Errorf("%s: code %q, passing %v", address, code, passing)
		}
	}
	if asked {
		t.Error("this machine was asked")
	}
}

func TestARedirectLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"http://10.1.2.3/", "http://[::1]:1/", "file:///etc/passwd", "gopher://127.0.0.1/", "http://user:pw@127.0.0.1/"} {
		at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		})
		if _, code, passing := fetch(t.Context(), local(), at); code != ingest.CodeSourceForbidden || passing {
			t.Errorf("to %s: code %q, passing %v", to, code, passing)
		}
	}
	round := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) })
	if _, code, passing := fetch(t.Context(), local(), round); code != ingest.CodeSourceUnreachable || passing {
		t.Errorf("in a circle: code %q, passing %v", code, passing)
	}
}

func TestRefusalsHaveCodes(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]struct {
		code    string
		passing bool
	}{
		404: {ingest.CodeSourceMissing, false}, 410: {ingest.CodeSourceMissing, false}, 401: {ingest.CodeSourceForbidden, false},
		403: {ingest.CodeSourceForbidden, false}, 429: {ingest.CodeSourceUnreachable, true}, 500: {ingest.CodeSourceUnreachable, true},
		204: {ingest.CodeSourceUnreachable, false},
	} {
		at := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		if _, code, passing := fetch(t.Context(), local(), at); code != want.code || passing != want.passing {
			t.Errorf("%d: code %q, passing %v", status, code, passing)
		}
	}
}

func TestAFailureDoesNotTellTheLogTheAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://127.0.0.1:1/?token=hidden", "http://10.1.2.3/?token=hidden"} {
		_, _, err := local().Open(t.Context(), address)
		if f, ok := errors.AsType[*ingest.Failure](err); !ok || f.Err == nil || strings.Contains(f.Error()+f.Err.Error(), "hidden") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAnAnswerThatBreaksOffMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, "only this")
	})
	if _, code, passing := fetch(t.Context(), local(), at); code != ingest.CodeSourceUnreachable || !passing {
		t.Errorf("code %q, passing %v", code, passing)
	}
}

func TestAServerThatNeverEndsTimesOut(t *testing.T) {
	t.Parallel()
	s := websource.New(websource.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Timeout: 200 * time.Millisecond})
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	if _, code, passing := fetch(t.Context(), s, at); code != document.CodeTimedOut || passing {
		t.Errorf("code %q, passing %v", code, passing)
	}
}

func TestAddressesHaveOneForm(t *testing.T) {
	t.Parallel()
	s := websource.New(websource.Options{})
	for given, want := range map[string]string{
		"HTTPS://Example.ORG":                 "https://example.org/",
		"https://example.org/A/b.html?q=1#at": "https://example.org/A/b.html?q=1",
		"ftp://example.org/x":                 "", "example.org/x": "", "https://": "", "https://u:p@example.org/": "", "http://10.0.0.1/": "", "": "",
	} {
		got, err := s.Check(given)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v", given, got, err)
		}
	}
}
