package admin

import "git.helu.ca/r/mnemosyne/internal/dashboard/page"

// ProvidersOptions are what the pages of providers of models are made of.
type ProvidersOptions struct{}

type providersViews struct{}

func loadProviders(*page.Loader) providersViews { return providersViews{} }

func (p *Pages) providersRoutes() []page.Route { return nil }
