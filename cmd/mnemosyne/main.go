// Command mnemosyne is the whole program: the servers, the worker and the
// operator's commands, a file a subcommand.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// What a command ends with.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Told a second time, it ends as the system lets it, at once.
	context.AfterFunc(ctx, stop)
	code := run(ctx, &program{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, lookup: os.LookupEnv,
	}, os.Args[1:])
	stop()
	os.Exit(code)
}

// program is what a command reads from and writes to, so that tests can hand
// it their own.
type program struct {
	stdin  io.Reader
	stdout io.Writer // results
	stderr io.Writer // talk
	lookup func(name string) (string, bool)
}

// cli is the table of commands.
type cli struct {
	Up          upCmd          `cmd:"" help:"Run everything in one process, on http://127.0.0.1:8000 and the folder ./data unless settings say otherwise."`
	Serve       serveCmd       `cmd:"" help:"Run REST and pages, as one of several processes; needs DB_HOST."`
	MCP         mcpCmd         `cmd:"" name:"mcp" help:"Run /mcp/, as one of several processes."`
	Worker      workerCmd      `cmd:"" help:"Run jobs, as one of several processes."`
	Migrate     migrateCmd     `cmd:"" help:"Bring the database schema up to date."`
	Setup       setupCmd       `cmd:"" help:"Make the search indexes and the defaults of library types."`
	Check       checkCmd       `cmd:"" help:"Say of each part which engine it is, whether it answers and what to mend."`
	Healthcheck healthcheckCmd `cmd:"" help:"Ask a process on this machine whether it is well; for containers."`
	Ingest      ingestCmd      `cmd:"" help:"Take files and folders into a library."`
	Search      searchCmd      `cmd:"" help:"Search as a user would."`
	Eval        evalCmd        `cmd:"" help:"Say how good search is, by questions whose answers are known."`
	Residue     residueCmd     `cmd:"" help:"Show what is left in any store of what was deleted, or that nothing is."`

	Export exportCmd `cmd:"" help:"Write a library into a file, with its documents and all that was made of them."`
	Import importCmd `cmd:"" help:"Take a library in from such a file."`

	Backup  backupCmd  `cmd:"" help:"Copy the data folder of an installation on files while it is used."`
	Reindex reindexCmd `cmd:"" help:"Make libraries' indexes again from what is stored."`
	Reembed reembedCmd `cmd:"" help:"Move libraries to another embedding model while searches go on."`

	CreateUser            createUserCmd            `cmd:"" help:"Make an account."`
	ListUsers             listUsersCmd             `cmd:"" help:"List the accounts."`
	SetPassword           setPasswordCmd           `cmd:"" help:"Set an account's password."`
	DisableUser           disableUserCmd           `cmd:"" help:"Stop an account with its sessions, tokens and teams."`
	EnableUser            enableUserCmd            `cmd:"" help:"Let a disabled account work again."`
	CreateSSOGroups       createSSOGroupsCmd       `cmd:"" name:"create-sso-groups" help:"Make the groups that single sign-on uses."`
	LinkSSO               linkSSOCmd               `cmd:"" name:"link-sso" help:"Let somebody at the sign-on server sign in to an account that is there already."`
	UnlinkSSO             unlinkSSOCmd             `cmd:"" name:"unlink-sso" help:"Let nobody at a sign-on server sign in to an account any more, and end its sessions."`
	CreateUserToken       createUserTokenCmd       `cmd:"" help:"Make a token and print it, once."`
	ListTokens            listTokensCmd            `cmd:"" help:"List the tokens."`
	RevokeToken           revokeTokenCmd           `cmd:"" help:"End a token."`
	ReencryptProviderKeys reencryptProviderKeysCmd `cmd:"" help:"Bring the keys of providers of models from an old encryption key under LLM_API_SECRETS_ENCRYPTION_KEY."`
	SeedSigningKey        seedSigningKeyCmd        `cmd:"" help:"Make a key that signs team JWTs."`
	Audit                 auditCmd                 `cmd:"" help:"Print the audit trail, oldest first. Nothing is ever dropped from it."`

	CollectStatic collectStaticCmd `cmd:"" name:"collectstatic" help:"Write the static files for a web server to serve."`

	Version versionCmd `cmd:"" help:"Print version, commit and Go version."`

	ExtractWorker extractWorkerCmd `cmd:"" hidden:"" help:"Read files for the process that started it."`
}

// exit is how kong's wish to end the process reaches run.
type exit int

// run runs one command line and gives its exit code.
func run(ctx context.Context, p *program, args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			wish, ok := r.(exit)
			if !ok {
				panic(r)
			}
			code = int(wish)
		}
	}()
	parser, err := kong.New(&cli{},
		kong.Name("mnemosyne"),
		kong.Description("The self-hosted memory of people and their agents. Settings come from the environment; .env.example names them."),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p),
	)
	if err != nil {
		return p.fail(err)
	}
	cmd, err := parser.Parse(commandName(args))
	if err != nil {
		fmt.Fprintf(p.stderr, "mnemosyne: %s\nTry `mnemosyne --help`.\n", err)
		return exitUsage
	}
	if err := cmd.Run(); err != nil {
		if done, ok := errors.AsType[exit](err); ok {
			return int(done)
		}
		return p.fail(err)
	}
	return exitDone
}

// Error makes exit an error, for commands that have said all there is to say.
func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// fail says in one line what went wrong.
func (p *program) fail(err error) int {
	fmt.Fprintln(p.stderr, "mnemosyne: "+err.Error())
	return exitFailed
}

// commandName lets a command's name be written as the service before this one
// wrote it: `python manage.py seed_signing_key`.
func commandName(args []string) []string {
	if len(args) >= 2 && strings.HasPrefix(args[0], "python") && strings.HasSuffix(args[1], "manage.py") {
		args = args[2:]
	}
	if len(args) == 0 {
		return []string{"--help"}
	}
	return append([]string{strings.ReplaceAll(args[0], "_", "-")}, args[1:]...)
}
