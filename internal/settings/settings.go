// Package settings turns the environment into one typed value.
//
// It owns the name, the default, the shape and the meaning of every variable
// the program reads: one table (table.go) from which loading, the redacted dump
// and the example file all follow. It refuses to start half-configured: every
// fault is reported at once, with what was expected. It opens nothing and
// connects to nothing, and no other package reads the environment.
package settings

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// Settings is everything the environment decides. It is read once at start and
// not changed afterwards.
type Settings struct {
	SecretKey Secret // signs sessions, CSRF tokens and cursors; empty only in the embedded profile
	Debug     bool
	TimeZone  *time.Location // for what people read; stored times are UTC
	Language  string         // BCP 47, as "en-us"
	DataDir   string         // where the embedded engines and local objects live

	HTTP            HTTP
	MCP             MCP
	Database        Database
	Graph           Graph
	Cache           Cache
	Storage         Storage
	DaedalusStorage DaedalusStorage
	Broker          Broker
	Worker          Worker
	Ingest          Ingest
	SSO             SSO
	LLM             LLM
	Mail            Mail
	Embedding       Embedding
	NextEmbedding   Embedding // what libraries move to; its batches and waits are Embedding's
	Reranker        Reranker
	Search          Search
	Logging         Logging

	UsageRetentionDays int // of the search log and the account of model calls; 0 keeps them

	entries []Entry
}

// Embedded reports whether the relational engine is the SQLite file of the data
// folder, which makes this the profile that needs no server.
func (s *Settings) Embedded() bool { return s.Database.Host == "" }

// HTTP is the surface that people and REST clients reach.
type HTTP struct {
	Addr               string         // as given; empty means the command's own default
	MetricsAddr        string         // mcp and worker: an address of their own for metrics and health; empty is none
	ProfileAddr        string         // of the profiles of Go's runtime; empty is none
	PublicURL          string         // scheme://host that people reach the pages at; empty: as requests say
	AllowedHosts       []string       // host names, ".example.com" for a domain and all below it, "*" for any
	CSRFTrustedOrigins []string       // scheme://host[:port], the host may start with "*."
	TrustedProxies     []netip.Prefix // whose X-Forwarded-* headers count

	AuthFailuresPerMinute int // different refused bearers of an address before 429; 0 is no limit
}

// UpAddr is where `up` listens: loopback unless told otherwise.
func (h HTTP) UpAddr() string { return orDefault(h.Addr, "127.0.0.1:8000") }

// ServeAddr is where `serve` listens: every interface unless told otherwise.
func (h HTTP) ServeAddr() string { return orDefault(h.Addr, ":8000") }

// MCP is the surface that agents reach.
type MCP struct {
	Addr        string // of the `mcp` process
	RequireAuth bool   // false: anonymous callers read the global libraries
}

// Database is PostgreSQL. With an empty Host the relational engine is SQLite.
type Database struct {
	Host     string // a name, an address, or a folder with a socket
	Port     int
	Name     string
	User     string
	Password Secret
}

// DSN is the connection string for pgx. It holds the password: never log it.
func (d Database) DSN() string {
	u := url.URL{Scheme: "postgres", Path: "/" + d.Name, User: url.User(d.User)}
	if d.Password != "" {
		u.User = url.UserPassword(d.User, d.Password.Reveal())
	}
	port := strconv.Itoa(d.Port)
	if len(d.Host) > 0 && d.Host[0] == '/' {
		u.RawQuery = url.Values{"host": {d.Host}, "port": {port}}.Encode()
	} else {
		u.Host = net.JoinHostPort(d.Host, port)
	}
	return u.String()
}

// Graph is Neo4j. With an empty URL the graph is the embedded one.
type Graph struct {
	URL      string // scheme://host:port, without credentials
	User     string
	Password Secret
}

// Cache is memcached. Without servers the cache is in memory.
type Cache struct {
	Servers []string // host:port
	Prefix  string
}

// Storage is where original files are kept.
type Storage struct {
	Local bool // files under the data folder; false: S3
	S3    S3
}

// S3 is one bucket and how to reach it.
type S3 struct {
	Endpoint  string // host[:port], empty for Amazon's own
	UseSSL    bool
	Verify    bool // check the server's certificate
	Region    string
	Bucket    string
	AccessKey string
	SecretKey Secret

	scheme string // of the endpoint as given, which UseSSL has to agree with
}

// DaedalusStorage is the bucket that Daedalus hands files over in; it is only read.
type DaedalusStorage struct {
	S3     S3
	Prefix string // keys must start with it; "{username}" stands for the caller's; empty allows all
}

