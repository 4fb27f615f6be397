package library

import (
	"context"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Resolve turns uids and names, as a caller wrote them, into libraries that
// they may read, each once, in the order asked for. None asked for means all
// that are readable. A name that fits several is Invalid and lists their
// uids; one that fits none is NotFound, as a library of somebody else is.
func (a *Access) Resolve(ctx context.Context, p accounts.Principal, namesOrUIDs []string) ([]Library, error) {
	readable, err := a.Readable(ctx, p)
	if err != nil || len(namesOrUIDs) == 0 {
		return readable, err
	}
	out := make([]Library, 0, len(namesOrUIDs))
	for _, asked := range namesOrUIDs {
		l, err := pick(readable, asked)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(have Library) bool { return have.UID == l.UID }) {
			out = append(out, l)
		}
	}
	return out, nil
}

// pick finds what a uid or a name stands for. A uid goes before a name that
// is spelt like one.
func pick(readable []Library, asked string) (Library, error) {
	var named []Library
	for _, l := range readable {
		if l.UID == asked {
			return l, nil
		}
		if l.Name == asked {
			named = append(named, l)
		}
	}
	switch len(named) {
	case 0:
		return Library{}, NoLibrary()
	case 1:
		return named[0], nil
	}
	uids := make([]string, len(named))
	for i, l := range named {
		uids[i] = l.UID
	}
	return Library{}, errs.Newf(errs.Invalid, "Several libraries are named %q. Use the uid of one: %s.", asked, strings.Join(uids, ", "))
}
