package dashboardtest

import (
	"bytes"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// Browser is somebody's browser, without scripts.
type Browser struct {
	t      *testing.T
	Base   string
	Client *http.Client
}

// Browser is that of somebody who has not signed in.
func (w *World) Browser() *Browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	Check(w.t, err)
	return &Browser{t: w.t, Base: w.URL, Client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// SignedIn is the browser of somebody who has signed in.
func (w *World) SignedIn(p accounts.Principal) *Browser {
	w.t.Helper()
	b := w.Browser()
	page := b.Get("/accounts/login/")
	answer := b.Submit(page, `form[action="/accounts/login/"]`, url.Values{"username": {p.Username}, "password": {Password}})
	if answer.Status != http.StatusSeeOther {
		w.t.Fatalf("signing in answers %d: %s", answer.Status, answer.Text("main"))
	}
	return b
}

// Holding is the browser of somebody who has signed in by another way than a
// password.
func (w *World) Holding(userID string) *Browser {
	w.t.Helper()
	cookie, err := w.Accounts.StartSession(w.t.Context(), accounts.Client{}, userID)
	Check(w.t, err)
	at, err := url.Parse(w.URL)
	Check(w.t, err)
	b := w.Browser()
	b.Client.Jar.SetCookies(at, []*http.Cookie{{Name: httpx.SessionCookie, Value: cookie, Path: "/"}}) //nolint:gosec // the tests' server speaks no https
	return b
}

// Page is an answer, parsed.
type Page struct {
	t        *testing.T
	Status   int
	Header   http.Header
	Body     string
	Root     *html.Node
	Location string
}

// Do sends a request and reads the answer.
func (b *Browser) Do(r *http.Request) Page {
	b.t.Helper()
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "text/html")
	}
	resp, err := b.Client.Do(r)
	Check(b.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	Check(b.t, err)
	root, err := html.Parse(strings.NewReader(string(body)))
	Check(b.t, err)
	return Page{b.t, resp.StatusCode, resp.Header, string(body), root, resp.Header.Get("Location")}
}

// Get asks for a path.
func (b *Browser) Get(path string) Page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.Base+path, nil)
	Check(b.t, err)
	return b.Do(r)
}

// Post sends a form to a path.
func (b *Browser) Post(path string, form url.Values) Page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.Base+path, strings.NewReader(form.Encode()))
	Check(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.Do(r)
}

// Submit sends a form of a page, as it is filled in there and with changes.
func (b *Browser) Submit(p Page, selector string, changes url.Values) Page {
	b.t.Helper()
	form := p.One(selector)
	values := url.Values{}
	for _, input := range cascadia.QueryAll(form, cascadia.MustCompile("input[name], select[name], textarea[name]")) {
		name := Attr(input, "name")
		switch kind := Attr(input, "type"); {
		case (kind == "checkbox" || kind == "radio") && !Has(input, "checked"):
		case input.Data == "select":
			if chosen := cascadia.Query(input, cascadia.MustCompile("option[selected]")); chosen != nil {
				values.Add(name, Attr(chosen, "value"))
			}
		case input.Data == "textarea":
			values.Add(name, TextOf(input))
		default:
			values.Add(name, Attr(input, "value"))
		}
	}
	maps.Copy(values, changes)
	return b.Post(Attr(form, "action"), values)
}

// Follow goes where a redirect leads.
func (b *Browser) Follow(p Page) Page {
	b.t.Helper()
	if p.Location == "" {
		b.t.Fatalf("%d is no redirect: %s", p.Status, p.Text("main"))
	}
	return b.Get(p.Location)
}

// All are the elements that match.
func (p Page) All(selector string) []*html.Node {
	p.t.Helper()
	return cascadia.QueryAll(p.Root, cascadia.MustCompile(selector))
}

// One is the element that matches.
func (p Page) One(selector string) *html.Node {
	p.t.Helper()
	found := p.All(selector)
	if len(found) != 1 {
		p.t.Fatalf("%d elements match %s, want one, in:\n%s", len(found), selector, p.Body)
	}
	return found[0]
}

// Text is what an element says, with white space as it shows.
func (p Page) Text(selector string) string {
	p.t.Helper()
	var out []string
	for _, n := range p.All(selector) {
		out = append(out, TextOf(n))
	}
	return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
}

// Want fails the test at another status.
func (p Page) Want(status int) Page {
	p.t.Helper()
	if p.Status != status {
		p.t.Fatalf("the answer is %d, want %d: %s", p.Status, status, p.Text("main"))
	}
	return p
}

// Says complains where the elements do not hold a text.
func (p Page) Says(selector, part string) Page {
	p.t.Helper()
	if got := p.Text(selector); !strings.Contains(got, part) {
		p.t.Errorf("%s says %q, want %q in it", selector, got, part)
	}
	return p
}

// Attr is an attribute's value.
func Attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Has tells of an attribute, with whatever value.
func Has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// TextOf is all text below a node.
func TextOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(TextOf(c))
	}
	return b.String()
}

// Files is a form with files, its token first unless it is empty.
func (b *Browser) Files(path, token string, named ...string) Page {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if token != "" {
		Check(b.t, form.WriteField("csrf_token", token))
	}
	for i := 0; i < len(named); i += 2 {
		part, err := form.CreateFormFile("file", named[i])
		Check(b.t, err)
		_, err = part.Write([]byte(named[i+1]))
		Check(b.t, err)
	}
	Check(b.t, form.Close())
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.Base+path, &body)
	Check(b.t, err)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return b.Do(r)
}
