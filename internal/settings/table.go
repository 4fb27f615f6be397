package settings

import (
	"slices"
	"strings"
)

// variable is one row of the table: a name of the environment and all there is
// to say about it.
type variable struct {
	name        string
	group       string
	byDefault   string // as one would write it; empty is none
	kind        kind
	doc         string
	readers     string // processes: app is `serve`; `up` reads everything
	status      Status
	secret      bool // never shown
	credentials bool // a URL, shown without its password
}

const (
	everyone  = "app, mcp, worker"
	appOnly   = "app"
	mcpOnly   = "mcp"
	appAndMCP = "app, mcp"
	workers   = "worker"
	nobody    = "nobody"
)

// table binds every variable to its place in s. The rows' order is the order of
// the dump, of the faults and of .env.example.
func table(s *Settings) []variable {
	groups := []struct {
		name string
		rows []variable
	}{
		{"Core", coreRows(s)},
		{"HTTP", httpRows(&s.HTTP)},
		{"MCP", mcpRows(&s.MCP)},
		{"PostgreSQL", databaseRows(&s.Database)},
		{"Neo4j", graphRows(&s.Graph)},
		{"Memcached", cacheRows(&s.Cache)},
		{"Objects", storageRows(&s.Storage)},
		{"Daedalus's bucket", daedalusRows(&s.DaedalusStorage)},
		{"RabbitMQ", brokerRows(&s.Broker)},
		{"Worker", workerRows(&s.Worker)},
		{"Ingest", ingestRows(&s.Ingest)},
		{"Single sign-on", ssoRows(&s.SSO)},
		{"LLM providers", llmRows(&s.LLM)},
		{"Mail", mailRows(&s.Mail)},
		{"Embedder", embeddingRows(&s.Embedding)},
		{"Next embedder", nextEmbeddingRows(&s.NextEmbedding)},
		{"Reranker", rerankerRows(&s.Reranker)},
		{"Search", searchRows(&s.Search)},
		{"Logging", append(loggingRows(&s.Logging), retentionRow(s))},
	}
	var rows []variable
	for _, g := range groups {
		for i := range g.rows {
			g.rows[i].group = g.name
			if g.rows[i].status == "" {
				g.rows[i].status = Used
			}
		}
		rows = slices.Concat(rows, g.rows)
	}
	return rows
}

func coreRows(s *Settings) []variable {
	return []variable{
		{
			name: "MNEMOSYNE_DATA_DIR", byDefault: "./data", kind: text(&s.DataDir), readers: everyone,
			doc: "The folder of the embedded engines and of local objects.",
		},
		{
			name: "SECRET_KEY", kind: secretText(&s.SecretKey), secret: true, readers: everyone,
			doc: "Signs sessions, CSRF tokens and cursors. Needed with DB_HOST; without it one is made and kept in the data folder.",
		},
		{
			name: "DEBUG", byDefault: "False", kind: boolean(&s.Debug), readers: everyone,
			doc: "True writes log lines of level DEBUG, whatever the levels below say.",
		},
		{
			name: "TIME_ZONE", byDefault: "UTC", kind: timeZone(&s.TimeZone), readers: appOnly,
			doc: "The zone of times in mails, and on pages until a script shows the reader's own. Stored times and REST are UTC.",
		},
		{
			name: "LANGUAGE_CODE", byDefault: "en-us", readers: nobody, status: NoEffect,
			kind: pattern(&s.Language, "a language tag", "en-us", `^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$`),
			doc:  "The language of pages; they are in English.",
		},
	}
}

