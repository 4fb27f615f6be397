package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// An attachment of a mail becomes an item beside it, with a job of its own:
//
//  1. Extraction hands over its bytes, which are stored as the object that its
//     item's original will be. found_attachment notes it, so that the sweep
//     leaves the object alone.
//  2. The transaction that makes the mail's generation its readers' (commit)
//     makes the items and jobs of these, and deletes the items of attachments
//     that the mail has no more. A crash before leaves what the next try finds
//     or writes over; one after leaves jobs like any others.
//
// So no attachment is lost, none is taken in twice, and none is there without
// its mail.

// maxMailDepth is how many mails may lie within each other as attachments.
const maxMailDepth = 3

// found is an attachment of a mail that is not published yet.
type found struct {
	number              int
	name, filename      string // name tells it from the mail's others
	key, hash, metadata string
	size                int64
}

// attachmentName tells an attachment from others of its mail: by its file name
// and, of several of one name, their order. What comes or goes beside it
// changes nothing.
func attachmentName(nth int, filename string) string { return strconv.Itoa(nth) + "/" + filename }

// attachmentKey names the object of an attachment. It is the same at each try.
func attachmentKey(mail string, number int) string {
	folder, _, _ := strings.Cut(mail, "/")
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte(mail+"#attachment="+strconv.Itoa(number)))
	return folder + "/" + id.String() + "/" + originalKey("")
}

// keepAttachments stores what a mail carries, which lies in dir.
func (r *run) keepAttachments(ctx context.Context, dir string, list []document.Attachment) error {
	var all []found
	nth := map[string]int{}
	for _, a := range list {
		nth[a.Name]++
		metadata, err := library.EncodeMetadata(ofMail(r.job.ItemUID, a))
		if err != nil {
			return err
		}
		f := found{
			number: a.Number, name: attachmentName(nth[a.Name], a.Name), filename: a.Name,
			key: attachmentKey(r.originalKey, a.Number), metadata: metadata,
		}
		r.attached = append(r.attached, f.key)
		info, err := r.putFile(ctx, filepath.Join(dir, document.AttachmentFile(a.Number)), f.key)
		if err != nil {
			return err
		}
		f.size, f.hash = info.Size, hashPrefix+info.SHA256
		all = append(all, f)
		r.hook("attachment stored")
	}
	if len(all) == 0 { // nor may an earlier try have noted any
		if err := r.countAttachments(ctx); err != nil || r.tracker.counts().Attachments == 0 {
			return err
		}
	}
	if err := r.note(ctx, r.claim, all); err != nil {
		return err
	}
	r.tracker.count(func(c *Counts) { c.Attachments = int64(len(all)) })
	return nil
}

// ofMail is what is noted on an attachment of its mail.
func ofMail(uid string, a document.Attachment) map[string]any {
	metadata := map[string]any{"parent_item_uid": uid}
	for name, value := range map[string]string{"subject": a.Subject, "from": a.From, "date": a.Date} {
		if value != "" {
			metadata[name] = value
		}
	}
	return metadata
}

