package llmmanager

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// ProvidersOptions are what Providers are made of.
type ProvidersOptions struct {
	DB    *sqldb.DB
	Audit *accounts.Audit
	// EncryptionKey is a Fernet key; empty: keys can neither be stored nor read.
	EncryptionKey string
	// Trier asks a model once; nil: none can be tested.
	Trier embedding.Trier
	// InUse gives the embedding spaces that libraries have vectors in.
	InUse func(ctx context.Context) (Spaces, error)
	// Settled names, for a use whose model the environment names, the variable
	// that does.
	Settled map[embedding.Use]string
	// NextSettled is the variable that names the model which libraries are moved
	// to; empty: the default is.
	NextSettled string
	// InProcess is the embedding space of the model that needs no provider.
	InProcess string
	Now       func() time.Time // nil: time.Now
}

// Providers is the store of providers and their models. Whoever calls it has
// seen to it that only administrators change anything.
type Providers struct {
	opt   ProvidersOptions
	vault vault
}

// NewProviders makes the store.
func NewProviders(opt ProvidersOptions) (*Providers, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.InUse == nil {
		opt.InUse = func(context.Context) (Spaces, error) { return Spaces{}, nil }
	}
	v, err := openVault(opt.EncryptionKey)
	if err != nil {
		return nil, err
	}
	return &Providers{opt: opt, vault: v}, nil
}

// TakesKeys tells whether keys can be stored.
func (p *Providers) TakesKeys() bool { return p.vault.key != nil }

// Settled is the variable of the environment that names the model for a use
// and wins over every default here; empty: none does.
func (p *Providers) Settled(use embedding.Use) string { return p.opt.Settled[use] }

// row is a provider with its key as it is stored.
type row struct {
	Provider

	token string
}

func (p *Providers) scanProvider(r sqldb.Row) (v row, err error) {
	var created, updated sqldb.Time
	err = r.Scan(&v.ID, &v.Name, &v.API, &v.BaseURL, &v.token, &v.KeyHint, &v.Active, &created, &updated)
	v.CreatedAt, v.UpdatedAt = created.Time, updated.Time
	_, v.Key = p.vault.open(v.token)
	return v, err
}

func scanModel(r sqldb.Row) (m Model, err error) {
	var created sqldb.Time
	err = r.Scan(&m.ID, &m.ProviderID, &m.Use, &m.Name, &m.Dimensions, &m.MaxTokens, &m.QueryPrompt, &m.DocumentPrompt, &m.Space, &m.Default, &created)
	m.CreatedAt = created.Time
	return m, err
}

const (
	selectProviders = `SELECT id, name, api, base_url, api_key, key_hint, is_active, created_at, updated_at FROM llm_provider ORDER BY name_key, id`
	selectModels    = `SELECT id, provider_id, purpose, name, dimensions, max_tokens, query_prompt, document_prompt, space, is_default, created_at
FROM llm_model ORDER BY purpose, name, dimensions, id`
)

// rows are all providers with their models. They are few.
func (p *Providers) rows(ctx context.Context, q sqldb.Querier) ([]row, error) {
	all, err := sqldb.All(ctx, q, p.scanProvider, selectProviders)
	if err != nil {
		return nil, fmt.Errorf("list providers: %w", err)
	}
	models, err := sqldb.All(ctx, q, scanModel, selectModels)
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	for i := range all {
		for _, m := range models {
			if m.ProviderID == all[i].ID {
				all[i].Models = append(all[i].Models, m)
			}
		}
	}
	return all, nil
}

// List gives all providers, by name.
func (p *Providers) List(ctx context.Context) ([]Provider, error) {
	all, err := p.rows(ctx, p.opt.DB.Read())
	if err != nil {
		return nil, err
	}
	out := make([]Provider, len(all))
	for i, r := range all {
		out[i] = r.Provider
	}
	return out, nil
}

// Get gives a provider, or NotFound.
func (p *Providers) Get(ctx context.Context, id string) (Provider, error) {
	r, err := p.find(ctx, p.opt.DB.Read(), id)
	return r.Provider, err
}

func (p *Providers) find(ctx context.Context, q sqldb.Querier, id string) (row, error) {
	all, err := p.rows(ctx, q)
	if err != nil {
		return row{}, err
	}
	at := slices.IndexFunc(all, func(r row) bool { return r.ID == id })
	if at < 0 {
		return row{}, errs.New(errs.NotFound, "No such provider.")
	}
	return all[at], nil
}

// seal encrypts a new key.
func (p *Providers) seal(key string) (token string, err error) {
	if p.vault.key == nil {
		return "", errs.Field("key", "A key cannot be stored: "+KeyVariable+" is not set. "+HowToSetKey)
	}
	return p.vault.key.Encrypt(key, p.opt.Now()), nil
}

const insertProvider = `INSERT INTO llm_provider (id, name, name_key, api, base_url, api_key, key_hint, is_active, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`