func httpRows(h *HTTP) []variable {
	return []variable{
		{
			name: "MNEMOSYNE_HTTP_ADDR", kind: listen(&h.Addr), readers: appOnly,
			doc: "Where pages and REST listen. Without it, `up` takes 127.0.0.1:8000 and `serve` takes :8000.",
		},
		{
			name: "MNEMOSYNE_METRICS_ADDR", kind: like(listen(&h.MetricsAddr), "127.0.0.1:9100"), readers: "mcp, worker",
			doc: "Where mcp and worker show metrics and health of their own; without it they do not.",
		},
		{
			name: "MNEMOSYNE_PPROF_ADDR", kind: profileAddr(&h.ProfileAddr), readers: everyone,
			doc: "Where the profiles of Go's runtime are shown, below /debug/pprof/, to anybody who reaches it. A port alone is of this machine only. Empty: nowhere.",
		},
		{
			name: "ALLOWED_HOSTS", byDefault: "localhost,127.0.0.1,[::1]", readers: appAndMCP,
			kind: list(&h.AllowedHosts, "host names parted by commas", "localhost,mnemosyne.example.com", hostName),
			doc:  "Host names that requests may be addressed to; .example.com takes all below it, * any.",
		},
		{
			name: "MNEMOSYNE_PUBLIC_URL", kind: like(originURL(&h.PublicURL), "https://mnemosyne.example.com"), readers: appOnly,
			doc: "Where people reach the pages, for links in mails and entries for clients. Empty: as their request names it, if ALLOWED_HOSTS does too.",
		},
		{
			name: "CSRF_TRUSTED_ORIGINS", readers: appOnly,
			kind: list(&h.CSRFTrustedOrigins, "origins with their scheme, parted by commas", "https://mnemosyne.example.com", origin),
			doc:  "Other origins that forms may be sent from.",
		},
		{
			name: "TRUSTED_PROXIES", byDefault: "127.0.0.0/8,::1/128", readers: appAndMCP,
			kind: list(&h.TrustedProxies, "networks or addresses parted by commas", "127.0.0.0/8,10.10.0.0/24", network),
			doc:  "Proxies whose X-Forwarded-* headers count.",
		},
		{
			name: "MNEMOSYNE_AUTH_FAILURES_PER_MINUTE", byDefault: "60", kind: integer(&h.AuthFailuresPerMinute, 0, 1_000_000), readers: appAndMCP,
			doc: "Different bearers that one address may try in vain before it gets 429. Accepted ones always pass. 0 is no limit.",
		},
	}
}

func mcpRows(m *MCP) []variable {
	return []variable{
		{
			name: "MNEMOSYNE_MCP_ADDR", byDefault: ":8001", kind: listen(&m.Addr), readers: mcpOnly,
			doc: "Where the process `mcp` listens. `up` serves /mcp/ on MNEMOSYNE_HTTP_ADDR.",
		},
		{
			name: "MCP_REQUIRE_AUTH", byDefault: "True", kind: boolean(&m.RequireAuth), readers: mcpOnly,
			doc: "False lets callers without a token read the global libraries.",
		},
	}
}

func databaseRows(d *Database) []variable {
	return []variable{
		{
			name: "DB_HOST", kind: host(&d.Host, true), readers: everyone,
			doc: "PostgreSQL's host, or the folder of its socket. Empty: SQLite under the data folder.",
		},
		{name: "DB_PORT", byDefault: "5432", kind: port(&d.Port), readers: everyone, doc: "PostgreSQL's port."},
		{name: "APP_DB_NAME", byDefault: "mnemosyne", kind: text(&d.Name), readers: everyone, doc: "The database."},
		{name: "APP_DB_USER", byDefault: "mnemosyne", kind: text(&d.User), readers: everyone, doc: "Its user."},
		{name: "APP_DB_PASSWORD", kind: text(&d.Password), secret: true, readers: everyone, doc: "The user's password."},
	}
}

func graphRows(g *Graph) []variable {
	return []variable{
		{
			name: "NEOMODEL_NEO4J_BOLT_URL", kind: graphURL(g), credentials: true, readers: everyone,
			doc: "Neo4j with its credentials. Empty: SQLite files under the data folder.",
		},
	}
}

