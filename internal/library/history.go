package library

import (
	"context"
	"fmt"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Version is a generation of a document as its history tells it.
type Version struct {
	Number      int64
	Status      string // staged, published or retired
	ContentHash string
	ContentType string
	SizeBytes   int64
	Pages       *int64
	ChunkCount  int64
	Space       string // the embedding space that it was published in
	HasText     bool
	CreatedAt   time.Time
	PublishedAt *time.Time
}

// The statuses of a version.
const (
	VersionStaged    = "staged"
	VersionPublished = "published"
	VersionRetired   = "retired"
)

const listVersions = `SELECT generation, status, content_hash, content_type, size_bytes, pages, chunk_count, embedding_space,
	text_key <> '', created_at, published_at
FROM item_generation WHERE item_uid = $1 ORDER BY generation DESC LIMIT CAST($2 AS BIGINT)`

// Versions lists what is kept of the generations of a document that the
// caller was granted, the newest first, at most limit of them.
func (s *Service) Versions(ctx context.Context, item Item, limit int) ([]Version, error) {
	out, err := sqldb.All(ctx, s.db.Read(), func(row sqldb.Row) (v Version, err error) {
		var published sqldb.NullTime
		err = row.Scan(&v.Number, &v.Status, &v.ContentHash, &v.ContentType, &v.SizeBytes, &v.Pages, &v.ChunkCount, &v.Space,
			&v.HasText, scanTime(&v.CreatedAt), &published)
		v.PublishedAt = published.Ptr()
		return v, err
	}, listVersions, item.UID, limit)
	if err != nil {
		return nil, fmt.Errorf("list versions of %s: %w", item.UID, err)
	}
	return out, nil
}
