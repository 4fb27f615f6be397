// Package migrations holds the schema's history, a folder an engine. Both
// folders carry the same numbers and make the same tables.
package migrations

import "embed"

// FS holds sqlite/ and postgresql/.
//
//go:embed sqlite/*.sql postgresql/*.sql
var FS embed.FS
