package settings

import (
	"fmt"
	"strings"
)

// composeVariable is a variable that docker compose reads and Mnemosyne does
// not, so that the example names all that an .env may hold.
type composeVariable struct{ name, byDefault, doc string }

func composeVariables() []composeVariable {
	return []composeVariable{
		{"MNEMOSYNE_IMAGE", "mnemosyne:local", "The image to run. A registry's, as git.helu.ca/r/mnemosyne:latest, is pulled, and needs no sources; mnemosyne:local is built from them."},
		{"MNEMOSYNE_PULL_POLICY", "if_not_present", "When `docker compose pull` and `up` look for a newer image. `pull` always does for a tag named latest. For other tags that move: always."},
		{"MNEMOSYNE_IMAGE_OCR", "", "Languages of Tesseract that a built image reads pictures of text in, as: eng deu. Empty: no Tesseract."},
		{"MNEMOSYNE_PORT", "23181", "The host's port of nginx. With an address before it, as 127.0.0.1:23181, it listens there alone."},
		{"MNEMOSYNE_SUBNET", "10.231.81.0/24", "The containers' own network, which TRUSTED_PROXIES trusts unless it is set. Free on this host, and another for each stack."},
		{"MNEMOSYNE_MCP_METRICS", "127.0.0.1:23182", "Where the host shows the metrics of mcp. A range of ports, as 127.0.0.1:23182-23189, for several of it."},
		{"MNEMOSYNE_WORKER_METRICS", "127.0.0.1:23183", "The same for worker, which needs other ports."},
		{"MNEMOSYNE_APP_MEMORY", "2g", "The most memory that app may take; it is ended and started again above that."},
		{"MNEMOSYNE_MCP_MEMORY", "2g", "The same for mcp."},
		{"MNEMOSYNE_WORKER_MEMORY", "4g", "The same for worker, with the processes that read files: raise it with CELERY_CONCURRENCY."},
		{"MNEMOSYNE_WEB_MEMORY", "256m", "The same for web."},
		{"MNEMOSYNE_LOG_SIZE", "20m", "How large a container's log grows before the next file is begun."},
		{"MNEMOSYNE_LOG_FILES", "5", "How many of these files are kept."},
	}
}

// writeCompose adds what docker compose reads to the example.
func writeCompose(b *strings.Builder) {
	b.WriteString("\n# ---- Production: docker compose\n")
	for _, v := range composeVariables() {
		fmt.Fprintf(b, "\n# %s\n# Read by: docker compose.\n#%s=%s\n", v.doc, v.name, v.byDefault)
	}
}
