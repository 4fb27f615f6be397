// Package web holds what the pages are made of: templates, styles, scripts.
// It knows how files become assets whose names change with their content, and
// refuses to know what any page says.
package web

import "embed"

// FS has the folders templates and static.
//
//go:embed templates static
var FS embed.FS