func cacheRows(c *Cache) []variable {
	return []variable{
		{
			name: "KVDB_LOCATION", readers: everyone,
			kind: list(&c.Servers, "host:port, several parted by commas", "oberon.example.com:11211", server),
			doc:  "Memcached. Empty: in memory.",
		},
		{
			name: "KVDB_PREFIX", byDefault: "mnemosyne", readers: everyone,
			kind: pattern(&c.Prefix, "up to 50 characters without spaces", "mnemosyne", `^[!-~]{1,50}$`),
			doc:  "Stands before every key, so that a server can be shared.",
		},
	}
}

func storageRows(o *Storage) []variable {
	return []variable{
		{
			name: "USE_LOCAL_STORAGE", byDefault: "True", kind: boolean(&o.Local), readers: everyone,
			doc: "True keeps original files under the data folder, False in the S3 bucket below.",
		},
		{name: "AWS_ACCESS_KEY_ID", kind: text(&o.S3.AccessKey), readers: everyone, doc: "The bucket's key."},
		{name: "AWS_SECRET_ACCESS_KEY", kind: text(&o.S3.SecretKey), secret: true, readers: everyone, doc: "Its secret."},
		{name: "AWS_STORAGE_BUCKET_NAME", kind: bucketName(&o.S3.Bucket), readers: everyone, doc: "The bucket."},
		{
			name: "AWS_S3_ENDPOINT_URL", kind: endpoint(&o.S3), readers: everyone,
			doc: "The S3 server; empty is Amazon's own.",
		},
		{name: "AWS_S3_USE_SSL", byDefault: "True", kind: boolean(&o.S3.UseSSL), readers: everyone, doc: "Speak TLS to it."},
		{
			name: "AWS_S3_VERIFY", byDefault: "True", kind: boolean(&o.S3.Verify), readers: everyone,
			doc: "Check its certificate; False for a self-signed one.",
		},
		{name: "AWS_S3_REGION_NAME", byDefault: "us-east-1", kind: region(&o.S3.Region), readers: everyone, doc: "Its region."},
	}
}

func daedalusRows(d *DaedalusStorage) []variable {
	return []variable{
		{
			name: "DAEDALUS_S3_ENDPOINT_URL", kind: endpoint(&d.S3), readers: workers,
			doc: "The S3 server that Daedalus hands files over on. Empty, with USE_LOCAL_STORAGE: the folder handover/ in the data folder.",
		},
		{name: "DAEDALUS_S3_ACCESS_KEY_ID", kind: text(&d.S3.AccessKey), readers: workers, doc: "A key that may read the bucket."},
		{name: "DAEDALUS_S3_SECRET_ACCESS_KEY", kind: text(&d.S3.SecretKey), secret: true, readers: workers, doc: "Its secret."},
		{
			name: "DAEDALUS_S3_BUCKET_NAME", byDefault: "daedalus", kind: like(bucketName(&d.S3.Bucket), "daedalus"), readers: appOnly + ", " + workers,
			doc: "The bucket, the only one that s3_bucket may name.",
		},
		{name: "DAEDALUS_S3_REGION_NAME", byDefault: "us-east-1", kind: region(&d.S3.Region), readers: workers, doc: "Its region."},
		{name: "DAEDALUS_S3_USE_SSL", byDefault: "True", kind: boolean(&d.S3.UseSSL), readers: workers, doc: "Speak TLS to it."},
		{name: "DAEDALUS_S3_VERIFY", byDefault: "True", kind: boolean(&d.S3.Verify), readers: workers, doc: "Check its certificate."},
		{
			name: "DAEDALUS_S3_PREFIX", kind: like(text(&d.Prefix), "users/{username}/"), readers: appOnly,
			doc: "The folder that keys must lie under; {username} stands for the caller's. Empty allows every key to everybody.",
		},
	}
}

