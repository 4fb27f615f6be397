package settings

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Status says what a variable is good for in this version.
type Status string

// What may be said of a variable.
const (
	Used     Status = "used"
	NotYet   Status = "not used yet"        // its part comes in a later version
	NoEffect Status = "accepted, no effect" // kept so that existing .env files stay valid
)

// Entry is one variable as it may be shown to an operator.
type Entry struct {
	Name    string
	Value   string // secrets show only that they are set, URLs lose their password
	Default bool   // the environment does not set it
	Status  Status
	Doc     string
	Readers []string // app, mcp, worker; `up` reads everything
}

// Dump is every variable in the table's order, without secrets.
func (s *Settings) Dump() []Entry { return append([]Entry(nil), s.entries...) }

func (v variable) entry(value string, given bool) Entry {
	e := Entry{Name: v.name, Value: value, Default: !given, Status: v.status, Doc: v.doc, Readers: v.services()}
	switch {
	case v.secret:
		e.Value = Secret(value).String()
	case v.credentials:
		e.Value = withoutPassword(value)
	}
	return e
}

func (v variable) services() []string {
	if v.readers == nobody {
		return nil
	}
	return strings.Split(v.readers, ", ")
}

func (v variable) fault(value string, err error) Fault {
	f := Fault{Variable: v.name, Problem: err.Error(), Expected: v.kind.expects, Example: cmp.Or(v.byDefault, v.kind.example)}
	if errors.Is(err, errShape) {
		f.Problem = fmt.Sprintf("%q is not understood", value)
		if v.secret || v.credentials {
			f.Problem = "its value is not understood"
		}
	}
	return f
}

// WriteReference writes docs/configuration.md: every variable in a table, by
// group.
func WriteReference(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`# Configuration

<!-- Made from internal/settings/table.go by make env-example. -->

Every variable that Mnemosyne reads from its environment. [.env.example](../.env.example) is the same as a file to fill
in. An empty value counts as none. A start with values that are not understood lists all of them at once, each with
what was expected and an example, and ends with 1; ` + "`mnemosyne check`" + ` says what the values lead to.

"Read by" names the processes: app is ` + "`serve`" + `; ` + "`up`" + ` reads everything. What is marked *no effect* is accepted, so
that an existing file stays valid.
`)
	group := ""
	for _, v := range table(&Settings{}) {
		if v.group != group {
			group = v.group
			fmt.Fprintf(&b, "\n## %s\n\n| variable | default | takes | read by | meaning |\n|---|---|---|---|---|\n", group)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", v.name, codeCell(v.byDefault), v.takes(), v.readers, v.meaning())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// takes is the shape of a value as a cell of a table.
func (v variable) takes() string {
	text := cell(v.kind.expects)
	if v.byDefault == "" && v.kind.example != "" {
		text += ", as " + codeCell(v.kind.example)
	}
	return text
}

func (v variable) meaning() string {
	text := cell(v.doc)
	switch {
	case v.status != Used:
		return "*" + strings.TrimPrefix(string(v.status), "accepted, ") + "*: " + text
	case v.secret:
		return text + " A secret: it is never shown."
	}
	return text
}

// cell keeps a text within one cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "*", `\*`, "<", `\<`).Replace(text)
}

func codeCell(text string) string {
	if text == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(text, "|", `\|`) + "`"
}

// WriteExample writes an .env file that names every variable with its default,
// what it means and which processes read it.
func WriteExample(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`# Every variable that Mnemosyne reads. Each line below shows the default, empty where there is
# none; take the # away to set it. An empty value counts as none. Mnemosyne reads its environment,
# no file: docker compose reads .env by itself (quote a value with a $ in it: 'pa$word'); in a shell,
# set -a; . ./.env; set +a, where a value with spaces needs quotes; or docker's --env-file, or
# systemd's EnvironmentFile.
# Without DB_HOST everything is kept under MNEMOSYNE_DATA_DIR and no server is needed.
# Passwords inside URLs must be percent-encoded.
`)
	group := ""
	for _, v := range table(&Settings{}) {
		if v.group != group {
			group = v.group
			fmt.Fprintf(&b, "\n# ---- %s\n", group)
		}
		fmt.Fprintf(&b, "\n# %s\n# Read by: %s.", v.doc, v.readers)
		if v.status != Used {
			fmt.Fprintf(&b, " In this version: %s.", v.status)
		}
		if v.kind.expects != anyText {
			fmt.Fprintf(&b, " Takes %s.", v.kind.expects)
		}
		if v.byDefault == "" && v.kind.example != "" {
			fmt.Fprintf(&b, " For example %s", v.kind.example)
		}
		fmt.Fprintf(&b, "\n#%s=%s\n", v.name, v.byDefault)
	}
	writeCompose(&b)
	_, err := io.WriteString(w, b.String())
	return err
}