const (
	lockHeld    = `UPDATE ingest_job SET updated_at = updated_at` + held
	forgetFound = `DELETE FROM found_attachment WHERE item_uid = $1 AND generation = $2`
	insertFound = `INSERT INTO found_attachment (item_uid, generation, number, attachment, filename, original_key, content_hash, size_bytes, metadata)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	readFound = `SELECT number, attachment, filename, original_key, content_hash, size_bytes, metadata FROM found_attachment
WHERE item_uid = $1 AND generation = $2 ORDER BY number`
	countFound = `SELECT COUNT(*) FROM found_attachment WHERE item_uid = $1 AND generation = $2`
)

// note writes down what was found, in place of what an earlier try did.
func (s *core) note(ctx context.Context, c *claim, all []found) error {
	err := s.db.Tx(ctx, func(tx sqldb.Querier) error {
		if err := fenced(sqldb.Exec(ctx, tx, lockHeld, c.job.ID, c.token)); err != nil {
			return err
		}
		if _, err := sqldb.Exec(ctx, tx, forgetFound, c.job.ItemUID, c.job.Generation); err != nil {
			return err
		}
		for _, f := range all {
			if _, err := sqldb.Exec(ctx, tx, insertFound, c.job.ItemUID, c.job.Generation, f.number, f.name, f.filename, f.key, f.hash, f.size, f.metadata); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note the attachments: %w", err)
	}
	return nil
}

// countAttachments finds how many an earlier try has kept.
func (r *run) countAttachments(ctx context.Context) error {
	n, err := sqldb.One(ctx, r.db.Read(), scanInt, countFound, r.job.ItemUID, r.job.Generation)
	if err != nil {
		return fmt.Errorf("count attachments: %w", err)
	}
	r.tracker.count(func(c *Counts) { c.Attachments = n })
	return nil
}

const parentOf = `SELECT COALESCE(parent_uid, '') FROM item WHERE uid = $1`

// mayCarry tells whether attachments of the document become items: of a mail
// within a mail within a mail they do not.
func (r *run) mayCarry(ctx context.Context) (bool, error) {
	for uid, depth := r.job.ItemUID, 0; ; depth++ {
		parent, err := sqldb.One(ctx, r.db.Read(), scanString, parentOf, uid)
		if err != nil && !sqldb.Missing(err) {
			return false, fmt.Errorf("find the mail of an attachment: %w", err)
		}
		if err != nil || parent == "" {
			return true, nil
		}
		if depth+1 >= maxMailDepth {
			return false, nil
		}
		uid = parent
	}
}

// spread is what publishing a mail did to the items of its attachments.
type spread struct {
	jobs       []Job    // to be woken
	superseded []string // jobs that ended
	unused     []string // objects that no item needs
	// items and chunks are what the library has more or fewer.
	items, chunks int64
	dropped       bool // items, whose rest is to be purged
}

const (
	findAttachments = `SELECT attachment, uid, title, metadata, filename, created_by, collection_uid, title_given, generation, last_generation,
	content_hash, error_code FROM item WHERE library_uid = $1 AND parent_uid = $2 AND deleted_at IS NULL ORDER BY attachment`
	insertAttachment = `INSERT INTO item
	(uid, library_uid, collection_uid, created_by, title, title_given, source, filename, size_bytes, status, metadata, parent_uid, attachment, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, TRUE, $6, $5, $7, 'processing', $8, $9, $10, $11, $11)`
	lockAttachment = `UPDATE item SET metadata = $2, updated_at = updated_at WHERE uid = $1 AND deleted_at IS NULL RETURNING uid`
	readMail       = `SELECT created_by, collection_uid, source FROM item WHERE uid = $1`

	maxMailSource = 2000
)

// mailRow is what attachments take from their mail.
type mailRow struct {
	createdBy, collectionUID *string
	source                   string
}

// spreadAttachments makes the items of a mail's attachments what its published
// generation says, in the transaction that publishes it and holds its item.
func (s *core) spreadAttachments(ctx context.Context, tx sqldb.Querier, c *claim) (out spread, err error) {
	all, err := sqldb.All(ctx, tx, scanFound, readFound, c.job.ItemUID, c.job.Generation)
	if err != nil {
		return out, fmt.Errorf("read the attachments found: %w", err)
	}
	if len(all) == 0 && c.job.Generation == 1 {
		return out, nil
	}
	there := map[string]stored{}
	_, err = sqldb.All(ctx, tx, func(row sqldb.Row) (v struct{}, err error) {
		var name string
		var i stored
		err = row.Scan(&name, &i.uid, &i.title, &i.metadata, &i.filename, &i.createdBy, &i.collectionUID, &i.titleGiven, &i.generation, &i.last,
			&i.publishedHash, &i.errorCode)
		there[name] = i
		return v, err
	}, findAttachments, c.job.LibraryUID, c.job.ItemUID)
	if err != nil {
		return out, fmt.Errorf("find the mail's attachments: %w", err)
	}
	mail, err := sqldb.One(ctx, tx, func(row sqldb.Row) (m mailRow, err error) {
		return m, row.Scan(&m.createdBy, &m.collectionUID, &m.source)
	}, readMail, c.job.ItemUID)
	if err != nil {
		return out, fmt.Errorf("read the mail: %w", err)
	}
	for _, f := range all {
		if err := s.spreadOne(ctx, tx, c, mail, f, there, &out); err != nil {
			return out, fmt.Errorf("take in an attachment: %w", err)
		}
		delete(there, f.name)
	}
	uids := make([]string, 0, len(there))
	for _, i := range there {
		uids = append(uids, i.uid)
	}
	items, chunks, err := library.DropItems(ctx, tx, c.job.LibraryUID, uids, s.now())
	if err != nil {
		return out, err
	}
	out.dropped = items > 0
	out.items, out.chunks = out.items-items, out.chunks-chunks
	_, err = sqldb.Exec(ctx, tx, forgetFound, c.job.ItemUID, c.job.Generation)
	return out, err
}

func scanFound(row sqldb.Row) (f found, err error) {
	return f, row.Scan(&f.number, &f.name, &f.filename, &f.key, &f.hash, &f.size, &f.metadata)
}

// spreadOne makes or changes the item of one attachment.
func (s *core) spreadOne(ctx context.Context, tx sqldb.Querier, c *claim, mail mailRow, f found, there map[string]stored, out *spread) error {
	a := acceptance{
		s:       &Service{core: s},
		lib:     library.Library{UID: c.job.LibraryUID, WorkspaceID: c.job.WorkspaceID},
		content: content{prefix: strings.TrimSuffix(f.key, originalKey("")), size: f.size, hash: f.hash, stored: true},
	}
	a.p.UserID = c.userID
	a.sub.Batch = c.job.Queue == queue.Batch
	i, is := there[f.name]
	if is {
		if _, err := sqldb.One(ctx, tx, scanString, lockAttachment, i.uid, joinMetadata(i.metadata, f.metadata)); sqldb.Missing(err) {
			is = false // deleted this moment
		} else if err != nil {
			return err
		}
	}
	if !is {
		i = stored{uid: uuid.NewString(), title: f.filename, titleGiven: true, filename: f.filename, createdBy: mail.createdBy, collectionUID: mail.collectionUID}
		source := cutText(mail.source, maxMailSource) + "#attachment=" + f.name
		if _, err := sqldb.Exec(ctx, tx, insertAttachment, i.uid, c.job.LibraryUID, i.collectionUID, i.createdBy, f.filename, source, f.size, f.metadata,
			c.job.ItemUID, f.name, sqldb.At(s.now())); err != nil {
			return err
		}
		out.items++
	}
	made, err := a.decide(ctx, tx, i)
	if err != nil {
		return err
	}
	out.superseded = append(out.superseded, a.superseded...)
	if a.kept {
		out.jobs = append(out.jobs, *made.Job)
	} else {
		out.unused = append(out.unused, f.key)
	}
	return nil
}

// joinMetadata puts what a mail says of an attachment over what is noted on it.
// Metadata that has no room for that stays as it is.
func joinMetadata(noted, said string) string {
	var all map[string]any
	for _, raw := range []string{noted, said} {
		dec := json.NewDecoder(strings.NewReader(raw))
		dec.UseNumber()
		if dec.Decode(&all) != nil {
			return noted
		}
	}
	joined, err := library.EncodeMetadata(all)
	if err != nil {
		return noted
	}
	return joined
}

// dropUnused removes what was stored of attachments that are there already.
func (r *run) dropUnused(ctx context.Context, keys []string) {
	for _, key := range keys {
		if err := r.objects.Delete(ctx, key); err != nil {
			r.log.WarnContext(ctx, "an object that nothing refers to is left to the sweep", "key", key, "error", err)
		}
	}
}

const foundOf = `SELECT a.original_key FROM found_attachment a
JOIN item_generation g ON g.item_uid = a.item_uid AND g.generation = a.generation WHERE g.original_key = $1 ORDER BY a.number`

// deleteFound removes the objects of attachments of a generation that was not
// published.
func (s *core) deleteFound(ctx context.Context, original string) error {
	keys, err := sqldb.All(ctx, s.db.Read(), scanString, foundOf, original)
	if err != nil {
		return fmt.Errorf("find attachments: %w", err)
	}
	var all []error
	for _, key := range keys {
		all = append(all, s.objects.Delete(ctx, key))
	}
	return errors.Join(all...)
}
