package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// Outcome is what became of a submission.
type Outcome struct {
	// Unchanged tells that the very content is there already: no work, no job.
	Unchanged bool
	ItemUID   string
	Job       *Job // nil when Unchanged
}

// content is what was submitted, on its way into an object.
type content struct {
	prefix string // of the object's key, and of those made from it
	size   int64
	hash   string // sha256:hex; empty when the worker is to fetch it
	small  []byte // all of it, until it is stored
	stored bool
}

func (c content) key() string { return originalKey(c.prefix) }

func originalKey(prefix string) string { return prefix + "original" }

// Submit accepts a document. When it returns without an error, the document
// is stored and a job ends exactly once, whatever crashes. The later of two
// submissions of one document wins; the job of the earlier is cancelled.
// Content that is being worked on already gives the job that does it.
func (s *Service) Submit(ctx context.Context, p accounts.Principal, sub Submission) (Outcome, error) {
	if err := sub.check(); err != nil {
		return Outcome{}, err
	}
	lib, role, err := s.target(ctx, p, sub)
	if err != nil {
		return Outcome{}, err
	}
	c, err := s.receive(ctx, p, lib.UID, &sub)
	if err != nil {
		return Outcome{}, err
	}
	a := acceptance{s: s, p: p, lib: lib, role: role, sub: sub, content: c}
	if _, _, elsewhere := sub.fetched(); !elsewhere {
		same, err := a.sameAlready(ctx)
		if err != nil {
			return Outcome{}, err
		}
		if !same && !c.stored {
			if err := a.store(ctx); err != nil {
				return Outcome{}, err
			}
		}
	}
	out, err := a.accept(ctx)
	if errors.Is(err, errNotStored) {
		if err := a.store(ctx); err != nil {
			return Outcome{}, err
		}
		out, err = a.accept(ctx)
	}
	if a.content.stored && !a.kept {
		if err := s.objects.Delete(context.WithoutCancel(ctx), a.content.key()); err != nil {
			s.log.WarnContext(ctx, "an object that nothing refers to is left to the sweep", "key", a.content.key(), "error", err)
		}
	}
	if err != nil {
		return Outcome{}, err
	}
	return out, a.announce(ctx, out)
}

// target finds where to and whether the caller may. To them, what they may
// not write is not there.
func (s *Service) target(ctx context.Context, p accounts.Principal, sub Submission) (library.Library, library.Role, error) {
	if sub.WorkspaceID != "" {
		lib, err := s.access.OwnWorkspace(ctx, p, sub.WorkspaceID)
		return lib, library.RoleOwner, err
	}
	lib, role, err := s.access.Write(ctx, p, sub.LibraryUID)
	if err != nil {
		return library.Library{}, "", unseen(p, err, sub.unregistered())
	}
	return lib, role, nil
}

// inMemory is the size up to which content is read before it is stored, so
// that content which is there already costs no object.
const inMemory = 256 << 10

// receive reads what was submitted: small content into memory, large content
// into an object, and what is to be fetched not at all.
func (s *Service) receive(ctx context.Context, p accounts.Principal, libraryUID string, sub *Submission) (content, error) {
	c := content{prefix: libraryUID + "/" + uuid.NewString() + "/"}
	switch {
	case sub.S3Key != "":
		return c, s.checkSource(p, sub)
	case sub.URL != "":
		return c, s.checkWeb(sub)
	}
	body := sub.Body
	if sub.Text != nil {
		body = strings.NewReader(*sub.Text)
	}
	limited := io.LimitReader(body, s.maxBytes+1)
	head, err := io.ReadAll(io.LimitReader(limited, inMemory+1))
	if err != nil {
		return content{}, unread(err)
	}
	switch {
	case len(head) == 0:
		return content{}, errs.Field("file", "The submitted file is empty.")
	case int64(len(head)) > s.maxBytes:
		return content{}, tooLarge(s.maxBytes)
	case len(head) <= inMemory:
		sum := sha256.Sum256(head)
		c.size, c.hash, c.small = int64(len(head)), hashOf(sum[:]), head
		sub.name(c.hash[len(hashPrefix):])
		return c, nil
	}
	info, err := s.objects.Put(ctx, c.key(), io.MultiReader(bytes.NewReader(head), limited))
	if err != nil {
		return content{}, unread(err)
	}
	if info.Size > s.maxBytes {
		return content{}, errors.Join(tooLarge(s.maxBytes), s.objects.Delete(context.WithoutCancel(ctx), c.key()))
	}
	c.size, c.hash, c.stored = info.Size, hashPrefix+info.SHA256, true
	sub.name(info.SHA256)
	return c, nil
}

