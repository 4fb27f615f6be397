package admin

import "git.helu.ca/r/mnemosyne/internal/dashboard/page"

// PeopleOptions are what the pages of people and their groups are made of.
type PeopleOptions struct{}

type peopleViews struct{}

func loadPeople(*page.Loader) peopleViews { return peopleViews{} }

func (p *Pages) peopleRoutes() []page.Route { return nil }
