package admin_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote/remotetest"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

const (
	canary = `<script>alert(1)</script><img src=x onerror=alert(1)>"'></textarea></title>`
	apiKey = "sk-0123456789abcdefgh"
)

// superuser is the browser of somebody who administers.
func superuser(t *testing.T, w *dashboardtest.World) *dashboardtest.Browser {
	t.Helper()
	ann := w.User("ann")
	dashboardtest.Check(t, w.Accounts.SetSuperuser(t.Context(), accounts.Operator(), ann.UserID, true))
	return w.SignedIn(ann)
}

// added adds a provider through its form, and gives the path of its page.
func added(t *testing.T, b *dashboardtest.Browser, name, address, key string) string {
	t.Helper()
	p := b.Submit(b.Get("/admin/providers/add/"), "main form", url.Values{"name": {name}, "base_url": {address}, "key": {key}}).Want(http.StatusSeeOther)
	return strings.TrimSuffix(p.Location, "models/add/")
}

// model adds a model through its form, and gives the provider's page.
func model(t *testing.T, b *dashboardtest.Browser, path, use, name string) dashboardtest.Page {
	t.Helper()
	p := b.Submit(b.Get(path+"models/add/"), "main form", url.Values{"use": {use}, "name": {name}}).Want(http.StatusSeeOther)
	return b.Follow(p)
}

const (
	testForm    = `form[action$="/test/"]`
	defaultForm = `form[action$="/default/"]`
)

func TestAProviderIsAddedTestedMadeTheDefaultAndDeleted(t *testing.T) {
	t.Parallel()
	server := remotetest.New(t, remotetest.Behaviour{Dimensions: 24, Key: apiKey})
	w := dashboardtest.New(t)
	b := superuser(t, w)
	b.Get("/admin/providers/").Want(http.StatusOK).Says("main", "No providers yet")
	path := added(t, b, "Nyx", server.URL+"/v1", apiKey)
	page := model(t, b, path, "embedding", remotetest.Model)
	page.Says("main", "not tested yet").Says("main", "ends in efgh")
	page = b.Follow(b.Submit(page, testForm, nil).Want(http.StatusSeeOther))
	page.Says("main", "24 dimensions").Says("main", "It took").Says("table", remotetest.Model+"/24")
	page = b.Follow(b.Submit(page, defaultForm, nil).Want(http.StatusSeeOther))
	page.Says(`[data-use="embedding"]`, "from their next start on").Says(`[data-use="embedding"]`, remotetest.Model)
	confirm := b.Get(path+"delete/").Says("main", "1 model").Says("main", "embedding (“"+remotetest.Model+"”)")
	b.Follow(b.Submit(confirm, "main form", nil).Want(http.StatusSeeOther)).Says("main", "is deleted").Says("main", "No default is chosen")
	b.Get(path).Want(http.StatusNotFound)
}

func TestRerankingAndChatAreTestedByRealCalls(t *testing.T) {
	t.Parallel()
	server := remotetest.New(t, remotetest.Behaviour{})
	w := dashboardtest.New(t)
	b := superuser(t, w)
	for use, says := range map[string]string{"rerank": "reranked two passages", "chat": "answered a message"} {
		page := model(t, b, added(t, b, "For "+use, server.URL, ""), use, remotetest.Model)
		b.Follow(b.Submit(page, testForm, nil).Want(http.StatusSeeOther)).Says(`.notice[data-kind="ok"]`, says)
	}
	if asked := server.Requests(); len(asked) == 0 || asked[0].Header.Get("Authorization") != "" {
		t.Errorf("asked was %+v", asked)
	}
}

func TestATestThatFailsSaysWhatTheProviderSaidAndChangesNothing(t *testing.T) {
	t.Parallel()
	server := remotetest.New(t, remotetest.Behaviour{Key: "another"})
	w := dashboardtest.New(t)
	b := superuser(t, w)
	page := model(t, b, added(t, b, "Nyx", server.URL, apiKey), "embedding", remotetest.Model)
	for _, form := range []string{testForm, defaultForm} {
		shown := b.Follow(b.Submit(page, form, nil).Want(http.StatusSeeOther))
		shown.Says(`.notice[data-kind="error"]`, "does not accept the key").Says(`.notice[data-kind="error"]`, "“Nyx”")
		if strings.Contains(shown.Body, apiKey) {
			t.Error("the page shows the key")
		}
	}
	b.Get("/admin/providers/").Says(`[data-use="embedding"]`, "No default is chosen")
}