// Broker is RabbitMQ, which only wakes workers up. With an empty Host the queue
// is in process.
type Broker struct {
	Host        string
	Port        int
	VHost       string
	User        string
	Password    Secret
	TLS         bool
	QueuePrefix string // stands before the queues' names
	AlwaysEager bool   // run jobs in the process that accepted them
}

// Worker is how one worker process takes jobs.
type Worker struct {
	Queues      []string // any of celery, embedding, batch
	Concurrency int      // jobs at a time
}

// IngestPolicy says who may put documents into a global library.
type IngestPolicy string

// The policies of GLOBAL_LIBRARY_INGEST.
const (
	IngestAll     IngestPolicy = "all"     // every signed-in user
	IngestMembers IngestPolicy = "members" // members of that library
)

// FetchPolicy says which web addresses documents are fetched from.
type FetchPolicy string

// OCRPolicy says whether text in pictures is recognised.
type OCRPolicy string

// The policies of MNEMOSYNE_OCR.
const (
	OCRAuto OCRPolicy = "auto" // where Tesseract is installed
	OCROff  OCRPolicy = "off"
)

// The policies of MNEMOSYNE_FETCH_URLS.
const (
	FetchPublic FetchPolicy = "public"
	FetchOff    FetchPolicy = "off"
)

// Ingest bounds what is taken in.
type Ingest struct {
	GlobalLibrary  IngestPolicy
	FetchURLs      FetchPolicy
	FetchAllow     []netip.Prefix // networks asked although they are not public
	MaxUploadBytes int64
	OCR            OCRPolicy
	OCRLanguages   []string // Tesseract's names; empty: some of the installed ones
}

// SSO is the single sign-on at Casdoor.
type SSO struct {
	Enabled         bool
	Origin          string // https://host, the discovery document's base
	FrontendOrigin  string // what the browser is sent to; Origin when not given
	ClientID        string
	ClientSecret    Secret
	OrgName         string
	SSLVerify       bool
	AllowLocalLogin bool
}

// LocalLogin reports whether people who are not superusers see the local form.
func (s SSO) LocalLogin() bool { return !s.Enabled || s.AllowLocalLogin }

// LLM holds the key that provider keys are encrypted with.
type LLM struct {
	EncryptionKey Secret // Fernet: 32 bytes in URL-safe base64
}

// Mail is the server that mail is handed to; an empty Host sends none.
type Mail struct {
	Host     string
	Port     int
	UseTLS   bool // STARTTLS, or nothing
	User     string
	Password Secret
	From     string // the sender; mnemosyne@ the first host of ALLOWED_HOSTS when not given
}

// ModelAPI is the shape that a model's server is asked in.
type ModelAPI string

// The shapes of EMBEDDING_API and RERANKER_API.
const (
	APIOpenAI ModelAPI = "openai" // texts to /v1/embeddings
	APIVLLM   ModelAPI = "vllm"   // messages to /v1/embeddings
	APICohere ModelAPI = "cohere" // /v1/rerank
	APITEI    ModelAPI = "tei"    // /embed and /rerank
)

// Embedding is the embedder. With an empty BaseURL it is the one in process.
type Embedding struct {
	BaseURL     string
	API         ModelAPI // empty: what suits the model
	Model       string
	APIKey      Secret
	Dimensions  int // 0: what the model gives
	MaxTokens   int // 0: what the server says
	BatchSize   int
	Concurrency int // requests with documents at a time
	Timeout     time.Duration

	QueryPrompt, DocumentPrompt string // empty: what suits the model
}

// Reranker is the second opinion on search hits. With an empty BaseURL there is none.
type Reranker struct {
	BaseURL       string
	API           ModelAPI
	Model         string
	APIKey        Secret
	MaxCandidates int
	Timeout       time.Duration

	QueryPrompt, DocumentPrompt string // empty: the text alone
}

// Fusion is how the hits of several legs become one list.
type Fusion string

// The kinds of SEARCH_FUSION.
const (
	FusionAdaptive Fusion = "adaptive"
	FusionWeighted Fusion = "weighted"
	FusionRRF      Fusion = "rrf"
)

// Search is how deep each leg looks, how long it may take, and how they are fused.
type Search struct {
	VectorTopK      int
	FulltextTopK    int
	GraphMaxDepth   int
	RRFK            int
	DefaultLimit    int
	Fusion          Fusion
	VectorTimeout   time.Duration
	FulltextTimeout time.Duration
	GraphTimeout    time.Duration
	RerankTimeout   time.Duration
	LogQueries      bool // keep the words of a search in the search log
}

// Logging is the least severe line each part writes.
type Logging struct {
	Level  slog.Level
	HTTP   slog.Level // DJANGO_LOGGING_LEVEL: a line a request and the like
	Worker slog.Level // CELERY_LOGGING_LEVEL: a line a job and the like
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
