package llmmanager_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

const (
	firstKey  = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
	secondKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	apiKey    = "sk-test-0123456789abcdef"
	inProcess = "all-MiniLM-L6-v2/384"
)

// trials answers as a server would, and keeps what it was asked.
type trials struct {
	asked      []embedding.Endpoint
	dimensions int
	err        error
}

func (t *trials) Try(_ context.Context, e embedding.Endpoint) (embedding.Trial, error) {
	t.asked = append(t.asked, e)
	if t.err != nil {
		return embedding.Trial{}, t.err
	}
	return embedding.Trial{Says: "yes", Space: embedding.Space{Model: e.Model, Dimensions: t.dimensions}}, nil
}

type fixture struct {
	*llmmanager.Providers

	t      *testing.T
	db     *sqldb.DB
	audit  *accounts.Audit
	trials *trials
	used   llmmanager.Spaces
}

func open(t *testing.T, db *sqldb.DB, change ...func(*llmmanager.ProvidersOptions)) *fixture {
	t.Helper()
	f := &fixture{t: t, db: db, audit: accounts.NewAudit(db, quiet, nil), trials: &trials{dimensions: 8}}
	opt := llmmanager.ProvidersOptions{
		DB: db, Audit: f.audit, EncryptionKey: firstKey, Trier: f.trials, InProcess: inProcess,
		InUse: func(context.Context) (llmmanager.Spaces, error) { return f.used, nil },
		Now:   func() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) },
	}
	for _, c := range change {
		c(&opt)
	}
	var err error
	f.Providers, err = llmmanager.NewProviders(opt)
	f.check(err)
	return f
}

func (f *fixture) check(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) provider(name string) llmmanager.Provider {
	f.t.Helper()
	p, err := f.Add(f.t.Context(), accounts.Operator(), spec(name))
	f.check(err)
	return p
}

func spec(name string) llmmanager.ProviderSpec {
	return llmmanager.ProviderSpec{Name: name, API: llmmanager.OpenAI, BaseURL: "https://models.example.com/v1/", Key: apiKey, Active: true}
}

func (f *fixture) model(p llmmanager.Provider, use embedding.Use, name string) llmmanager.Model {
	f.t.Helper()
	m, err := f.AddModel(f.t.Context(), accounts.Operator(), p.ID, llmmanager.ModelSpec{Use: use, Name: name})
	f.check(err)
	return m
}

// stored is every key as the database has it.
func (f *fixture) stored() string {
	f.t.Helper()
	keys, err := sqldb.All(f.t.Context(), f.db.Read(), func(r sqldb.Row) (s string, err error) { return s, r.Scan(&s) },
		`SELECT name || ' ' || api_key FROM llm_provider ORDER BY name`)
	f.check(err)
	return strings.Join(keys, "\n")
}

func each(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { test(t, open(t, db)) })
}

// fault is what an error says of a field, or as a whole.
func fault(err error, field string) string {
	e := errs.As(err)
	if e == nil {
		return ""
	}
	if field == "" {
		return e.Message
	}
	return strings.Join(e.Fields[field], " ")
}

func TestAKeyIsStoredEncryptedAndIsGivenToTheProviderAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		p := f.provider("Nyx")
		if p.Key != llmmanager.KeyReady || p.KeyHint != "cdef" || p.BaseURL != "https://models.example.com/v1" {
			t.Errorf("the provider is %+v", p)
		}
		if stored := f.stored(); strings.Contains(stored, apiKey) || !strings.Contains(stored, "gAAAA") {
			t.Errorf("the database holds %s", stored)
		}
		m := f.model(p, embedding.UseChat, "m")
		_, err := f.Test(t.Context(), m.ID)
		f.check(err)
		if got := f.trials.asked[0]; got.APIKey != apiKey || got.Provider != "Nyx" || got.Model != "m" {
			t.Errorf("asked was %+v", got)
		}
		listed, err := f.List(t.Context())
		f.check(err)
		if text := fmt.Sprintf("%+v", listed); strings.Contains(text, apiKey) || strings.Contains(text, "gAAAA") {
			t.Errorf("the list holds a key: %s", text)
		}
		for e, err := range f.audit.List(t.Context(), accounts.AuditFilter{}) {
			f.check(err)
			if text := fmt.Sprint(e); strings.Contains(text, apiKey) || strings.Contains(text, "cdef") {
				t.Errorf("the trail holds a key: %s", text)
			}
		}
	})
}

