package archive

import (
	"encoding/json"
	"fmt"
	"time"
)

// The form of an archive. A change that an older program would read wrongly
// raises formatVersion; fields may be added without.
const (
	formatName    = "mnemosyne-library"
	formatVersion = 1
)

// The entries, in the order in which they come.
const (
	manifestEntry     = "manifest.json"
	libraryEntry      = "library.json"
	membersFolder     = "members/"
	collectionsFolder = "collections/"
	itemsFolder       = "items/"
	countsEntry       = "counts.json"
	sumsEntry         = "SHA256SUMS"
)

func itemEntry(uid string) string { return itemsFolder + uid + "/item.json" }

func generationFolder(uid string, generation int64) string {
	return fmt.Sprintf("%s%s/%d/", itemsFolder, uid, generation)
}

// In a generation's folder.
const (
	generationEntry = "generation.json"
	originalEntry   = "original"
	textEntry       = "text"
	structureEntry  = "structure"
	regionsEntry    = "regions" // of formats whose pages can be shown
	chunksFolder    = "chunks/"
)

// part names the nth piece of a list that is cut into pieces.
func part(folder string, n int) string { return fmt.Sprintf("%s%05d.jsonl", folder, n) }

// The largest sizes of entries, and of lines in them.
const (
	maxRecord    = 2 << 20
	maxLine      = 8 << 20
	maxPart      = 64 << 20
	maxText      = 256 << 20
	maxStructure = 256 << 20
	maxRegions   = 1 << 30
	maxSums      = 4 << 30

	partLines = 256
	partBytes = 16 << 20
)

type manifest struct {
	Format    string         `json:"format"`
	Version   int            `json:"version"`
	ArchiveID string         `json:"archive_id"`
	MadeAt    time.Time      `json:"made_at"`
	MadeBy    string         `json:"made_by"`
	Library   manifestTarget `json:"library"`
	Spaces    []string       `json:"embedding_spaces"`
	Items     int64          `json:"items"` // when the export began
}

type manifestTarget struct {
	UID  string `json:"uid"`
	Name string `json:"name"`
}

type libraryRecord struct {
	UID         string    `json:"uid"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Type        string    `json:"library_type"`
	WorkspaceID *string   `json:"workspace_id"`
	Owner       *string   `json:"owner_username"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

type memberRecord struct {
	Username  string    `json:"username"`
	Role      string    `json:"role"`
	CreatedAt time.Time `json:"created_at"`
}

type collectionRecord struct {
	UID       string    `json:"uid"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

type itemRecord struct {
	UID            string          `json:"uid"`
	Collection     *string         `json:"collection"` // its name
	CreatedBy      *string         `json:"created_by"` // user name
	Title          string          `json:"title"`
	TitleGiven     bool            `json:"title_given"`
	Source         string          `json:"source"`
	Filename       string          `json:"filename"`
	FileID         *string         `json:"file_id"`
	ParentUID      *string         `json:"parent_uid,omitempty"` // of the mail that it is an attachment of
	Attachment     string          `json:"attachment,omitempty"` // which of the mail's
	Metadata       json.RawMessage `json:"metadata"`
	Generation     int64           `json:"generation"`
	LastGeneration int64           `json:"last_generation"`
	CreatedAt      time.Time       `json:"created_at"`
	UpdatedAt      time.Time       `json:"updated_at"`
}

type generationRecord struct {
	Generation  int64      `json:"generation"`
	ContentHash string     `json:"content_hash"`
	ContentType string     `json:"content_type"`
	Language    string     `json:"language,omitempty"`
	SizeBytes   int64      `json:"size_bytes"`
	Pages       *int64     `json:"pages"`
	Chunks      int64      `json:"chunks"` // 0: the index had lost them
	Title       string     `json:"title"`
	CreatedAt   time.Time  `json:"created_at"`
	PublishedAt *time.Time `json:"published_at"`
}

type chunkRecord struct {
	UID         string            `json:"uid"`
	Ordinal     int               `json:"ordinal"`
	Text        string            `json:"text"`
	HeadingPath []string          `json:"heading_path"`
	Context     string            `json:"context"`
	Page        *int              `json:"page"`
	Start       int               `json:"start"`
	End         int               `json:"end"`
	Hash        string            `json:"hash"`
	Vectors     map[string]vector `json:"vectors,omitempty"` // by embedding space
}

// Counts are how much an archive holds.
type Counts struct {
	Members     int64 `json:"members"`
	Collections int64 `json:"collections"`
	Items       int64 `json:"items"`
	Generations int64 `json:"generations"`
	Chunks      int64 `json:"chunks"`
	Vectors     int64 `json:"vectors"`
	Bytes       int64 `json:"original_bytes"`
}
