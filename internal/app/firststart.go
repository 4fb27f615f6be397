package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// What the first start makes.
const (
	firstUser    = "admin"
	firstLibrary = "Documents"
	firstToken   = "First token"
)

// The first start is a fact with two values: begun before the first user is
// made, shown after the secrets were. A start cut off between the two shows
// new ones; a user that an operator made by hand is left alone.
const (
	firstStartFact  = "first_start"
	firstStartBegun = "begun"
	firstStartShown = "shown"
)

// secrets are what is shown once.
type secrets struct {
	Password string
	Token    string
	Library  library.Library
}

// welcome tells how to reach the program and, on the first start, with what.
func (s *Services) welcome(ctx context.Context, out io.Writer, address string) error {
	if _, err := s.Keys.Ensure(ctx, accounts.Operator()); err != nil {
		return err
	}
	first, err := s.firstStart(ctx)
	if err != nil {
		return fmt.Errorf("make the first user: %w", err)
	}
	fmt.Fprintf(out, "\nMnemosyne %s is running.\n\n  Open    %s/\n  MCP     %s/mcp/\n  Data    %s\n", s.Version, address, address, s.Dir)
	if first == nil {
		fmt.Fprintf(out, "  Tokens  %s/profile/tokens/\n\nPress Ctrl-C to stop.\n\n", address)
		return nil
	}
	entry, err := clientEntry(address, first.Token)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `
This is the first start. What follows is shown once.

  User      %s
  Password  %s
  Token     %s
  Library   %s (%s)

For an MCP client:

%s

Take in a first document (in another terminal):

  bin/mnemosyne ingest FILE --library %s

Press Ctrl-C to stop.

`, firstUser, first.Password, first.Token, first.Library.Name, first.Library.UID, entry, firstLibrary)
	// They have been read, so being told to end now changes nothing of it.
	return s.setFact(context.WithoutCancel(ctx), firstStartFact, firstStartShown)
}

// firstStart makes the first user, library and token, or nil when people are
// here already.
func (s *Services) firstStart(ctx context.Context) (*secrets, error) {
	state, err := s.fact(ctx, firstStartFact)
	if err != nil || state == firstStartShown {
		return nil, err
	}
	users, err := s.Accounts.Users(ctx)
	if err != nil || (len(users) > 0 && state != firstStartBegun) {
		return nil, err
	}
	if err := s.setFact(ctx, firstStartFact, firstStartBegun); err != nil {
		return nil, err
	}
	first := &secrets{Password: accounts.RandomPassword()}
	if err := s.firstAccount(ctx, first.Password); err != nil {
		return nil, err
	}
	admin, err := s.Actor(ctx, firstUser)
	if err != nil {
		return nil, err
	}
	if first.Library, err = s.firstLibrary(ctx, admin.Principal); err != nil {
		return nil, err
	}
	first.Token, _, err = s.Tokens.Create(ctx, admin, admin.UserID, mcpserver.TokenSpec{
		Name: firstToken, AllowedLibraries: []string{first.Library.UID},
	})
	return first, err
}

// firstAccount makes the first user, or gives the one that a start cut off
// had made a password that can be shown.
func (s *Services) firstAccount(ctx context.Context, password string) error {
	u, err := s.Accounts.UserByName(ctx, firstUser)
	if err == nil {
		return s.Accounts.SetPassword(ctx, accounts.Operator(), u.ID, password)
	}
	if !errs.Is(err, errs.NotFound) {
		return err
	}
	_, err = s.Accounts.CreateUser(ctx, accounts.Operator(), accounts.NewUser{
		Username: firstUser, Password: password, Superuser: true,
	})
	return err
}

func (s *Services) firstLibrary(ctx context.Context, p accounts.Principal) (library.Library, error) {
	have, err := s.Access.Readable(ctx, p)
	if err != nil {
		return library.Library{}, err
	}
	for _, l := range have {
		if l.Name == firstLibrary && !l.Global() {
			return l, nil
		}
	}
	made, err := s.Libraries.Create(ctx, p, library.NewLibrary{Name: firstLibrary})
	return made.Library, err
}

// clientEntry is a configuration entry as MCP clients take it.
func clientEntry(address, token string) (string, error) {
	type server struct {
		Type    string            `json:"type"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
	}
	entry := map[string]map[string]server{"mcpServers": {"mnemosyne": {
		Type: "http", URL: address + "/mcp/", Headers: map[string]string{"Authorization": "Bearer " + token},
	}}}
	b, err := json.MarshalIndent(entry, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write a client entry: %w", err)
	}
	return string(b), nil
}
