package accounts

import "slices"

// The groups that single sign-on hands out, and what they mean here.
const (
	GroupViewOnly = "View Only"
	GroupStaff    = "Staff"
	GroupSME      = "SME"
	GroupAdmin    = "Admin"
)

// Administers tells who runs the place: superusers, and the group Admin.
func Administers(p Principal) bool {
	return p.Superuser || slices.Contains(p.Groups, GroupAdmin)
}
