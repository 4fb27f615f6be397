package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	_ "time/tzdata" // TIME_ZONE must work in an image without the system's zone files
)

// Fault is one variable that cannot be used as it is.
type Fault struct {
	Variable string
	Problem  string // what is wrong; never a secret's value
	Expected string
	Example  string
}

func (f Fault) String() string {
	text := f.Variable + ": " + f.Problem
	if f.Expected != "" {
		text += "; expected " + f.Expected
	}
	if f.Example != "" {
		text += ", for example " + f.Variable + "=" + f.Example
	}
	return text
}

// Error is every fault of one environment, in the table's order.
type Error struct {
	Faults []Fault
}

func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Faults)+1)
	lines = append(lines, fmt.Sprintf("settings: %d to mend in the environment", len(e.Faults)))
	for _, f := range e.Faults {
		lines = append(lines, "  "+f.String())
	}
	return strings.Join(lines, "\n")
}

// Load reads every variable through lookup, which is os.LookupEnv in a program.
// An empty value counts as none, since that is what docker compose makes of a
// variable that .env does not name. The error is an *Error with all faults.
func Load(lookup func(string) (string, bool)) (*Settings, error) {
	s := &Settings{}
	var faults []Fault
	for _, v := range table(s) {
		value, given := read(v, lookup)
		if value != "" {
			if err := v.kind.set(value); err != nil {
				faults = append(faults, v.fault(value, err))
				continue
			}
		}
		s.entries = append(s.entries, v.entry(value, given))
	}
	s.derive()
	if faults = append(faults, s.missing(faults)...); len(faults) > 0 {
		return nil, &Error{Faults: faults}
	}
	return s, nil
}

func read(v variable, lookup func(string) (string, bool)) (value string, given bool) {
	value, _ = lookup(v.name)
	if !v.secret {
		value = strings.TrimSpace(value)
	}
	if value == "" {
		return v.byDefault, false
	}
	return value, true
}

// derive fills what follows from other variables.
func (s *Settings) derive() {
	if s.SSO.FrontendOrigin == "" {
		s.SSO.FrontendOrigin = s.SSO.Origin
	}
	if s.Mail.From == "" {
		s.Mail.From = "mnemosyne@" + s.HTTP.firstHost()
	}
	if s.Debug {
		s.Logging = Logging{Level: slog.LevelDebug, HTTP: slog.LevelDebug, Worker: slog.LevelDebug}
	}
}

// firstHost is the first of the allowed hosts that is one name.
func (h HTTP) firstHost() string {
	for _, host := range h.AllowedHosts {
		name := strings.TrimPrefix(host, ".")
		if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err != nil && name != "*" {
			return name
		}
	}
	return "localhost"
}