func brokerRows(b *Broker) []variable {
	var backend string
	return []variable{
		{
			name: "CELERY_BROKER_URL", kind: brokerURL(b), credentials: true, readers: "app, worker",
			doc: "RabbitMQ with its credentials. Empty: workers look into the database every second.",
		},
		{
			name: "MNEMOSYNE_QUEUE_PREFIX", readers: "app, worker",
			kind: pattern(&b.QueuePrefix, "up to 50 letters, digits, dots, hyphens and underscores", "mnemosyne.", `^[A-Za-z0-9._-]{1,50}$`),
			doc:  "Stands before the names of RabbitMQ's queues, so that a virtual host can be shared.",
		},
		{
			name: "CELERY_RESULT_BACKEND", byDefault: "rpc://", kind: text(&backend), credentials: true, readers: nobody, status: NoEffect,
			doc: "Results are in the database.",
		},
		{
			name: "CELERY_TASK_ALWAYS_EAGER", byDefault: "False", kind: boolean(&b.AlwaysEager), readers: "app, worker",
			doc: "True runs jobs in the process that accepted them, whatever the broker.",
		},
	}
}

func workerRows(w *Worker) []variable {
	return []variable{
		{
			name: "CELERY_QUEUES", byDefault: "celery,embedding,batch", readers: workers,
			kind: list(&w.Queues, "any of celery, embedding, batch, parted by commas", "celery,embedding", queueName),
			doc:  "The queues this worker takes jobs from.",
		},
		{
			name: "CELERY_CONCURRENCY", byDefault: "2", kind: integer(&w.Concurrency, 1, 256), readers: workers,
			doc: "Jobs at a time.",
		},
	}
}

func ingestRows(i *Ingest) []variable {
	return []variable{
		{
			name: "GLOBAL_LIBRARY_INGEST", byDefault: string(IngestAll), kind: oneOf(&i.GlobalLibrary, IngestAll, IngestMembers), readers: everyone,
			doc: "Who may put documents into global libraries: every signed-in user, or members of the library.",
		},
		{
			name: "MNEMOSYNE_FETCH_URLS", byDefault: string(FetchPublic), kind: oneOf(&i.FetchURLs, FetchPublic, FetchOff), readers: everyone,
			doc: "Whether documents may be taken in by their web address: from public addresses, or not at all.",
		},
		{
			name: "MNEMOSYNE_FETCH_ALLOW", readers: everyone,
			kind: list(&i.FetchAllow, "networks or addresses parted by commas", "10.10.0.0/24", network),
			doc:  "Networks that documents may be fetched from although they are not public.",
		},
		{
			name: "MNEMOSYNE_MAX_UPLOAD_BYTES", byDefault: "2GiB", kind: size(&i.MaxUploadBytes), readers: everyone,
			doc: "The largest file that is taken in.",
		},
		{
			name: "MNEMOSYNE_OCR", byDefault: string(OCRAuto), kind: oneOf(&i.OCR, OCRAuto, OCROff), readers: workers,
			doc: "Whether text is recognised in pictures and scanned pages: where the program tesseract is installed, or not at all.",
		},
		{
			name: "MNEMOSYNE_OCR_LANGUAGES", readers: workers,
			kind: list(&i.OCRLanguages, "languages of Tesseract parted by commas", "eng,deu", ocrLanguage),
			doc:  "The languages of these texts, each of which must be installed and costs time. Empty: up to four of the installed ones.",
		},
	}
}

