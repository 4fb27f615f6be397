package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// What a document's row may hold, as ingest takes it.
const (
	maxSource     = 4096
	maxFilename   = 1024
	maxFileID     = 200
	maxGeneration = 1<<24 - 1
)

// items reads the documents, in the order of their uids.
func (m *imports) items(ctx context.Context) error {
	for m.r.next != nil && strings.HasPrefix(m.r.next.Name, itemsFolder) {
		uid, _, _ := strings.Cut(m.r.next.Name[len(itemsFolder):], "/")
		if id, err := uuid.Parse(uid); err != nil || id.String() != uid || id.Version() != 4 {
			return damaged("%s is no document's place.", printable(m.r.next.Name))
		}
		if uid <= m.last {
			return damaged("document %s comes twice, or in the wrong place.", uid)
		}
		m.last = uid
		if err := m.item(ctx, uid); err != nil {
			return fmt.Errorf("document %s: %w", uid, err)
		}
		m.made.Counts.Items++
		m.progress.Items, m.progress.Chunks = m.made.Counts.Items, m.made.Counts.Chunks
		if m.tell != nil {
			m.tell(m.progress)
		}
	}
	return nil
}

const (
	itemBetween = `SELECT uid FROM item WHERE uid BETWEEN $1 AND $2 ORDER BY uid LIMIT 1`
	insertItem  = `INSERT INTO item
	(uid, library_uid, collection_uid, created_by, title, title_given, source, filename, file_id, status, metadata,
	 generation, last_generation, created_at, updated_at, parent_uid, attachment)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'ready', $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (uid) DO NOTHING`
	describeItem = `UPDATE item SET content_type = $2, size_bytes = $3, content_hash = $4, pages = $5, chunk_count = $6, language = $7 WHERE uid = $1`
)

// incoming is a document on its way in.
type incoming struct {
	itemRecord

	was        string // its uid in the archive
	collection string // uid of its collection here
}

func (m *imports) item(ctx context.Context, uid string) error {
	var r itemRecord
	if err := m.r.record(itemEntry(uid), &r); err != nil {
		return err
	}
	if r.UID != uid {
		return damaged("document %s says that it is %s.", uid, printable(r.UID))
	}
	if err := checkItem(&r); err != nil {
		return err
	}
	i := incoming{itemRecord: r, was: uid}
	if err := m.insertItem(ctx, &i); err != nil {
		return err
	}
	last := generationRecord{}
	for last.Generation < r.Generation {
		next, err := m.nextGeneration(uid)
		if err != nil {
			return err
		}
		if next <= last.Generation || next > r.Generation {
			return damaged("version %d of document %s comes in the wrong place.", next, uid)
		}
		if last, err = m.generation(ctx, i, next); err != nil {
			return err
		}
	}
	if _, err := sqldb.Exec(ctx, m.db.Write(), describeItem, i.UID, last.ContentType, last.SizeBytes, last.ContentHash, last.Pages, last.Chunks, last.Language); err != nil {
		return fmt.Errorf("write its row: %w", err)
	}
	return nil
}

// nextGeneration is the version whose folder comes next.
func (m *imports) nextGeneration(uid string) (int64, error) {
	if m.r.next == nil {
		return 0, m.r.misplaced("a version of document " + uid)
	}
	var n int64
	name := m.r.next.Name
	if _, err := fmt.Sscanf(strings.TrimPrefix(name, itemsFolder+uid+"/"), "%d/", &n); err != nil || name != generationFolder(uid, n)+generationEntry {
		return 0, m.r.misplaced("a version of document " + uid)
	}
	return n, nil
}

