package admin

import "git.helu.ca/r/mnemosyne/internal/dashboard/page"

// UsageOptions are what the pages of usage of everybody are made of.
type UsageOptions struct{}

type usageViews struct{}

func loadUsage(*page.Loader) usageViews { return usageViews{} }

func (p *Pages) usageRoutes() []page.Route { return nil }
