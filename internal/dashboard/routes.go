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
		d.tokenRoutes(), d.libraryRoutes(), d.searchRoutes(), d.jobRoutes(), d.teamRoutes(), d.usageRoutes(),
	)
}

func (d *Dashboard) tokenRoutes() []page.Route {
	return []page.Route{
		{Method: get, Path: tokensPath, Handler: d.listTokens},
		{Method: get, Path: tokensPath + "add/", Handler: d.newToken},
		{Method: post, Path: tokensPath + "add/", Handler: d.createToken},
		{Method: get, Path: tokensPath + "{id}/edit/", Handler: d.editToken},
		{Method: post, Path: tokensPath + "{id}/edit/", Handler: d.updateToken},
		{Method: get, Path: tokensPath + "{id}/revoke/", Handler: d.confirmRevoke},
		{Method: post, Path: tokensPath + "{id}/revoke/", Handler: d.revokeToken},
	}
}

func (d *Dashboard) libraryRoutes() []page.Route {
	return []page.Route{
		{Method: get, Path: librariesPath, Handler: d.listLibraries},
		{Method: get, Path: librariesPath + "add/", Handler: d.newLibrary},
		{Method: post, Path: librariesPath + "add/", Handler: d.createLibrary},
		{Method: get, Path: librariesPath + "{uid}/", Handler: d.showLibrary},
		{Method: post, Path: librariesPath + "{uid}/upload/", Handler: d.upload, Streams: true},
		{Method: get, Path: librariesPath + "{uid}/items/{item}/", Handler: d.showItem},
		{Method: get, Path: librariesPath + "{uid}/items/{item}/delete/", Handler: d.confirmDelete},
		{Method: post, Path: librariesPath + "{uid}/items/{item}/delete/", Handler: d.deleteItem},
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
