package llmmanager

import (
	"context"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Chosen is a model as a process may use it.
type Chosen struct {
	Provider string
	Model    Model
	Endpoint embedding.Endpoint
	Err      error // why it cannot be asked; nil: it can
}

// Default is the default model for a use, or nil.
func (p *Providers) Default(ctx context.Context, use embedding.Use) (*Chosen, error) {
	all, err := p.chosen(ctx, use)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.Model.Default {
			return &c, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none, which is no error
}

// chosen are all models for a use.
func (p *Providers) chosen(ctx context.Context, use embedding.Use) ([]Chosen, error) {
	all, err := p.rows(ctx, p.opt.DB.Read())
	if err != nil {
		return nil, err
	}
	var out []Chosen
	for _, r := range all {
		for _, m := range r.Models {
			if m.Use != use {
				continue
			}
			c := Chosen{Provider: r.Name, Model: m}
			if c.Endpoint, c.Err = p.endpoint(r, m); c.Err == nil && !r.Active {
				c.Err = errs.Newf(errs.Conflict, "The provider “%s” is switched off.", r.Name)
			}
			out = append(out, c)
		}
	}
	return out, nil
}

// Spaces are the embedding spaces that libraries have vectors in.
type Spaces struct {
	Unnamed []string // of libraries that never moved
	Named   []string // of those that did, or are on their way
}

func (s Spaces) all() []string { return slices.Concat(s.Unnamed, s.Named) }

// Outlook is what processes embed with from their next start on, and why.
type Outlook struct {
	Embedders

	Default     *Chosen // nil: there is none
	Used        bool    // something is embedded
	Settled     string  // the variable that wins over the default; empty: none
	NextSettled string  // the variable that names what libraries are moved to; empty: none
}

// Outlook tells what becomes of the default for embeddings.
func (p *Providers) Outlook(ctx context.Context) (Outlook, error) {
	used, err := p.opt.InUse(ctx)
	if err != nil {
		return Outlook{}, err
	}
	out := Outlook{Used: len(used.all()) > 0, Settled: p.Settled(embedding.UseEmbedding), NextSettled: p.opt.NextSettled}
	if out.Default, err = p.Default(ctx, embedding.UseEmbedding); err != nil {
		return Outlook{}, err
	}
	out.Embedders, err = p.embedders(ctx, used)
	return out, err
}

// Embedders are the models that a process embeds with.
type Embedders struct {
	// Main is for libraries that never moved, and for new ones; nil: the one in
	// process.
	Main *Chosen
	// Next is what libraries are moved to; nil: none.
	Next *Chosen
	// Left is a default that can be neither, with why in its Err; nil: none.
	Left *Chosen
}

// Embedders chooses the models that a process embeds with from its start on.
// What the index is in, stays: a default that it is not in is where libraries
// are moved to. Where nothing is embedded yet, or everything by the default,
// that is the main one. A model that the index is in and that cannot be asked
// is chosen all the same, so that searches say so, and go by words.
func (p *Providers) Embedders(ctx context.Context) (Embedders, error) {
	used, err := p.opt.InUse(ctx)
	if err != nil {
		return Embedders{}, err
	}
	return p.embedders(ctx, used)
}

func (p *Providers) embedders(ctx context.Context, used Spaces) (Embedders, error) {
	all, err := p.chosen(ctx, embedding.UseEmbedding)
	if err != nil {
		return Embedders{}, err
	}
	return choose(all, used, p.opt.InProcess), nil
}

func choose(all []Chosen, used Spaces, inProcess string) Embedders {
	var def *Chosen
	if at := slices.IndexFunc(all, func(c Chosen) bool { return c.Model.Default && c.Model.Space != "" }); at >= 0 {
		def = &all[at]
	}
	needed := def != nil && slices.Contains(used.all(), def.Model.Space)
	var out Embedders
	if def != nil && def.Err != nil && !needed {
		out.Left, def = def, nil
	}
	var others []string
	for _, space := range used.all() {
		if def == nil || space != def.Model.Space {
			others = append(others, space)
		}
	}
	if len(others) == 0 {
		out.Main = def
		return out
	}
	out.Main, out.Next = inSpace(all, others, inProcess), def
	return out
}

// inSpace is the model of the first of these spaces that has one; nil: the one
// in process, whose space is among them, or which none knows better than.
func inSpace(all []Chosen, spaces []string, inProcess string) *Chosen {
	for _, space := range spaces {
		if space == inProcess {
			return nil
		}
		var found *Chosen
		for i, c := range all {
			if c.Model.Space == space && (found == nil || (found.Err != nil && c.Err == nil)) {
				found = &all[i]
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}
