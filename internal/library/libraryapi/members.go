package libraryapi

import (
	"net/http"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	membersPath = libraryPath + "members/"
	memberPath  = membersPath + "{username}/"
)

func (a *API) memberRoutes() []httpx.Route {
	return []httpx.Route{
		{
			Method: http.MethodGet, Path: membersPath, ID: "listMembers", Tag: libraryTag, Summary: "Who has a role in a library",
			Responses: map[int]any{http.StatusOK: []memberBody{}}, Handler: a.listMembers,
		},
		{
			Method: http.MethodPut, Path: memberPath, ID: "putMember", Tag: libraryTag, Summary: "Give somebody a role",
			Body: putMemberBody{}, Responses: map[int]any{http.StatusOK: memberBody{}}, Handler: a.putMember,
		},
		{
			Method: http.MethodDelete, Path: memberPath, ID: "deleteMember", Tag: libraryTag, Summary: "Take somebody's role away",
			Responses: map[int]any{http.StatusNoContent: nil}, Handler: a.deleteMember,
		},
	}
}

func (a *API) listMembers(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	g, err := a.uid(r, p)
	if err != nil {
		return err
	}
	members, err := a.opt.Libraries.Members(r.Context(), p, g.Library.UID)
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, each(members, func(m library.Member) memberBody { return memberBody(m) }))
}

type putMemberBody struct {
	Role library.Role `json:"role" required:"true" enum:"owner,manager,reader"`
}

func (a *API) putMember(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	g, err := a.uid(r, p)
	if err != nil {
		return err
	}
	body, _, err := httpx.Body[putMemberBody](w, r)
	if err != nil {
		return err
	}
	m, err := a.opt.Libraries.PutMember(r.Context(), p, g.Library.UID, httpx.PathParam(r, "username"), body.Role)
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, memberBody(m))
}

func (a *API) deleteMember(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	g, err := a.uid(r, p)
	if err != nil {
		return err
	}
	if err := a.opt.Libraries.DropMember(r.Context(), p, g.Library.UID, httpx.PathParam(r, "username")); err != nil {
		return err
	}
	return httpx.NoContent(w)
}
