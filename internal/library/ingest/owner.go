package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// ownerKey is the object that names the installation whose objects lie beside
// it. Two installations on one bucket would each sweep what the other keeps.
const ownerKey = "mnemosyne-installation"

// ownObjects refuses objects that another installation keeps. claim marks as
// ours those that nobody has marked.
func (s *core) ownObjects(ctx context.Context, claim bool) error {
	if s.store == "" {
		return nil
	}
	owner, err := s.objectOwner(ctx)
	if err == nil && owner == "" && claim {
		if _, err = s.objects.Put(ctx, ownerKey, strings.NewReader(s.store)); err == nil {
			owner, err = s.objectOwner(ctx) // of two at once the later one wins
		}
	}
	if err != nil {
		return fmt.Errorf("look whose objects these are: %w", err)
	}
	if owner != "" && owner != s.store {
		return errs.New(errs.Conflict, "The objects are kept for another installation, so that nothing of them is swept. "+
			"Give each installation a bucket of its own. If this one has taken the other's place, delete the object "+ownerKey+".")
	}
	return nil
}

// objectOwner is the installation that the objects are marked with, or empty.
func (s *core) objectOwner(ctx context.Context) (owner string, err error) {
	const most = 200 // bytes
	r, _, err := s.objects.Open(ctx, ownerKey)
	if errors.Is(err, blob.ErrMissing) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	text, err := io.ReadAll(io.LimitReader(r, most))
	return strings.TrimSpace(string(text)), err
}
