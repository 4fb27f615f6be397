package settings

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// kind is a shape a value may have and the place it goes to.
type kind struct {
	expects string // completes "expected …"
	example string
	set     func(value string) error
}

// errShape means that what the kind expects says all there is to say.
var errShape = errors.New("not understood")

const anyText = "a text"

// like is the same kind with an example that fits the variable better.
func like(k kind, example string) kind {
	k.example = example
	return k
}

func text[T ~string](to *T) kind {
	return kind{expects: anyText, set: func(v string) error { *to = T(v); return nil }}
}

// secretText is a text that nobody should think up.
func secretText(to *Secret) kind {
	k := text(to)
	k.expects = "a secret of 32 characters and more, as `openssl rand -hex 32` makes one"
	return k
}

// host takes a name or an address, and nothing that belongs to a URL. With
// folders it also takes the folder of a socket.
func host(to *string, folders bool) kind {
	expects := "a host name or an address, without scheme and port"
	if folders {
		expects += ", or a folder"
	}
	return kind{expects: expects, example: "portia.example.com", set: func(v string) error {
		_, err := netip.ParseAddr(strings.Trim(v, "[]"))
		switch {
		case err == nil: // an IPv6 address has colons
		case folders && strings.HasPrefix(v, "/"):
		case strings.ContainsAny(v, "/:@?# \t"):
			return errShape
		}
		*to = v
		return nil
	}}
}

func bucketName(to *string) kind {
	return pattern(to, "a bucket's name: 3 to 63 letters, digits, dots, hyphens", "mnemosyne-content", `^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$`)
}

func region(to *string) kind {
	return pattern(to, "a region's name, without spaces", "us-east-1", `^[A-Za-z0-9._-]{1,64}$`)
}

func pattern(to *string, expects, example, expression string) kind {
	return kind{expects: expects, example: example, set: func(v string) error {
		if !regexp.MustCompile(expression).MatchString(v) {
			return errShape
		}
		*to = v
		return nil
	}}
}

// prompt takes a text with places in it, where \n stands for a line end, since
// a line of .env has none.
func prompt(to *string) kind {
	return kind{expects: "a text with {text} in it", example: `Instruct: {instruction}\nQuery: {text}`, set: func(v string) error {
		*to = strings.ReplaceAll(v, `\n`, "\n")
		return nil
	}}
}

// wholePrompt is a prompt that makes no sense without the text.
func wholePrompt(to *string) kind {
	k := prompt(to)
	set := k.set
	k.set = func(v string) error {
		if !strings.Contains(v, "{text}") {
			return errShape
		}
		return set(v)
	}
	return k
}

func boolean(to *bool) kind {
	return kind{expects: "True or False", example: "True", set: func(v string) error {
		switch strings.ToLower(v) {
		case "true", "1", "yes", "on", "y", "t":
			*to = true
		case "false", "0", "no", "off", "n", "f":
			*to = false
		default:
			return errShape
		}
		return nil
	}}
}

func integer(to *int, least, most int) kind {
	expects := fmt.Sprintf("a whole number from %d to %d", least, most)
	return kind{expects: expects, example: strconv.Itoa(least), set: func(v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < least || n > most {
			return errShape
		}
		*to = n
		return nil
	}}
}

func port(to *int) kind { return like(integer(to, 1, math.MaxUint16), "5432") }

// seconds takes a number of seconds, as the Django settings did, or 1m30s.
func seconds(to *time.Duration) kind {
	return kind{expects: "seconds above 0, or a time as 1m30s, up to a day", example: "30", set: func(v string) error {
		d, err := time.ParseDuration(v)
		if err != nil {
			if d, err = time.ParseDuration(v + "s"); err != nil {
				return errShape
			}
		}
		if d <= 0 || d > 24*time.Hour {
			return errShape
		}
		*to = d
		return nil
	}}
}

func size(to *int64) kind {
	return kind{expects: "a size above 0", example: "2GiB", set: func(v string) error {
		n, err := humanize.ParseBytes(v)
		if err != nil || n == 0 || n > math.MaxInt64 {
			return errShape
		}
		*to = int64(n)
		return nil
	}}
}

func oneOf[T ~string](to *T, values ...T) kind {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	return kind{expects: "one of " + strings.Join(names, ", "), example: names[0], set: func(v string) error {
		value := T(strings.ToLower(v))
		if !slices.Contains(values, value) {
			return errShape
		}
		*to = value
		return nil
	}}
}

// level takes Python's names of severities, the file's heritage, and slog's.
func level(to *slog.Level) kind {
	return kind{expects: "one of DEBUG, INFO, WARNING, ERROR, CRITICAL", example: "INFO", set: func(v string) error {
		switch strings.ToUpper(v) {
		case "DEBUG":
			*to = slog.LevelDebug
		case "INFO":
			*to = slog.LevelInfo
		case "WARNING", "WARN":
			*to = slog.LevelWarn
		case "ERROR":
			*to = slog.LevelError
		case "CRITICAL", "FATAL":
			*to = slog.LevelError + 4
		default:
			return errShape
		}
		return nil
	}}
}