func TestWithoutAnEncryptionKeyNoKeyIsTaken(t *testing.T) {
	t.Parallel()
	f := open(t, sqldbtest.SQLite(t), func(o *llmmanager.ProvidersOptions) { o.EncryptionKey = "" })
	_, err := f.Add(t.Context(), accounts.Operator(), spec("Nyx"))
	if said := fault(err, "key"); !strings.Contains(said, llmmanager.KeyVariable) || strings.Contains(said, apiKey) {
		t.Errorf("it says %q, %v", said, err)
	}
	open := spec("Local")
	open.Key = ""
	p, err := f.Add(t.Context(), accounts.Operator(), open)
	f.check(err)
	if p.Key != llmmanager.KeyNone || f.TakesKeys() {
		t.Errorf("the provider is %+v", p)
	}
	if _, err := llmmanager.NewProviders(llmmanager.ProvidersOptions{EncryptionKey: "short"}); err == nil || strings.Contains(err.Error(), "short") {
		t.Errorf("a key that is none gives %v", err)
	}
}

func TestAKeyUnderAnotherEncryptionKeyIsSaidAndNeverSent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		m := f.model(f.provider("Nyx"), embedding.UseRerank, "m")
		for key, says := range map[string]string{secondKey: "reencrypt-provider-keys", "": "is not set"} {
			other := open(t, f.db, func(o *llmmanager.ProvidersOptions) { o.EncryptionKey = key })
			_, p, err := other.Model(t.Context(), m.ID)
			f.check(err)
			if p.Key != llmmanager.KeyLocked || !strings.Contains(fault(other.Locked(p), ""), says) {
				t.Errorf("the key is %s: %v", p.Key, other.Locked(p))
			}
			if _, err := other.Test(t.Context(), m.ID); !strings.Contains(fault(err, ""), "“Nyx”") || len(other.trials.asked) > 0 {
				t.Errorf("a test gives %v", err)
			}
		}
	})
}

func TestWhatCannotBeAProviderIsRefusedByItsField(t *testing.T) {
	t.Parallel()
	f := open(t, sqldbtest.SQLite(t))
	f.provider("Nyx")
	for _, wrong := range []struct {
		field  string
		change func(*llmmanager.ProviderSpec)
	}{
		{"name", func(s *llmmanager.ProviderSpec) { s.Name = "  " }},
		{"name", func(s *llmmanager.ProviderSpec) { s.Name = "NYX" }},
		{"name", func(s *llmmanager.ProviderSpec) { s.Name = strings.Repeat("n", 201) }},
		{"api", func(s *llmmanager.ProviderSpec) { s.API = "gopher" }},
		{"base_url", func(s *llmmanager.ProviderSpec) { s.BaseURL = "file:///etc/passwd" }},
		{"base_url", func(s *llmmanager.ProviderSpec) { s.BaseURL = "https://user:pass@models.example.com" }},
		{"base_url", func(s *llmmanager.ProviderSpec) { s.BaseURL = "https://models.example.com/?key=x" }},
		{"base_url", func(s *llmmanager.ProviderSpec) { s.BaseURL = "http://169.254.169.254/latest" }},
		{"base_url", func(s *llmmanager.ProviderSpec) { s.BaseURL = "http://[::ffff:169.254.169.254]/" }},
		{"key", func(s *llmmanager.ProviderSpec) { s.Key = "a\r\nX-Other: b" }},
	} {
		s := spec("Other")
		wrong.change(&s)
		if _, err := f.Add(t.Context(), accounts.Operator(), s); fault(err, wrong.field) == "" {
			t.Errorf("%s of %+v: %v", wrong.field, s, err)
		}
	}
}

