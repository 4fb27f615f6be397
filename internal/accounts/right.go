package accounts

import (
	"slices"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// The groups that single sign-on hands out. What each may do is decided here
// and told to people in docs/permissions.md, which a test holds against every
// surface. Groups of other names change nothing.
const (
	GroupViewOnly = "View Only"
	GroupStaff    = "Staff"
	GroupSME      = "SME"
	GroupAdmin    = "Admin"
)

// Right is something that having an account is not enough for. Reading is
// none: what somebody may read hangs on the library and on no group.
type Right uint8

// The rights, each of which has those before it.
const (
	// RightWrite is to change anything but one's own account and tokens:
	// libraries, workspaces, documents, members, jobs and teams.
	RightWrite Right = iota
	// RightCurate is to manage every global library: others' documents,
	// settings, members.
	RightCurate
	// RightAdminister is to run the place: the pages of the administration,
	// and whatever an owner may do in global libraries.
	RightAdminister
	// RightSuperusers is to make and unmake superusers, to change their
	// accounts, and to make and retire the keys that sign team JWTs.
	RightSuperusers
)

// rank is what somebody's groups come to: the most that any of them gives.
type rank uint8

const (
	rankViewer rank = iota
	rankStaff
	rankSME
	rankAdmin
	rankSuperuser
)

// rank is decided by what is known of the user at this request. Whoever is in
// no group works as staff, so that an installation without groups needs none;
// a group that gives more outweighs View Only.
func (p Principal) rank() rank {
	switch {
	case p.Superuser:
		return rankSuperuser
	case slices.Contains(p.Groups, GroupAdmin):
		return rankAdmin
	case slices.Contains(p.Groups, GroupSME):
		return rankSME
	case slices.Contains(p.Groups, GroupStaff):
		return rankStaff
	case slices.Contains(p.Groups, GroupViewOnly):
		return rankViewer
	}
	return rankStaff
}

// May tells whether somebody has a right. Nobody has one who is not signed in.
func (p Principal) May(r Right) bool {
	least := rankSuperuser
	switch r {
	case RightWrite:
		least = rankStaff
	case RightCurate:
		least = rankSME
	case RightAdminister:
		least = rankAdmin
	case RightSuperusers:
	}
	return p.SignedIn() && p.rank() >= least
}

// Need gives the Forbidden error of somebody who lacks a right, which says
// what is in the way, or nil.
func (p Principal) Need(r Right) error {
	switch {
	case p.May(r):
		return nil
	case !p.SignedIn():
		return errs.New(errs.Forbidden, "Sign in to do that.")
	}
	switch r {
	case RightWrite:
		return errs.New(errs.Forbidden, "You are in the group “"+GroupViewOnly+"”, which reads and searches and changes nothing. Ask an administrator for another group.")
	case RightCurate:
		return errs.New(errs.Forbidden, "That takes the group “"+GroupSME+"” or “"+GroupAdmin+"”, or a superuser.")
	case RightAdminister:
		return errs.New(errs.Forbidden, "That takes the group “"+GroupAdmin+"” or a superuser.")
	case RightSuperusers:
	}
	return errs.New(errs.Forbidden, "That takes a superuser.")
}

// Administers tells who runs the place: superusers, and the group Admin.
func Administers(p Principal) bool { return p.May(RightAdminister) }
