package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// operator is what the commands on accounts and tokens work with. They need
// the relational store and nothing else.
type operator struct {
	by       accounts.Actor
	audit    *accounts.Audit
	accounts *accounts.Accounts
	tokens   *mcpserver.Tokens
	keys     *mcpserver.SigningKeys

	providers *llmmanager.Providers

	issuer string // the sign-on server; empty: none is named
}

// operate opens the store for a command. What the command changes is in the
// audit trail, and not once more on the operator's screen.
func (p *program) operate(ctx context.Context, do func(o operator) error) error {
	return p.core(ctx, func(core *app.Core) error { return do(newOperator(core)) })
}

// alone is operate for commands that make what an installation needs: one of
// them runs at a time, on whatever host.
func (p *program) alone(ctx context.Context, do func(o operator) error) error {
	return p.core(ctx, func(core *app.Core) error {
		return core.Alone(ctx, p.waits, func(context.Context) error { return do(newOperator(core)) })
	})
}

func (p *program) core(ctx context.Context, do func(core *app.Core) error) (err error) {
	prog, err := p.load()
	if err != nil {
		return err
	}
	prog.Log = telemetry.AtLeast(prog.Log, slog.LevelWarn)
	core, err := app.OpenCore(ctx, prog)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, core.Close()) }()
	return do(core)
}

// waits says why nothing happens.
func (p *program) waits() {
	fmt.Fprintln(p.stderr, "Another command works on this installation; waiting for its end.")
}

func newOperator(core *app.Core) operator {
	return operator{by: accounts.Operator(), audit: core.Audit, accounts: core.Accounts, tokens: core.Tokens, keys: core.Keys, providers: core.Providers, issuer: core.Settings.SSO.Origin}
}

// user finds the user that a command names.
func (o operator) user(ctx context.Context, username string) (accounts.User, error) {
	u, err := o.accounts.UserByName(ctx, username)
	if errs.Is(err, errs.NotFound) {
		return u, fmt.Errorf("there is no user %q; `mnemosyne list-users` lists them", username)
	}
	return u, err
}

// password reads the first line of standard input when asked to, and makes a
// random password otherwise.
func (p *program) password(fromStdin bool) (password string, random bool, err error) {
	if !fromStdin {
		return accounts.RandomPassword(), true, nil
	}
	line, err := p.firstLine("the password")
	if err != nil {
		return "", false, err
	}
	if line == "" {
		return "", false, errors.New("no password on standard input; leave out --password-stdin for a random one")
	}
	return line, false, nil
}

// firstLine is the first line of standard input.
func (p *program) firstLine(what string) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(p.stdin, 64<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// printJSON writes one value as indented JSON.
func (p *program) printJSON(v any) error {
	enc := json.NewEncoder(p.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// printTable writes rows in columns, the first being the heads.
func (p *program) printTable(rows [][]string) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write a table: %w", err)
	}
	return nil
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// when shows a time to people, or what stands for its absence.
func when(t *time.Time, absent string) string {
	if t == nil {
		return absent
	}
	return t.UTC().Format(time.RFC3339)
}
