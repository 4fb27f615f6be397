package dashboard

import (
	"net/http"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

const get, post = http.MethodGet, http.MethodPost

// Routes is every page of this package and every form's target.
func (d *Dashboard) Routes() []page.Route {
	return slices.Concat(
		[]page.Route{{Method: get, Path: "/", Handler: d.home}},
		d.tokenRoutes(), d.libraryRoutes(), d.documentRoutes(), d.searchRoutes(), d.jobRoutes(), d.teamRoutes(), d.usageRoutes(),
	)
}

func (d *Dashboard) tokenRoutes() []page.Route {
	return []page.Route{
		{Method: get, Path: tokensPath, Handler: d.listTokens},
		{Method: get, Path: tokensPath + "add/", Handler: d.newToken},
		{Method: post, Path: tokensPath + "add/", Handler: d.createToken, Keeps: true},
		{Method: get, Path: tokensPath + "{id}/edit/", Handler: d.editToken},
		{Method: post, Path: tokensPath + "{id}/edit/", Handler: d.updateToken, Keeps: true},
		{Method: get, Path: tokensPath + "{id}/revoke/", Handler: d.confirmRevoke},
		{Method: post, Path: tokensPath + "{id}/revoke/", Handler: d.revokeToken},
	}
}

func (d *Dashboard) libraryRoutes() []page.Route {
	const one = librariesPath + "{uid}/"
	return []page.Route{
		{Method: get, Path: librariesPath, Handler: d.listLibraries},
		{Method: get, Path: librariesPath + "add/", Handler: d.newLibrary},
		{Method: post, Path: librariesPath + "add/", Handler: d.createLibrary, Keeps: true},
		{Method: get, Path: one, Handler: d.showLibrary},
		{Method: get, Path: one + "settings/", Handler: d.showSettings},
		{Method: post, Path: one + "settings/", Handler: d.updateLibrary, Keeps: true},
		{Method: get, Path: one + "delete/", Handler: d.confirmDeleteLibrary},
		{Method: post, Path: one + "delete/", Handler: d.deleteLibrary},
		{Method: get, Path: one + "members/", Handler: d.listMembers},
		{Method: post, Path: one + "members/", Handler: d.putMember},
		{Method: get, Path: one + "members/remove/", Handler: d.confirmRemoveMember},
		{Method: post, Path: one + "members/remove/", Handler: d.removeMember},
		{Method: get, Path: one + "leave/", Handler: d.confirmLeave},
		{Method: post, Path: one + "leave/", Handler: d.leave},
		{Method: get, Path: one + "collections/", Handler: d.listCollections},
		{Method: get, Path: one + "concepts/", Handler: d.showConcepts},
		{Method: get, Path: one + "quality/", Handler: d.showQuality},
		{Method: get, Path: one + "quality/download/", Handler: d.downloadGold},
		{Method: post, Path: one + "quality/measure/", Handler: d.measure},
		{Method: post, Path: one + "quality/drop/", Handler: d.dropJudged},
		{Method: post, Path: one + "collections/{collection}/rename/", Handler: d.renameCollection},
		{Method: post, Path: one + "collections/{collection}/delete/", Handler: d.dropCollection},
	}
}

func (d *Dashboard) documentRoutes() []page.Route {
	const library = librariesPath + "{uid}/"
	const one = library + "items/{item}/"
	return []page.Route{
		{Method: post, Path: library + "upload/", Handler: d.upload, Streams: true},
		{Method: get, Path: library + "web/", Handler: d.askForAddress},
		{Method: post, Path: library + "web/", Handler: d.addAddress, Keeps: true},
		{Method: get, Path: library + "note/", Handler: d.askForNote},
		{Method: post, Path: library + "note/", Handler: d.addNote, Keeps: true},
		{Method: get, Path: library + "documents/delete/", Handler: d.confirmDeleteTicked},
		{Method: post, Path: library + "documents/delete/", Handler: d.deleteTicked},
		{Method: get, Path: library + "documents/move/", Handler: d.askWhereTo},
		{Method: post, Path: library + "documents/move/", Handler: d.moveTicked},
		{Method: get, Path: one, Handler: d.showItem},
		{Method: get, Path: one + "details/", Handler: d.showDetails},
		{Method: get, Path: one + "edit/", Handler: d.editItem},
		{Method: post, Path: one + "edit/", Handler: d.updateItem, Keeps: true},
		{Method: get, Path: one + "replace/", Handler: d.askForVersion},
		{Method: post, Path: one + "replace/", Handler: d.replaceItem, Streams: true},
		{Method: post, Path: one + "fetch/", Handler: d.fetchAgain},
		{Method: post, Path: one + "retry/", Handler: d.retryItem},
		{Method: post, Path: one + "judge/", Handler: d.judge},
		{Method: get, Path: one + "delete/", Handler: d.confirmDelete},
		{Method: post, Path: one + "delete/", Handler: d.deleteItem},
	}
}

func (d *Dashboard) searchRoutes() []page.Route {
	return []page.Route{{Method: get, Path: searchPath, Handler: d.search}}
}

func (d *Dashboard) jobRoutes() []page.Route {
	return []page.Route{
		{Method: get, Path: jobsPath, Handler: d.listJobs},
		{Method: get, Path: jobsPath + "newer/", Handler: d.newerJobs},
		{Method: get, Path: jobsPath + "retry/", Handler: d.confirmRetryAll},
		{Method: post, Path: jobsPath + "retry/", Handler: d.retryAll},
		{Method: get, Path: jobsPath + "cancel/", Handler: d.confirmCancelAll},
		{Method: post, Path: jobsPath + "cancel/", Handler: d.cancelAll},
		{Method: get, Path: jobsPath + "{id}/", Handler: d.showJob},
		{Method: post, Path: jobsPath + "{id}/retry/", Handler: d.retryJob},
		{Method: post, Path: jobsPath + "{id}/cancel/", Handler: d.cancelJob},
	}
}

func (d *Dashboard) home(w http.ResponseWriter, r *http.Request, _ httpx.Session) error {
	http.Redirect(w, r, librariesPath, http.StatusSeeOther)
	return nil
}
