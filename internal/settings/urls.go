package settings

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const percentEncode = `percent-encode the password (@ is %40, : is %3A, / is %2F, # is %23, % is %25)`

// graphURL takes Neo4j's address with its credentials.
func graphURL(to *Graph) kind {
	schemes := []string{"bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"}
	return kind{expects: "bolt://user:password@host:port", example: "bolt://neo4j:pass%40word@umbriel.example.com:7687", set: func(v string) error { //nolint:gosec // an example, nobody's password
		u, err := serviceURL(v, schemes)
		if err != nil {
			return err
		}
		if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return errors.New("nothing may follow host and port")
		}
		to.URL = u.Scheme + "://" + u.Host
		to.User = u.User.Username()
		password, _ := u.User.Password()
		to.Password = Secret(password)
		return nil
	}}
}

// brokerURL takes RabbitMQ's address as Celery writes it: the path is the
// virtual host, and none of it means "/".
func brokerURL(to *Broker) kind {
	return kind{expects: "amqp://user:password@host:port/vhost", example: "amqp://mnemosyne:pass%40word@oberon.example.com:5672/mnemosyne", set: func(v string) error { //nolint:gosec // an example, nobody's password
		u, err := serviceURL(v, []string{"amqp", "amqps", "pyamqp"})
		if err != nil {
			return err
		}
		to.TLS = u.Scheme == "amqps"
		to.Host = u.Hostname()
		to.Port = brokerPort(u)
		to.VHost = orDefault(strings.TrimPrefix(u.Path, "/"), "/")
		to.User = u.User.Username()
		password, _ := u.User.Password()
		to.Password = Secret(password)
		return nil
	}}
}

func brokerPort(u *url.URL) int {
	const plain, secure = 5672, 5671
	if n, err := strconv.Atoi(u.Port()); err == nil {
		return n
	}
	if u.Scheme == "amqps" {
		return secure
	}
	return plain
}

// serviceURL parses a URL that carries credentials. A password that was not
// percent-encoded is the usual mistake, so it is looked for before the parser
// can misread it; the errors never quote the value.
func serviceURL(v string, schemes []string) (*url.URL, error) {
	scheme, rest, found := strings.Cut(v, "://")
	if !found || !slices.Contains(schemes, strings.ToLower(scheme)) {
		return nil, fmt.Errorf("the scheme is not one of %s", strings.Join(schemes, ", "))
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		if bad := strings.IndexAny(rest[:at], "@/?#[] "); bad >= 0 {
			return nil, fmt.Errorf("%q stands before the last @; %s", rest[bad], percentEncode)
		}
		if _, err := url.PathUnescape(rest[:at]); err != nil {
			return nil, fmt.Errorf("%% stands without two hexadecimal digits after it; %s", percentEncode)
		}
	}
	u, err := url.Parse(v)
	if err != nil || u.Hostname() == "" || u.Fragment != "" {
		return nil, errors.New("not a URL with a host; if the password has special characters, " + percentEncode)
	}
	if u.Port() != "" && !hasPort(net.JoinHostPort(u.Hostname(), u.Port())) {
		return nil, errors.New("the port is not a number from 1 to 65535")
	}
	return u, nil
}

// withoutPassword is the URL as it may be shown.
func withoutPassword(v string) string {
	u, err := url.Parse(v)
	if err != nil {
		return redacted
	}
	if u.User == nil {
		return v
	}
	return u.Redacted()
}
