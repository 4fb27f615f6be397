package dashboard

import (
	"git.helu.ca/r/mnemosyne/internal/dashboard/figures"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
)

// views are the templates of the pages, each bound to what it shows.
type views struct {
	tokens       page.View[tokensPage]
	tokenForm    page.View[tokenFormPage]
	tokenCreated page.View[tokenCreatedPage]
	libraries    page.View[librariesPage]
	libraryForm  page.View[libraryFormPage]
	library      page.View[libraryPage]
	settings     page.View[librarySettingsPage]
	members      page.View[membersPage]
	collections  page.View[collectionsPage]
	concepts     page.View[conceptsPage]
	quality      page.View[qualityPage]
	move         page.View[movePage]
	item         page.View[itemPage]
	details      page.View[detailsPage]
	itemForm     page.View[itemFormPage]
	address      page.View[composePage]
	note         page.View[composePage]
	replace      page.View[replacePage]
	search       page.View[searchPage]
	jobs         page.View[jobsPage]
	teams        teamViews
	job          page.View[jobPage]
	usage        page.View[figures.Page]
}

func newViews(site *page.Site) (*views, error) {
	l := site.Loader()
	return &views{
		tokens:       page.Load[tokensPage](l, "tokens.html"),
		tokenForm:    page.Load[tokenFormPage](l, "token_form.html"),
		tokenCreated: page.Load[tokenCreatedPage](l, "token_created.html"),
		libraries:    page.Load[librariesPage](l, "libraries.html"),
		libraryForm:  page.Load[libraryFormPage](l, "library_form.html"),
		library:      page.Load[libraryPage](l, "library.html"),
		settings:     page.Load[librarySettingsPage](l, "library_settings.html"),
		members:      page.Load[membersPage](l, "members.html"),
		collections:  page.Load[collectionsPage](l, "collections.html"),
		concepts:     page.Load[conceptsPage](l, "concepts.html"),
		quality:      page.Load[qualityPage](l, "quality.html"),
		move:         page.Load[movePage](l, "move.html"),
		item:         page.Load[itemPage](l, "item.html"),
		details:      page.Load[detailsPage](l, "item_details.html"),
		address:      page.Load[composePage](l, "add_address.html"),
		note:         page.Load[composePage](l, "add_note.html"),
		itemForm:     page.Load[itemFormPage](l, "item_form.html"),
		replace:      page.Load[replacePage](l, "item_replace.html"),
		search:       page.Load[searchPage](l, "search.html"),
		jobs:         page.Load[jobsPage](l, "jobs.html"),
		teams:        loadTeams(l),
		job:          page.Load[jobPage](l, "job.html"),
		usage:        page.Load[figures.Page](l, "usage.html"),
	}, l.Err()
}