// missing reports variables that another one makes necessary. Those that are
// faulty already, or hang on one that is, are left out: one mistake, one fault.
func (s *Settings) missing(found []Fault) []Fault {
	faulty := make(map[string]bool, len(found))
	for _, f := range found {
		faulty[f.Variable] = true
	}
	rows := make(map[string]variable)
	for _, v := range table(&Settings{}) {
		rows[v.name] = v
	}
	var faults []Fault
	need := func(name, value, cause string, when bool) {
		if when && value == "" && !faulty[name] {
			f := rows[name].fault("", errors.New("missing, and "+cause+" makes it necessary"))
			if f.Expected == anyText {
				f.Expected = ""
			}
			faults = append(faults, f)
		}
	}
	agree := func(url, tls string, s3 S3) {
		if secure := s3.scheme == "https"; s3.scheme != "" && secure != s3.UseSSL && !faulty[tls] {
			faults = append(faults, Fault{
				Variable: tls, Problem: fmt.Sprintf("it is %s, and %s begins with %s://", pythonBool(s3.UseSSL), url, s3.scheme),
				Expected: "that both say the same", Example: pythonBool(secure),
			})
		}
	}
	need("SECRET_KEY", s.SecretKey.Reveal(), "DB_HOST", !s.Embedded())

	s3, remote := s.Storage.S3, !s.Storage.Local && !faulty["USE_LOCAL_STORAGE"]
	need("AWS_ACCESS_KEY_ID", s3.AccessKey, "USE_LOCAL_STORAGE=False", remote)
	need("AWS_SECRET_ACCESS_KEY", s3.SecretKey.Reveal(), "USE_LOCAL_STORAGE=False", remote)
	need("AWS_STORAGE_BUCKET_NAME", s3.Bucket, "USE_LOCAL_STORAGE=False", remote)

	agree("AWS_S3_ENDPOINT_URL", "AWS_S3_USE_SSL", s3)

	handover := s.DaedalusStorage.S3
	need("DAEDALUS_S3_ACCESS_KEY_ID", handover.AccessKey, "DAEDALUS_S3_ENDPOINT_URL", handover.Endpoint != "")
	need("DAEDALUS_S3_SECRET_ACCESS_KEY", handover.SecretKey.Reveal(), "DAEDALUS_S3_ENDPOINT_URL", handover.Endpoint != "")

	agree("DAEDALUS_S3_ENDPOINT_URL", "DAEDALUS_S3_USE_SSL", handover)

	need("CASDOOR_ORIGIN", s.SSO.Origin, "CASDOOR_ENABLED=True", s.SSO.Enabled)
	need("CASDOOR_CLIENT_ID", s.SSO.ClientID, "CASDOOR_ENABLED=True", s.SSO.Enabled)
	need("CASDOOR_CLIENT_SECRET", s.SSO.ClientSecret.Reveal(), "CASDOOR_ENABLED=True", s.SSO.Enabled)

	need("EMAIL_HOST_PASSWORD", s.Mail.Password.Reveal(), "EMAIL_HOST_USER", s.Mail.User != "")

	need("EMBEDDING_MODEL", s.Embedding.Model, "EMBEDDING_BASE_URL", s.Embedding.BaseURL != "")
	need("EMBEDDING_NEXT_MODEL", s.NextEmbedding.Model, "EMBEDDING_NEXT_BASE_URL", s.NextEmbedding.BaseURL != "")
	need("RERANKER_MODEL", s.Reranker.Model, "RERANKER_BASE_URL", s.Reranker.BaseURL != "" && s.Reranker.API != APITEI && !faulty["RERANKER_API"])
	return faults
}

// pythonBool writes it as .env files do.
func pythonBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// onlyHere tells whether an address is reached from this machine alone.
func onlyHere(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// Warnings are settings that work and that an operator should know about.
func (s *Settings) Warnings() []string {
	var out []string
	warn := func(when bool, text string) {
		if when {
			out = append(out, text)
		}
	}
	const short = 32
	warn(s.SecretKey != "" && len(s.SecretKey) < short, "SECRET_KEY is shorter than 32 characters and may be guessed.")
	warn(!s.Embedded() && s.Debug, "DEBUG is True in production.")
	warn(s.HTTP.ProfileAddr != "" && !onlyHere(s.HTTP.ProfileAddr),
		"MNEMOSYNE_PPROF_ADDR listens beyond this machine: whoever reaches it sees how the program runs and can slow it down.")
	warn(!s.MCP.RequireAuth, "MCP_REQUIRE_AUTH is False: anyone who reaches /mcp/ reads the global libraries.")
	warn((s.DaedalusStorage.S3.Endpoint != "" || !s.Storage.Local) && s.DaedalusStorage.Prefix == "",
		"DAEDALUS_S3_PREFIX is empty: every caller may ingest any object of the Daedalus bucket.")
	warn(!s.Storage.Local && !s.Storage.S3.Verify, "AWS_S3_VERIFY is False: the S3 server's certificate is not checked.")
	warn(s.DaedalusStorage.S3.Endpoint != "" && !s.DaedalusStorage.S3.Verify,
		"DAEDALUS_S3_VERIFY is False: the Daedalus S3 server's certificate is not checked.")
	warn(s.SSO.Enabled && s.SSO.OrgName == "",
		"CASDOOR_ORG_NAME is empty: people of every organisation whom Casdoor lets in may sign in, and their groups count.")
	warn(s.SSO.Enabled && !s.SSO.SSLVerify, "CASDOOR_SSL_VERIFY is False: Casdoor's certificate is not checked.")
	warn(s.Mail.Host != "" && s.HTTP.PublicURL == "" && slices.Contains(s.HTTP.AllowedHosts, "*"),
		"ALLOWED_HOSTS is * and MNEMOSYNE_PUBLIC_URL is empty: mails have no links, so no password can be reset by mail.")
	warn(s.Mail.User != "" && !s.Mail.UseTLS, "EMAIL_USE_TLS is False: the mail server's password is not sent in the clear, so only a server on this machine takes it.")
	return out
}