func checkItem(r *itemRecord) error {
	bad := func(what string) error { return damaged("%s of document %s is not as it should be.", what, r.UID) }
	for _, line := range []struct {
		name, value string
		limit       int
	}{
		{"title", r.Title, library.MaxTitle},
		{"filename", r.Filename, maxFilename},
		{"file_id", text(r.FileID), maxFileID},
		{"collection", text(r.Collection), library.MaxCollection},
		{"source", r.Source, maxSource},
		{"attachment", r.Attachment, maxFilename},
	} {
		if err := library.CheckLine(line.name, line.value, line.limit); err != nil {
			return bad(line.name)
		}
	}
	var metadata map[string]any
	if err := json.Unmarshal(r.Metadata, &metadata); err != nil || metadata == nil || len(r.Metadata) > library.MaxMetadata || bytes.Contains(r.Metadata, []byte(`\u0000`)) {
		return bad("metadata")
	}
	if r.Generation < 1 || r.LastGeneration < r.Generation || r.LastGeneration > maxGeneration {
		return bad("generation")
	}
	if attached := r.ParentUID != nil; attached != (r.Attachment != "") || attached && (r.FileID != nil || uuid.Validate(*r.ParentUID) != nil) {
		return bad("parent_uid or attachment")
	}
	if (r.FileID != nil && *r.FileID == "") || (r.Collection != nil && *r.Collection == "") {
		return bad("file_id or collection")
	}
	return nil
}

func text(v *string) string {
	if v == nil {
		return ""
	}
	return *v
}

const collectionNamed = `SELECT uid FROM collection WHERE library_uid = $1 AND name = $2`