func timeZone(to **time.Location) kind {
	return kind{expects: "a zone of the tz database", example: "Europe/Berlin", set: func(v string) error {
		zone, err := time.LoadLocation(v)
		if err != nil {
			return errShape
		}
		*to = zone
		return nil
	}}
}

// mailAddress takes an address, with a name before it or without.
func mailAddress(to *string) kind {
	return kind{expects: "an e-mail address", example: "Mnemosyne <mnemosyne@example.com>", set: func(v string) error {
		if _, err := mail.ParseAddress(v); err != nil {
			return errShape
		}
		*to = v
		return nil
	}}
}

// listen takes host:port, where the host may be left out.
func listen(to *string) kind {
	return kind{expects: "host:port to listen on", example: "127.0.0.1:8000", set: func(v string) error {
		if !hasPort(v) {
			return errShape
		}
		*to = v
		return nil
	}}
}

// profileAddr is an address that a port alone keeps to this machine.
func profileAddr(to *string) kind {
	return kind{expects: "a port of this machine, or host:port to listen on", example: "6060", set: func(v string) error {
		if !strings.Contains(v, ":") {
			v = ":" + v
		}
		if !hasPort(v) {
			return errShape
		}
		if strings.HasPrefix(v, ":") {
			v = "127.0.0.1" + v
		}
		*to = v
		return nil
	}}
}

func hasPort(v string) bool {
	_, p, err := net.SplitHostPort(v)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(p, 10, 16)
	return err == nil
}

// list takes values parted by commas, each of which must pass valid.
func list[T any](to *[]T, expects, example string, valid func(string) (T, error)) kind {
	return kind{expects: expects, example: example, set: func(v string) error {
		var out []T
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			one, err := valid(part)
			if err != nil {
				return fmt.Errorf("%q is not understood", part)
			}
			out = append(out, one)
		}
		if len(out) == 0 {
			return errShape
		}
		*to = out
		return nil
	}}
}

func hostName(v string) (string, error) {
	if strings.ContainsAny(v, "/@ ") || strings.Contains(v, "://") {
		return "", errShape
	}
	return strings.ToLower(v), nil
}

func server(v string) (string, error) {
	if host, _, err := net.SplitHostPort(v); err != nil || host == "" || !hasPort(v) {
		return "", errShape
	}
	return v, nil
}

func network(v string) (netip.Prefix, error) {
	if prefix, err := netip.ParsePrefix(v); err == nil {
		return prefix.Masked(), nil
	}
	addr, err := netip.ParseAddr(v)
	if err != nil {
		return netip.Prefix{}, errShape
	}
	return addr.Prefix(addr.BitLen())
}

func queueName(v string) (string, error) {
	if !slices.Contains([]string{"celery", "embedding", "batch"}, v) {
		return "", errShape
	}
	return v, nil
}

// ocrLanguage takes Tesseract's name of a language or script, as eng,
// chi_sim or script/Latin.
func ocrLanguage(v string) (string, error) {
	ok := v != "" && !strings.HasPrefix(v, "/") && !strings.HasSuffix(v, "/") && strings.Count(v, "/") <= 1
	for _, r := range v {
		ok = ok && (r == '_' || r == '/' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}
	if !ok {
		return "", errShape
	}
	return v, nil
}

// origin takes scheme://host[:port] and nothing after it.
func origin(v string) (string, error) {
	u, err := webURL(v)
	if err != nil || strings.Trim(u.Path, "/") != "" {
		return "", errShape
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

func originURL(to *string) kind {
	return kind{expects: "scheme://host without a path", example: "https://casdoor.example.com", set: func(v string) error {
		o, err := origin(v)
		if err != nil {
			return err
		}
		*to = o
		return nil
	}}
}

func baseURL(to *string) kind {
	return kind{expects: "an http or https URL", example: "http://nyx.example.com:8000/v1", set: func(v string) error {
		if _, err := webURL(v); err != nil {
			return errShape
		}
		*to = strings.TrimRight(v, "/")
		return nil
	}}
}

// endpoint keeps host and port apart from the scheme: whether TLS is used is a
// variable of its own, and a URL that disagrees with it is a fault.
func endpoint(to *S3) kind {
	return kind{expects: "an http or https URL without a path", example: "https://nyx.example.com:8555", set: func(v string) error {
		o, err := origin(v)
		if err != nil {
			return errShape
		}
		to.scheme, to.Endpoint, _ = strings.Cut(o, "://")
		return nil
	}}
}

func webURL(v string) (*url.URL, error) {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.ContainsAny(v, " \t") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, errShape
	}
	return u, nil
}

func fernetKey(to *Secret) kind {
	const keyBytes = 32
	return kind{expects: "a Fernet key: 32 bytes in URL-safe base64, 44 characters, as `openssl rand -base64 32 | tr +/ -_` makes one", set: func(v string) error {
		if key, err := base64.URLEncoding.DecodeString(v); err != nil || len(key) != keyBytes {
			return errShape
		}
		*to = Secret(v)
		return nil
	}}
}
