package llmmanager

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Model gives a model and its provider, or NotFound.
func (p *Providers) Model(ctx context.Context, id string) (Model, Provider, error) {
	m, r, err := p.findModel(ctx, p.opt.DB.Read(), id)
	return m, r.Provider, err
}

func (p *Providers) findModel(ctx context.Context, q sqldb.Querier, id string) (Model, row, error) {
	all, err := p.rows(ctx, q)
	if err != nil {
		return Model{}, row{}, err
	}
	for _, r := range all {
		if at := slices.IndexFunc(r.Models, func(m Model) bool { return m.ID == id }); at >= 0 {
			return r.Models[at], r, nil
		}
	}
	return Model{}, row{}, errs.New(errs.NotFound, "No such model.")
}

const insertModel = `INSERT INTO llm_model (id, provider_id, purpose, name, dimensions, max_tokens, query_prompt, document_prompt, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

// AddModel notes a model that a provider serves.
func (p *Providers) AddModel(ctx context.Context, by accounts.Actor, providerID string, spec ModelSpec) (Model, error) {
	id := uuid.NewString()
	err := p.opt.Audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		of, err := p.find(ctx, tx, providerID)
		if err != nil {
			return nil, err
		}
		if spec, err = spec.clean(of.API); err != nil {
			return nil, err
		}
		_, err = sqldb.Exec(ctx, tx, insertModel, id, of.ID, spec.Use, spec.Name, spec.Dimensions, spec.MaxTokens, spec.QueryPrompt, spec.DocumentPrompt, sqldb.At(p.opt.Now()))
		switch {
		case sqldb.Duplicate(err):
			return nil, errs.Field("name", "The provider has this model already.")
		case err != nil:
			return nil, fmt.Errorf("add a model: %w", err)
		}
		return []accounts.Event{modelEvent("create", by, of.Name, spec.Use, spec.Name)}, nil
	})
	if err != nil {
		return Model{}, err
	}
	m, _, err := p.Model(ctx, id)
	return m, err
}

func modelEvent(what string, by accounts.Actor, provider string, use embedding.Use, model string) accounts.Event {
	return accounts.Event{Name: "llm_model_" + what, Actor: by, Detail: []slog.Attr{
		slog.String("provider", provider), slog.String("use", string(use)), slog.String("model", model),
	}}
}

const deleteModel = `DELETE FROM llm_model WHERE id = $1`

// RemoveModel forgets a model. One that libraries are embedded with stays.
func (p *Providers) RemoveModel(ctx context.Context, by accounts.Actor, id string) error {
	if err := p.free(ctx, func(m Model) bool { return m.ID == id }, "remove the model"); err != nil {
		return err
	}
	return p.opt.Audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		m, of, err := p.findModel(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		if _, err := sqldb.Exec(ctx, tx, deleteModel, id); err != nil {
			return nil, fmt.Errorf("remove a model: %w", err)
		}
		return []accounts.Event{modelEvent("delete", by, of.Name, m.Use, m.Name)}, nil
	})
}

const noteSpace = `UPDATE llm_model SET space = $2 WHERE id = $1 AND space <> $2`

// Test asks a model once, and notes of one for embeddings which space its
// vectors are in. The error says what is wrong, for people.
func (p *Providers) Test(ctx context.Context, id string) (embedding.Trial, error) {
	m, of, err := p.findModel(ctx, p.opt.DB.Read(), id)
	if err != nil {
		return embedding.Trial{}, err
	}
	if p.opt.Trier == nil {
		return embedding.Trial{}, errs.New(errs.Unavailable, "Models cannot be tested here.")
	}
	endpoint, err := p.endpoint(of, m)
	if err != nil {
		return embedding.Trial{}, err
	}
	trial, err := p.opt.Trier.Try(ctx, endpoint)
	if err != nil || m.Use != embedding.UseEmbedding {
		return trial, err
	}
	if was := m.Space; was != "" && was != trial.Space.ID() {
		if err := p.free(ctx, func(m Model) bool { return m.ID == id }, "let it go"); err != nil {
			return trial, errs.Newf(errs.Conflict, "Its vectors are in %s now, and were in %s, which libraries are embedded in: another model answers under this name.", trial.Space.ID(), was)
		}
	}
	if _, err := sqldb.Exec(ctx, p.opt.DB.Write(), noteSpace, id, trial.Space.ID()); err != nil {
		return trial, fmt.Errorf("note a model's space: %w", err)
	}
	return trial, nil
}

// endpoint is a model as it is asked, with the key in the clear. With an error
// all of it is there but the key.
func (p *Providers) endpoint(of row, m Model) (e embedding.Endpoint, err error) {
	key, state := p.vault.open(of.token)
	if state == KeyLocked {
		err = p.vault.locked(of.Name)
	}
	return embedding.Endpoint{
		Use: m.Use, Provider: of.Name, API: string(of.API), BaseURL: of.BaseURL, APIKey: key, Model: m.Name,
		Dimensions: m.Dimensions, MaxTokens: m.MaxTokens, QueryPrompt: m.QueryPrompt, DocumentPrompt: m.DocumentPrompt,
	}, err
}

const (
	clearDefault = `UPDATE llm_model SET is_default = FALSE WHERE purpose = $1 AND is_default`
	setDefault   = `UPDATE llm_model SET is_default = TRUE WHERE id = $1`
)

// SetDefault makes a model the default for its use. One for embeddings is
// asked first, so that it is known what it gives.
func (p *Providers) SetDefault(ctx context.Context, by accounts.Actor, id string) (Model, error) {
	m, of, err := p.Model(ctx, id)
	if err != nil {
		return m, err
	}
	if !of.Active {
		return m, errs.Newf(errs.Conflict, "The provider “%s” is switched off. Switch it on first.", of.Name)
	}
	if m.Use == embedding.UseEmbedding {
		if _, err := p.Test(ctx, id); err != nil {
			return m, err
		}
	}
	err = p.opt.Audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		if m, _, err = p.findModel(ctx, tx, id); err != nil || m.Default {
			return nil, err
		}
		_, err := sqldb.Exec(ctx, tx, clearDefault, m.Use)
		if err == nil {
			_, err = sqldb.Exec(ctx, tx, setDefault, id)
		}
		if sqldb.Duplicate(err) {
			return nil, errs.New(errs.Conflict, "Somebody else chose a default this moment. Look, and try again.")
		}
		if err != nil {
			return nil, fmt.Errorf("choose a default: %w", err)
		}
		return []accounts.Event{modelEvent("default", by, of.Name, m.Use, m.Name)}, nil
	})
	return m, err
}

// ClearDefault leaves a use without a default.
func (p *Providers) ClearDefault(ctx context.Context, by accounts.Actor, use embedding.Use) error {
	return p.opt.Audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		n, err := sqldb.Exec(ctx, tx, clearDefault, use)
		if err != nil {
			return nil, fmt.Errorf("clear a default: %w", err)
		}
		if n == 0 {
			return nil, nil
		}
		return []accounts.Event{modelEvent("default", by, "", use, "")}, nil
	})
}
