package oidc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

const maxSubject = 255 // characters, as OpenID Connect has it

// claims are those that Casdoor's tokens and its userinfo have, under the
// names of any of its three formats.
type claims struct {
	// Name is the user name in the formats JWT and JWT-Empty, beside a
	// DisplayName; in JWT-Standard and in userinfo it is the person's name.
	Name              string  `json:"name"`
	PreferredUsername string  `json:"preferred_username"`
	DisplayName       *string `json:"displayName"`
	Email             string  `json:"email"`
	Owner             string  `json:"owner"` // the organisation
	Groups            *names  `json:"groups"`
	Roles             *names  `json:"roles"`
	AuthorizedParty   string  `json:"azp"`
}

// leavesOut tells whether userinfo may have more to say.
func (c claims) leavesOut() bool { return c.Groups == nil || c.Roles == nil }

// name is a group or a role: "helu/editors", "editors", or an object.
type name struct {
	organisation string // empty: not told
	name         string
}

type names []name

// UnmarshalJSON reads a list of strings or objects.
func (l *names) UnmarshalJSON(raw []byte) error {
	var entries []json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return err
	}
	*l = names{}
	for _, entry := range entries {
		var object struct {
			Owner   string `json:"owner"`
			Name    string `json:"name"`
			Enabled *bool  `json:"isEnabled"`
		}
		if bytes.HasPrefix(entry, []byte(`"`)) {
			if err := json.Unmarshal(entry, &object.Name); err != nil {
				return err
			}
			if organisation, rest, found := strings.Cut(object.Name, "/"); found {
				object.Owner, object.Name = organisation, rest
			}
		} else if err := json.Unmarshal(entry, &object); err != nil {
			return err
		}
		if object.Enabled == nil || *object.Enabled {
			*l = append(*l, name{object.Owner, object.Name})
		}
	}
	return nil
}

// said is what the provider says of a person: in a token that is verified,
// and in userinfo of the same subject.
type said struct {
	issuer, subject string
	token, info     claims
}

// username is what Casdoor calls the person in any of its formats.
func (s said) username() string {
	switch {
	case s.token.PreferredUsername != "":
		return s.token.PreferredUsername
	case s.token.DisplayName != nil && s.token.Name != "":
		return s.token.Name
	case s.info.PreferredUsername != "":
		return s.info.PreferredUsername
	}
	return s.token.Name
}

// identity is who that is here, if they are of the organisation.
func (p *Provider) identity(s said) (accounts.Identity, error) {
	id := accounts.Identity{Issuer: s.issuer, Subject: s.subject, Username: s.username(), Email: s.token.Email}
	if id.Email == "" {
		id.Email = s.info.Email
	}
	groups, roles := either(s.token.Groups, s.info.Groups), either(s.token.Roles, s.info.Roles)
	if err := p.admit(s, groups); err != nil {
		return id, err
	}
	for _, g := range groups {
		id.Groups = append(id.Groups, g.name)
	}
	for _, r := range roles {
		// A role may be lent by another organisation, whose word counts nothing.
		if p.opt.Organisation == "" || r.organisation == "" || r.organisation == p.opt.Organisation {
			id.Groups = append(id.Groups, r.name)
		}
	}
	return id, nil
}

func either(first, second *names) names {
	switch {
	case first != nil:
		return *first
	case second != nil:
		return *second
	}
	return nil
}

// admit refuses whoever is of another organisation, or of none that is told.
func (p *Provider) admit(s said, groups names) error {
	if p.opt.Organisation == "" {
		return nil
	}
	told := []string{}
	for _, organisation := range append([]string{s.token.Owner, s.info.Owner}, organisations(groups)...) {
		if organisation != "" {
			told = append(told, organisation)
		}
	}
	if len(told) == 0 {
		return refuse(errs.Forbidden, accounts.SSOOrganisation, errors.New("no claim tells of an organisation"),
			"The sign-on server does not tell which organisation you are of. Tell an administrator: the format of the application's token must be JWT or JWT-Standard, or CASDOOR_ORG_NAME be empty.")
	}
	for _, organisation := range told {
		if organisation != p.opt.Organisation {
			return refuse(errs.Forbidden, accounts.SSOOrganisation, fmt.Errorf("the organisation is %.100q", organisation),
				"Your account at the sign-on server is of another organisation than this place.")
		}
	}
	return nil
}

func organisations(groups names) []string {
	out := make([]string, len(groups))
	for i, g := range groups {
		out[i] = g.organisation
	}
	return out
}