func TestAFormKeepsWhatWasTypedButTheKey(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := superuser(t, w)
	p := b.Submit(b.Get("/admin/providers/add/"), "main form", url.Values{"name": {"Nyx"}, "base_url": {"gopher://x"}, "api": {"tei"}, "key": {apiKey}}).Want(http.StatusBadRequest)
	p.Says("#base_url-fault", "https://")
	if dashboardtest.Attr(p.One("#name"), "value") != "Nyx" || dashboardtest.Attr(p.One("#base_url"), "value") != "gopher://x" || len(p.All(`[value="tei"][checked]`)) != 1 {
		t.Error("the form lost what was typed")
	}
	if strings.Contains(p.Body, apiKey) {
		t.Error("the form shows the key")
	}
	path := added(t, b, "Nyx", "https://models.example.com/v1", apiKey)
	for _, at := range []string{path, path + "edit/", "/admin/providers/"} {
		if body := b.Get(at).Body; strings.Contains(body, apiKey) || strings.Contains(body, "gAAAA") {
			t.Errorf("%s shows the key", at)
		}
	}
	b.Submit(b.Get(path+"edit/"), "main form", url.Values{"base_url": {"https://other.example.com"}}).Want(http.StatusBadRequest).Says("#key-fault", "another server")
	b.Submit(b.Get(path+"models/add/"), "main form", url.Values{"name": {"m"}, "dimensions": {"many"}}).Want(http.StatusBadRequest).Says("#dimensions-fault", "number")
}

func TestWithoutAnEncryptionKeyThePageSaysWhatToSet(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	open := func(key string) *llmmanager.Providers {
		of, err := llmmanager.NewProviders(llmmanager.ProvidersOptions{
			DB: db, Audit: accounts.NewAudit(db, slog.New(slog.DiscardHandler), nil), EncryptionKey: key,
		})
		dashboardtest.Check(t, err)
		return of
	}
	w := dashboardtest.New(t, func(o *dashboardtest.Options) { o.Admin.Providers.Providers = open("") })
	_, err := open(dashboardtest.EncryptionKey).Add(t.Context(), accounts.Operator(), llmmanager.ProviderSpec{Name: "Old", API: llmmanager.OpenAI, BaseURL: "http://127.0.0.1:9", Key: apiKey, Active: true})
	dashboardtest.Check(t, err)
	b := superuser(t, w)
	b.Get("/admin/providers/").Says("main", "LLM_API_SECRETS_ENCRYPTION_KEY is not set").Says("tbody", "is encrypted, and LLM_API")
	form := url.Values{"name": {"Nyx"}, "base_url": {"https://models.example.com"}, "key": {apiKey}}
	b.Submit(b.Get("/admin/providers/add/"), "main form", form).Want(http.StatusBadRequest).Says("#key-fault", "openssl rand")
	added(t, b, "Nyx", "https://models.example.com", "")
}

func TestADefaultBesideAnIndexSaysHowToMove(t *testing.T) {
	t.Parallel()
	server := remotetest.New(t, remotetest.Behaviour{Dimensions: 24})
	w := dashboardtest.New(t)
	b := superuser(t, w)
	page := model(t, b, added(t, b, "Nyx", server.URL, ""), "embedding", remotetest.Model)
	_, err := w.DB.Write().ExecContext(t.Context(), `INSERT INTO library (uid, name, library_type, embedding_space, created_at, updated_at)
		VALUES ('l', 'Papers', 'technical', 'all-MiniLM-L6-v2/384', '2026-05-01T12:00:00Z', '2026-05-01T12:00:00Z')`)
	dashboardtest.Check(t, err)
	list := b.Follow(b.Submit(page, defaultForm, nil).Want(http.StatusSeeOther))
	list.Says(`[data-use="embedding"]`, "all-MiniLM-L6-v2, in process, and stay so").Says(`[data-use="embedding"] ol`, "mnemosyne reembed --switch")
	b.Follow(b.Submit(list, `form[action$="/no-default/"]`, nil).Want(http.StatusSeeOther)).Says(`[data-use="embedding"]`, "Processes embed with all-MiniLM")
}

func TestProvidersAreForAdministratorsAndEscapeNames(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	of, err := w.Providers.Add(t.Context(), accounts.Operator(), llmmanager.ProviderSpec{Name: canary, API: llmmanager.OpenAI, BaseURL: "http://127.0.0.1:9", Key: apiKey, Active: true})
	dashboardtest.Check(t, err)
	m, err := w.Providers.AddModel(t.Context(), accounts.Operator(), of.ID, llmmanager.ModelSpec{Use: embedding.UseChat, Name: canary})
	dashboardtest.Check(t, err)
	b, bob := superuser(t, w), w.SignedIn(w.User("bob"))
	one := "/admin/providers/" + of.ID + "/"
	for _, path := range []string{"/admin/providers/", "/admin/providers/add/", one, one + "edit/", one + "delete/", one + "models/add/", "/admin/models/" + m.ID + "/remove/"} {
		if p := b.Get(path).Want(http.StatusOK); strings.Contains(p.Body, "<script>alert") {
			t.Errorf("%s holds the canary as markup", path)
		}
		bob.Get(path).Want(http.StatusNotFound)
	}
	stray := url.Values{"csrf_token": {dashboardtest.Attr(bob.Get("/libraries/add/").All(`input[name="csrf_token"]`)[0], "value")}}
	for _, path := range []string{one + "edit/", one + "delete/", "/admin/models/" + m.ID + "/test/", "/admin/models/" + m.ID + "/default/", "/admin/models/" + m.ID + "/remove/", "/admin/models/no-default/"} {
		bob.Post(path, stray).Want(http.StatusNotFound)
	}
	if _, err := w.Providers.Get(t.Context(), of.ID); err != nil {
		t.Errorf("the provider is gone: %v", err)
	}
}