func ssoRows(o *SSO) []variable {
	return []variable{
		{
			name: "CASDOOR_ENABLED", byDefault: "False", kind: boolean(&o.Enabled), readers: appOnly,
			doc: "True offers sign-in at Casdoor; False only the local one.",
		},
		{
			name: "CASDOOR_ORIGIN", kind: originURL(&o.Origin), readers: appOnly,
			doc: "Where the discovery document is read.",
		},
		{
			name: "CASDOOR_ORIGIN_FRONTEND", kind: originURL(&o.FrontendOrigin), readers: appOnly,
			doc: "Where the browser is sent; CASDOOR_ORIGIN when empty.",
		},
		{name: "CASDOOR_CLIENT_ID", kind: text(&o.ClientID), readers: appOnly, doc: "The client of the Casdoor application."},
		{name: "CASDOOR_CLIENT_SECRET", kind: text(&o.ClientSecret), secret: true, readers: appOnly, doc: "Its secret."},
		{name: "CASDOOR_ORG_NAME", kind: like(text(&o.OrgName), "ouranos"), readers: appOnly, doc: "The organisation in Casdoor whose people may sign in. Empty: everybody whom Casdoor lets in."},
		{
			name: "CASDOOR_SSL_VERIFY", byDefault: "True", kind: boolean(&o.SSLVerify), readers: appOnly,
			doc: "Check Casdoor's certificate; False only in a sandbox.",
		},
		{
			name: "ALLOW_LOCAL_LOGIN", byDefault: "False", kind: boolean(&o.AllowLocalLogin), readers: appOnly,
			doc: "True shows the local form beside Casdoor. Superusers always have it, and everybody has it without Casdoor.",
		},
	}
}

func llmRows(l *LLM) []variable {
	return []variable{
		{
			name: "LLM_API_SECRETS_ENCRYPTION_KEY", kind: fernetKey(&l.EncryptionKey), secret: true, readers: everyone,
			doc: "Encrypts the keys of providers of models. Change it only with reencrypt-provider-keys.",
		},
	}
}

func mailRows(m *Mail) []variable {
	return []variable{
		{
			name: "EMAIL_HOST", kind: like(host(&m.Host, false), "oberon.example.com"), readers: appOnly,
			doc: "The server that mail is handed to: password resets, and a notice of each new token. Empty: none is sent.",
		},
		{name: "EMAIL_PORT", byDefault: "25", kind: like(port(&m.Port), "25"), readers: appOnly, doc: "Its port."},
		{
			name: "EMAIL_USE_TLS", byDefault: "False", kind: boolean(&m.UseTLS), readers: appOnly,
			doc: "True starts TLS there and checks its certificate; a server that cannot gets no mail. False speaks in the clear.",
		},
		{name: "EMAIL_HOST_USER", kind: text(&m.User), readers: appOnly, doc: "Who signs in there. Empty: nobody does."},
		{name: "EMAIL_HOST_PASSWORD", kind: text(&m.Password), secret: true, readers: appOnly, doc: "Their password."},
		{
			name: "EMAIL_FROM", kind: mailAddress(&m.From), readers: appOnly,
			doc: "Who the mail is from. Empty: mnemosyne at the first host name of ALLOWED_HOSTS.",
		},
	}
}

