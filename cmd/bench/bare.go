package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	bareCommand  = "serve-bare"
	bareDatabase = "BARE_DATABASE" // tells its process where the rows are
)

// bare starts the yardstick on a database: the least that one can do, with the
// same driver and the same rows. While other programs use the machine both cost
// more, and their ratio stays about the same.
func (b *bench) bare(ctx context.Context, db *pgx.ConnConfig, token string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	folder, err := b.folder("bare")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, bareCommand)
	cmd.Env = []string{fmt.Sprintf("%s=host='%s' port=%d dbname='%s' user='%s' password='%s'",
		bareDatabase, db.Host, db.Port, db.Database, db.User, db.Password)}
	s, err := launch(ctx, filepath.Join(folder, "data"), cmd)
	if err != nil {
		return nil, err
	}
	s.token = token
	return s, nil
}

// serveBare answers GETs of workspaces and teams by two queries and JSON, with
// net/http and pgx alone: no logs, metrics, limits or headers of its own.
func serveBare(ctx context.Context) error {
	pool, err := pgxpool.New(ctx, os.Getenv(bareDatabase))
	if err != nil {
		return err
	}
	defer pool.Close()
	mux := http.NewServeMux()
	mux.Handle("GET /library/api/workspaces/{id}/", bareHandler{pool, bareWorkspace, scanBareWorkspace})
	mux.Handle("GET /mcp_server/api/teams/{id}/", bareHandler{pool, bareTeam, scanBareTeam})
	web := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", os.Getenv("MNEMOSYNE_HTTP_ADDR"))
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = web.Close() })
	defer stop()
	fmt.Println("Press Ctrl-C to stop.")
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// bareHandler answers with the row of an id and its owner.
type bareHandler struct {
	pool  *pgxpool.Pool
	query string
	scan  func(pgx.Row) (any, error)
}

const bareOwner = `SELECT u.id FROM user_token t JOIN auth_user u ON u.id = t.user_id
	WHERE t.token_hash = $1 AND t.is_active AND u.is_active`

// ServeHTTP asks who the bearer is, and for what is theirs.
func (b bareHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256([]byte(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
	var owner string
	if err := b.pool.QueryRow(r.Context(), bareOwner, hex.EncodeToString(sum[:])).Scan(&owner); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	status := http.StatusOK
	body, err := b.scan(b.pool.QueryRow(r.Context(), b.query, r.PathValue("id"), owner))
	if err != nil {
		status, body = http.StatusNotFound, map[string]string{"detail": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller has gone
}

const bareWorkspace = `SELECT l.uid, l.workspace_id, l.name, l.description, l.library_type, u.username, l.item_count, l.chunk_count,
	l.created_at, l.updated_at
	FROM library l JOIN auth_user u ON u.username = l.owner_username
	WHERE l.workspace_id = $1 AND u.id = $2 AND l.deleted_at IS NULL`

func scanBareWorkspace(row pgx.Row) (any, error) {
	var w struct {
		UID           string    `json:"uid"`
		WorkspaceID   string    `json:"workspace_id"`
		Name          string    `json:"name"`
		Description   string    `json:"description"`
		LibraryType   string    `json:"library_type"`
		OwnerUsername string    `json:"owner_username"`
		ItemCount     int64     `json:"item_count"`
		ChunkCount    int64     `json:"chunk_count"`
		CreatedAt     time.Time `json:"created_at"`
		UpdatedAt     time.Time `json:"updated_at"`
	}
	err := row.Scan(&w.UID, &w.WorkspaceID, &w.Name, &w.Description, &w.LibraryType, &w.OwnerUsername, &w.ItemCount, &w.ChunkCount,
		&w.CreatedAt, &w.UpdatedAt)
	return w, err
}

const bareTeam = `SELECT t.id, t.name, t.active, t.created_at, t.updated_at,
	ARRAY(SELECT w.workspace_id FROM team_workspace_assignment w WHERE w.team_id = t.id ORDER BY w.workspace_id)
	FROM team t WHERE t.id = $1 AND t.owner_id = $2`

func scanBareTeam(row pgx.Row) (any, error) {
	var t struct {
		ID           string    `json:"id"`
		Name         string    `json:"name"`
		Active       bool      `json:"active"`
		CreatedAt    time.Time `json:"created_at"`
		UpdatedAt    time.Time `json:"updated_at"`
		WorkspaceIDs []string  `json:"workspace_ids"`
	}
	err := row.Scan(&t.ID, &t.Name, &t.Active, &t.CreatedAt, &t.UpdatedAt, &t.WorkspaceIDs)
	return t, err
}