// insertItem writes the document's row, under its own uid where nothing of
// that uid, or of one that its passages' uids could not be told from, is here.
func (m *imports) insertItem(ctx context.Context, i *incoming) (err error) {
	var collectionUID, createdBy *string
	if i.Collection != nil {
		if i.collection, err = sqldb.One(ctx, m.db.Read(), scanString, collectionNamed, m.made.LibraryUID, *i.Collection); sqldb.Missing(err) {
			return damaged("document %s is in a collection that there is none of.", i.was)
		} else if err != nil {
			return fmt.Errorf("find its collection: %w", err)
		}
		collectionUID = &i.collection
	}
	if i.CreatedBy != nil {
		id, err := m.user(ctx, *i.CreatedBy)
		if err != nil {
			return err
		}
		if id != "" {
			createdBy = &id
		}
	}
	if i.UID, err = m.freeUID(ctx, i.was); err != nil {
		return err
	}
	n, err := sqldb.Exec(ctx, m.db.Write(), insertItem, i.UID, m.made.LibraryUID, collectionUID, createdBy, i.Title, i.TitleGiven, i.Source,
		i.Filename, i.FileID, string(i.Metadata), i.Generation, i.LastGeneration, m.past(i.CreatedAt), m.past(i.UpdatedAt), i.ParentUID, i.Attachment)
	if sqldb.Duplicate(err) {
		return damaged("document %s has the file id, or the name and collection, of another in it.", i.was)
	}
	if err != nil {
		return fmt.Errorf("write its row: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("its uid was taken this moment; try again")
	}
	return nil
}

func (m *imports) freeUID(ctx context.Context, uid string) (string, error) {
	first, err := library.ChunkUID(uid, 0, 0)
	if err != nil {
		return "", err
	}
	span, err := library.ParseChunkUID(first)
	if err != nil {
		return "", err
	}
	_, err = sqldb.One(ctx, m.db.Read(), scanString, itemBetween, span.ItemFrom, span.ItemTo)
	if sqldb.Missing(err) {
		return uid, nil
	}
	if err != nil {
		return "", fmt.Errorf("look for its uid: %w", err)
	}
	m.made.NewUIDs++
	fresh := uuid.NewString()
	m.renamed = append(m.renamed, [2]string{uid, fresh})
	return fresh, nil
}

const followMail = `UPDATE item SET parent_uid = $3 WHERE library_uid = $1 AND parent_uid = $2`

// followMails has attachments follow mails that got another uid here.
func (m *imports) followMails(ctx context.Context) error {
	for _, uid := range m.renamed {
		if _, err := sqldb.Exec(ctx, m.db.Write(), followMail, m.made.LibraryUID, uid[0], uid[1]); err != nil {
			return fmt.Errorf("lead attachments to their mails: %w", err)
		}
	}
	return nil
}

// maxLanguage is the longest language tag that is kept.
const maxLanguage = 100

var sha256Hex = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

const insertGeneration = `INSERT INTO item_generation
	(item_uid, generation, status, original_key, text_key, structure_key, content_hash, content_type, size_bytes, pages, chunk_count,
	 title, language, embedding_space, created_at, published_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`

// generation takes in a version of a document: its row, its objects, its
// passages.
func (m *imports) generation(ctx context.Context, i incoming, number int64) (g generationRecord, err error) {
	folder := generationFolder(i.was, number)
	if err := m.r.record(folder+generationEntry, &g); err != nil {
		return g, err
	}
	if g.Generation != number || g.Chunks < 0 || g.Chunks > maxGeneration+1 || g.SizeBytes < 0 || !sha256Hex.MatchString(g.ContentHash) ||
		library.CheckLine("title", g.Title, library.MaxTitle) != nil || library.CheckLine("content_type", g.ContentType, 255) != nil ||
		library.CheckLine("language", g.Language, maxLanguage) != nil {
		return g, damaged("version %d of document %s is not as it should be.", number, i.was)
	}
	prefix := m.made.LibraryUID + "/" + uuid.NewString() + "/"
	status, published := "retired", m.now()
	if number == i.Generation {
		status = "published"
	}
	if g.PublishedAt != nil {
		published = *g.PublishedAt
	}
	if _, err := sqldb.Exec(ctx, m.db.Write(), insertGeneration, i.UID, number, status, prefix+originalEntry, prefix+textEntry, prefix+structureEntry,
		g.ContentHash, g.ContentType, g.SizeBytes, g.Pages, g.Chunks, g.Title, g.Language, m.made.Space, m.past(g.CreatedAt), m.past(published)); err != nil {
		return g, fmt.Errorf("write its version: %w", err)
	}
	if err := m.original(ctx, folder, prefix, g); err != nil {
		return g, err
	}
	doc, err := m.read(ctx, folder, prefix)
	if err != nil {
		return g, err
	}
	m.made.Counts.Generations++
	m.made.Counts.Bytes += g.SizeBytes
	if g.Chunks == 0 {
		m.made.Unindexed = true
		return g, nil
	}
	return g, m.chunks(ctx, i, g, doc)
}

// original stores the document as it came, and sees that it is what its hash says.
func (m *imports) original(ctx context.Context, folder, prefix string, g generationRecord) error {
	limit := max(m.Service.opt.MaxUploadBytes, 1)
	if m.r.at(folder+originalEntry) && m.r.next.Size > limit {
		return damaged("%s has %d bytes, and MNEMOSYNE_MAX_UPLOAD_BYTES allows %d here.", folder+originalEntry, m.r.next.Size, limit)
	}
	return m.r.entry(folder+originalEntry, limit, func(body *sound, size int64) error {
		info, err := m.Service.opt.Objects.Put(ctx, prefix+originalEntry, body)
		if err != nil {
			return fmt.Errorf("store the document: %w", err)
		}
		if size != g.SizeBytes || "sha256:"+info.SHA256 != g.ContentHash {
			return damaged("%s is not the document that its version names.", folder+originalEntry)
		}
		return nil
	})
}

// read stores the text, its structure and where its words stand, and gives
// them.
func (m *imports) read(ctx context.Context, folder, prefix string) (*document.Document, error) {
	var words bytes.Buffer
	if err := m.object(ctx, folder+textEntry, prefix+textEntry, maxText, &words); err != nil {
		return nil, err
	}
	var structure bytes.Buffer
	if err := m.object(ctx, folder+structureEntry, prefix+structureEntry, maxStructure, &structure); err != nil {
		return nil, err
	}
	if !utf8.Valid(words.Bytes()) || bytes.IndexByte(words.Bytes(), 0) >= 0 {
		return nil, damaged("%s is no text.", folder+textEntry)
	}
	if m.r.at(folder + regionsEntry) {
		if err := m.object(ctx, folder+regionsEntry, library.RegionsKey(prefix+structureEntry), maxRegions, io.Discard); err != nil {
			return nil, err
		}
	}
	doc, err := document.Decode(&words, &structure)
	if err != nil {
		return nil, damaged("%s is not as it should be: %s.", folder+structureEntry, err.Error())
	}
	return doc, nil
}

func (m *imports) object(ctx context.Context, name, key string, limit int64, also io.Writer) error {
	return m.r.entry(name, limit, func(body *sound, _ int64) error {
		if _, err := m.Service.opt.Objects.Put(ctx, key, io.TeeReader(body, also)); err != nil {
			return fmt.Errorf("store %s: %w", name, err)
		}
		return nil
	})
}