// Add makes a provider.
func (p *Providers) Add(ctx context.Context, by accounts.Actor, spec ProviderSpec) (Provider, error) {
	spec, err := spec.clean()
	if err != nil {
		return Provider{}, err
	}
	token := ""
	if spec.Key != "" {
		if token, err = p.seal(spec.Key); err != nil {
			return Provider{}, err
		}
	}
	id := uuid.NewString()
	err = p.opt.Audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		_, err := sqldb.Exec(ctx, tx, insertProvider, id, spec.Name, strings.ToLower(spec.Name), spec.API, spec.BaseURL, token, hintOf(spec.Key),
			spec.Active, sqldb.At(p.opt.Now()))
		if err != nil {
			return nil, nameTaken(err, "make a provider")
		}
		return []accounts.Event{providerEvent("create", by, spec, spec.Key != "")}, nil
	})
	if err != nil {
		return Provider{}, err
	}
	return p.Get(ctx, id)
}

func nameTaken(err error, doing string) error {
	if sqldb.Duplicate(err) {
		return errs.Field("name", "Another provider is called that.")
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func providerEvent(what string, by accounts.Actor, spec ProviderSpec, keyChanged bool) accounts.Event {
	return accounts.Event{Name: "llm_provider_" + what, Actor: by, Detail: []slog.Attr{
		slog.String("provider", spec.Name), slog.String("api", string(spec.API)), slog.String("base_url", spec.BaseURL),
		slog.Bool("active", spec.Active), slog.Bool("key_changed", keyChanged),
	}}
}

const updateProvider = `UPDATE llm_provider SET name = $2, name_key = $3, api = $4, base_url = $5, api_key = $6, key_hint = $7, is_active = $8, updated_at = $9
WHERE id = $1`

// Update changes a provider. A key that is kept goes to no other server than
// before.
func (p *Providers) Update(ctx context.Context, by accounts.Actor, id string, spec ProviderSpec) (Provider, error) {
	spec, err := spec.clean()
	if err != nil {
		return Provider{}, err
	}
	if !spec.Active {
		if err := p.free(ctx, func(m Model) bool { return m.ProviderID == id }, "switch the provider off"); err != nil {
			return Provider{}, err
		}
	}
	err = p.opt.Audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		was, err := p.find(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		if spec.API != was.API && len(was.Models) > 0 {
			return nil, errs.Field("api", "The provider’s models are asked through the interface that it has. Remove them first, or make another provider.")
		}
		token, hint, err := p.keyAfter(was, spec)
		if err != nil {
			return nil, err
		}
		_, err = sqldb.Exec(ctx, tx, updateProvider, id, spec.Name, strings.ToLower(spec.Name), spec.API, spec.BaseURL, token, hint, spec.Active, sqldb.At(p.opt.Now()))
		if err != nil {
			return nil, nameTaken(err, "change a provider")
		}
		return []accounts.Event{providerEvent("update", by, spec, token != was.token)}, nil
	})
	if err != nil {
		return Provider{}, err
	}
	return p.Get(ctx, id)
}

// keyAfter is the key that a provider has after a change, as it is stored.
func (p *Providers) keyAfter(was row, spec ProviderSpec) (token, hint string, err error) {
	switch {
	case spec.Key != "":
		token, err = p.seal(spec.Key)
		return token, hintOf(spec.Key), err
	case spec.DropKey || was.token == "":
		return "", "", nil
	case origin(was.BaseURL) != origin(spec.BaseURL):
		return "", "", errs.Field("key", "The key would go to another server now: enter the key for it, or remove the key.")
	}
	return was.token, was.KeyHint, nil
}

const deleteProvider = `DELETE FROM llm_provider WHERE id = $1`

// Delete removes a provider with its models and its key. One whose models
// libraries are embedded with stays.
func (p *Providers) Delete(ctx context.Context, by accounts.Actor, id string) error {
	if err := p.free(ctx, func(m Model) bool { return m.ProviderID == id }, "delete the provider"); err != nil {
		return err
	}
	return p.opt.Audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		was, err := p.find(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		if _, err := sqldb.Exec(ctx, tx, deleteProvider, id); err != nil {
			return nil, fmt.Errorf("delete a provider: %w", err)
		}
		spec := ProviderSpec{Name: was.Name, API: was.API, BaseURL: was.BaseURL, Active: was.Active}
		return []accounts.Event{providerEvent("delete", by, spec, was.token != "")}, nil
	})
}

// free refuses to take models away whose vectors libraries are searched by.
func (p *Providers) free(ctx context.Context, goes func(Model) bool, doing string) error {
	if p.Settled(embedding.UseEmbedding) != "" {
		return nil // then no model from here is asked for vectors
	}
	used, err := p.opt.InUse(ctx)
	if err != nil {
		return err
	}
	all, err := p.rows(ctx, p.opt.DB.Read())
	if err != nil {
		return err
	}
	left, gone := []string{p.opt.InProcess}, []string{}
	for _, r := range all {
		for _, m := range r.Models {
			switch {
			case goes(m):
				gone = append(gone, m.Space)
			case r.Active:
				left = append(left, m.Space)
			}
		}
	}
	for _, space := range gone {
		if space != "" && slices.Contains(used.all(), space) && !slices.Contains(left, space) {
			return errs.Newf(errs.Conflict, "Libraries are embedded in %s, and searches in them need its model. "+
				"Move them to another one with `mnemosyne reembed` before you %s.", space, doing)
		}
	}
	return nil
}