func embeddingRows(e *Embedding) []variable {
	return []variable{
		{
			name: "EMBEDDING_BASE_URL", kind: baseURL(&e.BaseURL), readers: everyone,
			doc: "The embedder's server. Empty: all-MiniLM-L6-v2 in process.",
		},
		{
			name: "EMBEDDING_API", kind: oneOf(&e.API, APIOpenAI, APITEI, APIVLLM), readers: everyone,
			doc: "How it is asked: openai, tei (text-embeddings-inference), or vllm (messages, for multimodal models). Empty: vllm for Qwen3-VL-Embedding, else openai.",
		},
		{
			name: "EMBEDDING_MODEL", kind: like(text(&e.Model), "Qwen/Qwen3-VL-Embedding-2B"), readers: everyone,
			doc: "The model that the embedder is asked for. Another model is another index.",
		},
		{name: "EMBEDDING_API_KEY", kind: text(&e.APIKey), secret: true, readers: everyone, doc: "Sent as a bearer token."},
		{
			name: "EMBEDDING_DIMENSIONS", kind: like(integer(&e.Dimensions, 1, 8192), "1024"), readers: everyone,
			doc: "The length vectors are stored in; longer ones are cut to it. Empty: what the model gives.",
		},
		{
			name: "EMBEDDING_MAX_TOKENS", kind: like(integer(&e.MaxTokens, 32, 131072), "512"), readers: everyone,
			doc: "How much of a passage the model reads. Empty: what the server says, up to 1024, or 512 where it says nothing.",
		},
		{
			name: "EMBEDDING_QUERY_PROMPT", kind: prompt(&e.QueryPrompt), readers: everyone,
			doc: `What the model is shown of a query: {text} stands for it, {instruction} for what the library's type looks for, \n for a line end. With EMBEDDING_API=vllm the system message. Empty: as the model was trained, where that is known.`,
		},
		{
			name: "EMBEDDING_DOCUMENT_PROMPT", kind: like(prompt(&e.DocumentPrompt), "passage: {text}"), readers: everyone,
			doc: "The same for a passage of a document. Another one is another index.",
		},
		{name: "EMBEDDING_BATCH_SIZE", byDefault: "8", kind: integer(&e.BatchSize, 1, 1024), readers: workers, doc: "Passages in one request."},
		{name: "EMBEDDING_CONCURRENCY", byDefault: "4", kind: integer(&e.Concurrency, 1, 256), readers: workers, doc: "Requests with passages at a time."},
		{name: "EMBEDDING_TIMEOUT", byDefault: "120", kind: seconds(&e.Timeout), readers: everyone, doc: "The longest wait for one request."},
	}
}

// nextEmbeddingRows are the embedder's, as far as another model needs them to
// be others.
func nextEmbeddingRows(next *Embedding) []variable {
	const prefix, of = "EMBEDDING_", "EMBEDDING_NEXT_"
	var rows []variable
	for _, row := range embeddingRows(next) {
		switch row.name {
		case "EMBEDDING_BATCH_SIZE", "EMBEDDING_CONCURRENCY", "EMBEDDING_TIMEOUT":
			continue
		}
		row.doc = "The same as " + row.name + " for the model that `mnemosyne reembed` moves libraries to."
		row.name = of + strings.TrimPrefix(row.name, prefix)
		rows = append(rows, row)
	}
	rows[0].doc += " Empty, with the model all-MiniLM-L6-v2: in process."
	return rows
}

func rerankerRows(r *Reranker) []variable {
	return []variable{
		{name: "RERANKER_BASE_URL", kind: baseURL(&r.BaseURL), readers: appAndMCP, doc: "The reranker's server. Empty: none."},
		{
			name: "RERANKER_API", byDefault: string(APICohere), kind: oneOf(&r.API, APICohere, APITEI), readers: appAndMCP,
			doc: "How it is asked: cohere (also Jina, vLLM, llama.cpp, Infinity), or tei.",
		},
		{
			name: "RERANKER_MODEL", kind: like(text(&r.Model), "Qwen/Qwen3-VL-Reranker-2B"), readers: appAndMCP,
			doc: "The model that the reranker is asked for.",
		},
		{name: "RERANKER_API_KEY", kind: text(&r.APIKey), secret: true, readers: appAndMCP, doc: "Sent as a bearer token."},
		{
			name: "RERANKER_QUERY_PROMPT", kind: wholePrompt(&r.QueryPrompt), readers: appAndMCP,
			doc: `What the model is shown of a query: {text} stands for it, {instruction} for what makes a good answer in the library's type, \n for a line end. Empty: the query alone.`,
		},
		{
			name: "RERANKER_DOCUMENT_PROMPT", kind: like(wholePrompt(&r.DocumentPrompt), "<Document>: {text}"), readers: appAndMCP,
			doc: "The same for a passage.",
		},
		{
			name: "RERANKER_MAX_CANDIDATES", byDefault: "32", kind: integer(&r.MaxCandidates, 1, 1000), readers: appAndMCP,
			doc: "Hits that are shown to the reranker.",
		},
		{name: "RERANKER_TIMEOUT", byDefault: "30", kind: seconds(&r.Timeout), readers: appAndMCP, doc: "The longest wait for one request to it."},
	}
}