// unread keeps a kind that the reader or the store gave its error, such as
// that a request's body is too large.
func unread(err error) error {
	if errs.As(err) != nil {
		return err
	}
	return fmt.Errorf("read the submitted file: %w", err)
}

func (s *Service) checkSource(p accounts.Principal, sub *Submission) error {
	if s.source == nil {
		return errs.Field("s3_key", "Object storage is not configured: send the file itself, or set DAEDALUS_S3_ENDPOINT_URL.")
	}
	if sub.S3Bucket == "" {
		sub.S3Bucket = s.source.Bucket()
	}
	if sub.S3Bucket != s.source.Bucket() {
		return errs.Field("s3_bucket", "This is not the bucket that documents are taken from.")
	}
	if !s.source.Allowed(p, sub.S3Key) {
		return errs.Field("s3_key", "You may not take documents from this key.")
	}
	return nil
}

// checkWeb puts the address into one form. Without a name of its own, the
// document is called as its address, so that it is the same document when it
// is fetched again.
func (s *Service) checkWeb(sub *Submission) error {
	if s.web == nil {
		return errs.Field("url", "Fetching web addresses is switched off here: send the file itself, or set MNEMOSYNE_FETCH_URLS=public.")
	}
	address, err := s.web.Check(sub.URL)
	if err != nil {
		return errs.Field("url", err.Error())
	}
	sub.URL = address
	if sub.Filename == "" {
		_, name, _ := strings.Cut(address, "://")
		sub.Filename = nameOf(strings.TrimRight(name, "/"))
	}
	return nil
}

// nameOf gives a file name that differs where addresses do, also behind the
// place where a name must end.
func nameOf(address string) string {
	short := cutText(address, maxFilename)
	if short == address {
		return address
	}
	sum := sha256.Sum256([]byte(address))
	mark := "-" + hex.EncodeToString(sum[:6])
	return cutText(address, maxFilename-len(mark)) + mark
}

// cutText shortens a text to as many runes.
func cutText(s string, limit int) string {
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit])
	}
	return s
}

// store writes what is in memory as an object.
func (a *acceptance) store(ctx context.Context) error {
	if _, err := a.s.objects.Put(ctx, a.content.key(), bytes.NewReader(a.content.small)); err != nil {
		return fmt.Errorf("store the submitted file: %w", err)
	}
	a.content.stored = true
	return nil
}

// announce tells whoever waits for what the transaction did. What fails here
// is done later: the job is accepted.
func (a *acceptance) announce(ctx context.Context, out Outcome) error {
	a.s.hub.changed(a.superseded...)
	a.s.metrics.ended(StatusCancelled, "", len(a.superseded))
	if a.kept {
		a.s.wake(context.WithoutCancel(ctx), *out.Job)
	}
	tell := a.moved
	if a.reindex != nil {
		tell = append(tell, *a.reindex)
	}
	for _, i := range tell {
		if err := a.s.graph.SetItem(ctx, a.lib.UID, i); err != nil {
			return errs.Wrap(errs.Unavailable, err, "The change is stored, but search does not know it yet. Submit it again.")
		}
	}
	return nil
}
