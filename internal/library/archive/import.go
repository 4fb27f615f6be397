package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// ImportOptions say whose a library becomes.
type ImportOptions struct {
	Name   string // empty: as in the archive
	Owner  string // user name; empty: as in the archive
	Global bool   // everybody's
	// Again takes an archive in once more that is here already. Everything in
	// it gets a uid of its own.
	Again bool
	// WithoutMembers leaves out who was given a role.
	WithoutMembers bool
	// Orphan is whose a library becomes whose owner is not here; empty: it is
	// refused.
	Orphan string
	// Waiting is told why nothing happens for a while; it may be nil.
	Waiting func(why string)
}

// Imported is what came of an import.
type Imported struct {
	LibraryUID  string
	Name        string
	Owner       string // empty: global
	WorkspaceID string
	Counts      Counts
	// Unembedded counts passages that have no vector in this installation's
	// space, and have to be embedded.
	Unembedded int64
	Space      string // this installation's
	Spaces     []string
	// Unindexed tells that documents came without passages, so that their index
	// has to be made.
	Unindexed bool
	NewUIDs   int64 // of documents and collections whose uids were taken
	Notes     Notes
}

// Import takes a library in. Nobody sees anything of it before the last
// checksum was compared; when it fails, nothing is left. tell may be nil.
func (s *Service) Import(ctx context.Context, by accounts.Actor, in io.Reader, opt ImportOptions, tell func(Progress)) (_ Imported, err error) {
	space, err := embedding.KnownSpace(ctx, s.opt.Embedder)
	if err != nil {
		return Imported{}, errs.Wrap(errs.Unavailable, err, "The embedder does not say which vectors fit; see that it runs and that its settings are right.")
	}
	r, err := newReader(in, s.opt.TempDir)
	if err != nil {
		return Imported{}, err
	}
	defer r.close()
	if err := s.opt.Purge(ctx); err != nil {
		return Imported{}, err
	}
	m := &imports{Service: s, r: r, opt: opt, by: by, space: space, tell: tell, users: map[string]string{}, token: uuid.NewString()}
	m.made.Space = space.ID()
	if err := m.head(ctx); err != nil {
		return Imported{}, err
	}
	if err := m.underLease(ctx, m.rest); err != nil {
		return Imported{}, errors.Join(err, m.giveUp(ctx))
	}
	return m.made, nil
}

// imports is one library on its way in.
type imports struct {
	*Service

	r     *reader
	opt   ImportOptions
	by    accounts.Actor
	space embedding.Space
	tell  func(Progress)

	manifest manifest
	token    string
	users    map[string]string // ids of those asked for; empty: not here
	last     string            // uid in the archive of the document before
	progress Progress
	renamed  [][2]string // documents' uids in the archive, and here
	made     Imported
}

// rest reads everything behind the head, and shows it.
func (m *imports) rest(ctx context.Context) error {
	for _, step := range []func(context.Context) error{m.members, m.collections, m.items, m.followMails, m.end, m.show} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// errTaken says that the import's lease ran out, as after a long standstill.
var errTaken = errors.New("the import stood still for so long that it was taken for dead, and was cleared away; try again")

const renewLease = `UPDATE library_import SET lease_until = $3 WHERE library_uid = $1 AND lease_token = $2 AND finished_at IS NULL`

// underLease keeps the lease while do runs.
func (m *imports) underLease(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(m.Service.opt.Lease / 4)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			n, err := sqldb.Exec(ctx, m.db.Write(), renewLease, m.made.LibraryUID, m.token, sqldb.At(m.now().Add(m.Service.opt.Lease)))
			if err == nil && n == 0 {
				cancel(errTaken)
			}
		}
	}()
	err := do(ctx)
	if errors.Is(context.Cause(ctx), errTaken) {
		err = errTaken
	}
	cancel(nil)
	<-done
	return err
}

const endLease = `UPDATE library_import SET lease_until = $3 WHERE library_uid = $1 AND lease_token = $2 AND finished_at IS NULL`

// giveUp takes away what was written. Where that fails a worker does it.
func (m *imports) giveUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if _, err := sqldb.Exec(ctx, m.db.Write(), endLease, m.made.LibraryUID, m.token, sqldb.At(m.now().Add(-time.Second))); err != nil {
		return fmt.Errorf("clear away what was written; the next worker or import does it: %w", err)
	}
	if err := m.Service.opt.Purge(ctx); err != nil {
		return fmt.Errorf("clear away what was written; the next worker or import does it: %w", err)
	}
	return nil
}

// end compares what came with what the archive says that it holds.
func (m *imports) end(context.Context) error {
	var stated Counts
	if err := m.r.record(countsEntry, &stated); err != nil {
		return err
	}
	if stated != m.made.Counts {
		return damaged("it says that it holds %+v, and it holds %+v.", stated, m.made.Counts)
	}
	return m.r.finish()
}

const (
	showLibrary = `UPDATE library SET deleted_at = NULL, revision = revision + 1, embedding_space = $2, updated_at = $3,
	item_count = (SELECT COUNT(*) FROM item i WHERE i.library_uid = $1),
	chunk_count = (SELECT COALESCE(SUM(i.chunk_count), 0) FROM item i WHERE i.library_uid = $1)
WHERE uid = $1 AND deleted_at IS NOT NULL`
	endImport = `UPDATE library_import SET lease_token = '', lease_until = NULL, finished_at = $3
WHERE library_uid = $1 AND lease_token = $2 AND finished_at IS NULL`
)

// show lets everybody see the library who may, in one transaction.
func (m *imports) show(ctx context.Context) error {
	named := "" // the only space there is
	if m.made.Unembedded > 0 {
		named = m.made.Space // so that the passages that lack a vector are looked for
	}
	err := m.Service.opt.Audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		now := sqldb.At(m.now())
		n, err := sqldb.Exec(ctx, tx, endImport, m.made.LibraryUID, m.token, now)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, errTaken
		}
		if n, err = sqldb.Exec(ctx, tx, showLibrary, m.made.LibraryUID, named, now); err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, errTaken
		}
		return []accounts.Event{{Name: "library_import", Outcome: "done", Actor: m.by, Detail: []slog.Attr{
			slog.String("library_uid", m.made.LibraryUID), slog.String("archive_id", m.manifest.ArchiveID),
			slog.String("name", m.made.Name), slog.String("owner", m.made.Owner), slog.Int64("items", m.made.Counts.Items),
		}}}, nil
	})
	if sqldb.Duplicate(err) {
		return errs.Newf(errs.Conflict, "%s has made a workspace %s meanwhile. Import again.", m.made.Owner, m.made.WorkspaceID)
	}
	if err != nil {
		return fmt.Errorf("show the library: %w", err)
	}
	return nil
}

// ref names a generation of the library as it is here.
func (m *imports) ref(itemUID string, generation int64) library.GenerationRef {
	return library.GenerationRef{LibraryUID: m.made.LibraryUID, ItemUID: itemUID, Generation: generation}
}