func searchRows(s *Search) []variable {
	return []variable{
		{name: "SEARCH_VECTOR_TOP_K", byDefault: "50", kind: integer(&s.VectorTopK, 1, 1000), readers: appAndMCP, doc: "Hits of the vector leg. An adaptive fusion takes 100 at least."},
		{name: "SEARCH_FULLTEXT_TOP_K", byDefault: "30", kind: integer(&s.FulltextTopK, 1, 1000), readers: appAndMCP, doc: "Hits of the full-text leg. An adaptive fusion takes 100 at least."},
		{
			name: "SEARCH_GRAPH_MAX_DEPTH", byDefault: "2", kind: integer(&s.GraphMaxDepth, 0, 5), readers: appAndMCP,
			doc: "Hops of the graph leg; 0 leaves it out.",
		},
		{name: "SEARCH_RRF_K", byDefault: "60", kind: integer(&s.RRFK, 1, 1000), readers: appAndMCP, doc: "The constant of reciprocal rank fusion."},
		{
			name: "SEARCH_DEFAULT_LIMIT", byDefault: "20", kind: integer(&s.DefaultLimit, 1, 50), readers: appAndMCP,
			doc: "Hits in an answer when the caller does not say.",
		},
		{
			name: "SEARCH_FUSION", byDefault: string(FusionAdaptive), kind: oneOf(&s.Fusion, FusionAdaptive, FusionWeighted, FusionRRF), readers: appAndMCP,
			doc: "How the legs' hits become one list: by scores as far as each leg's say something, by scores with fixed weights, or by reciprocal ranks.",
		},
		{
			name: "SEARCH_VECTOR_TIMEOUT", byDefault: "5", kind: seconds(&s.VectorTimeout), readers: appAndMCP,
			doc: "The longest wait for the vector leg, the query's embedding counted.",
		},
		{name: "SEARCH_FULLTEXT_TIMEOUT", byDefault: "5", kind: seconds(&s.FulltextTimeout), readers: appAndMCP, doc: "The longest wait for the full-text leg."},
		{
			name: "SEARCH_RERANK_TIMEOUT", byDefault: "5", kind: seconds(&s.RerankTimeout), readers: appAndMCP,
			doc: "The longest that a search waits for the reranker; then its hits come in the order of the legs.",
		},
		{name: "SEARCH_GRAPH_TIMEOUT", byDefault: "2", kind: seconds(&s.GraphTimeout), readers: appAndMCP, doc: "The longest wait for the graph leg."},
		{
			name: "SEARCH_LOG_QUERIES", byDefault: "False", kind: boolean(&s.LogQueries), readers: appAndMCP,
			doc: "True keeps the words of searches in the search log.",
		},
	}
}

func retentionRow(s *Settings) variable {
	return variable{
		name: "MNEMOSYNE_USAGE_RETENTION_DAYS", byDefault: "90", kind: integer(&s.UsageRetentionDays, 0, 36_500), readers: appOnly,
		doc: "Days that the search log and the account of model calls are kept; 0 keeps them. The audit trail is always kept.",
	}
}

func loggingRows(l *Logging) []variable {
	return []variable{
		{name: "LOGGING_LEVEL", byDefault: "INFO", kind: level(&l.Level), readers: everyone, doc: "The least severe line that is logged. The two below can only make their parts quieter than this."},
		{
			name: "DJANGO_LOGGING_LEVEL", byDefault: "WARNING", kind: level(&l.HTTP), readers: appAndMCP,
			doc: "The same for what the HTTP servers say of requests: INFO is a line for each, WARNING only those answered with a 5xx, DEBUG those for health and metrics, too.",
		},
		{name: "CELERY_LOGGING_LEVEL", byDefault: "INFO", kind: level(&l.Worker), readers: workers, doc: "The same for what is said of jobs and of RabbitMQ: INFO is a line or two for each job, WARNING what failed or waits."},
	}
}