func TestAKeyThatIsKeptGoesToNoOtherServer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		p := f.provider("Nyx")
		update := func(change func(*llmmanager.ProviderSpec)) error {
			s := spec("Nyx")
			s.Key = ""
			change(&s)
			_, err := f.Update(t.Context(), accounts.Operator(), p.ID, s)
			return err
		}
		before := f.stored()
		f.check(update(func(s *llmmanager.ProviderSpec) { s.BaseURL = "https://models.example.com/v2" }))
		if f.stored() != before {
			t.Error("the key did not stay as it was")
		}
		for _, elsewhere := range []string{"https://evil.example.com/v1", "http://models.example.com/v1", "https://models.example.com:444/v1"} {
			if err := update(func(s *llmmanager.ProviderSpec) { s.BaseURL = elsewhere }); fault(err, "key") == "" {
				t.Errorf("%s: %v", elsewhere, err)
			}
		}
		f.check(update(func(s *llmmanager.ProviderSpec) { s.BaseURL, s.Key = "https://other.example.com", "new-key" }))
		f.check(update(func(s *llmmanager.ProviderSpec) { s.DropKey = true }))
		if got, err := f.Get(t.Context(), p.ID); err != nil || got.Key != llmmanager.KeyNone || got.KeyHint != "" {
			t.Errorf("the provider is %+v, %v", got, err)
		}
	})
}

func TestKeysMoveToANewEncryptionKeyAllOrNone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.provider("Nyx")
		f.provider("Selene")
		second := open(t, f.db, func(o *llmmanager.ProvidersOptions) { o.EncryptionKey = secondKey })
		third := open(t, f.db, func(o *llmmanager.ProvidersOptions) { o.EncryptionKey = "B" + firstKey[1:] })
		_, err := third.Add(t.Context(), accounts.Operator(), spec("Hemera"))
		f.check(err)
		before := f.stored()
		_, err = second.Reencrypt(t.Context(), accounts.Operator(), firstKey)
		if said := fault(err, ""); !strings.Contains(said, "Hemera") || strings.Contains(said, "Nyx") || f.stored() != before {
			t.Errorf("a key that nobody can read: %v", err)
		}
		hemera, err := second.List(t.Context())
		f.check(err)
		f.check(second.Delete(t.Context(), accounts.Operator(), hemera[0].ID))
		out, err := second.Reencrypt(t.Context(), accounts.Operator(), " "+firstKey+"\n")
		f.check(err)
		if fmt.Sprint(out.Changed) != "[Nyx Selene]" || len(out.Already) > 0 {
			t.Errorf("changed were %+v", out)
		}
		after := f.stored()
		out, err = second.Reencrypt(t.Context(), accounts.Operator(), firstKey)
		if err != nil || fmt.Sprint(out.Already) != "[Nyx Selene]" || len(out.Changed) > 0 || f.stored() != after {
			t.Errorf("once more: %+v, %v", out, err)
		}
		list, err := second.List(t.Context())
		f.check(err)
		for _, p := range list {
			if p.Key != llmmanager.KeyReady {
				t.Errorf("the key of %s is %s", p.Name, p.Key)
			}
		}
		for _, wrong := range []string{"", "nonsense"} {
			if _, err := second.Reencrypt(t.Context(), accounts.Operator(), wrong); !errs.Is(err, errs.Invalid) {
				t.Errorf("an old key %q: %v", wrong, err)
			}
		}
		none := open(t, f.db, func(o *llmmanager.ProvidersOptions) { o.EncryptionKey = "" })
		if _, err := none.Reencrypt(t.Context(), accounts.Operator(), firstKey); !strings.Contains(fault(err, ""), llmmanager.KeyVariable) {
			t.Errorf("without a new key: %v", err)
		}
	})
}
