package httpx

import (
	"net/url"
	"slices"
	"strings"
)

// Hosts are the names that requests may be addressed to, as Django's
// ALLOWED_HOSTS: a name, .example.com for a domain and all below it, * for
// any.
type Hosts []string

// Allow tells whether a Host header is one of them, whatever its port.
func (h Hosts) Allow(host string) bool {
	name := hostName(host)
	if name == "" {
		return false
	}
	for _, pattern := range h {
		pattern = strings.ToLower(pattern)
		switch {
		case pattern == "*", strings.Trim(pattern, "[]") == name:
			return true
		case strings.HasPrefix(pattern, ".") && (name == pattern[1:] || strings.HasSuffix(name, pattern)):
			return true
		}
	}
	return false
}

// AllowOrigin tells whether an Origin header, of a request to host, names one
// of them. Where any host is allowed, a page must be of the one that it calls.
func (h Hosts) AllowOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return false
	}
	named := h.named()
	return named.Allow(u.Host) || (len(named) < len(h) && strings.EqualFold(u.Host, host))
}

// named are those that say more than any.
func (h Hosts) named() Hosts {
	return slices.DeleteFunc(slices.Clone(h), func(pattern string) bool { return pattern == "*" })
}

// hostName is the name in a Host header, without its port and final dot, or
// empty for what is no host: the header stands in links of mails as it came, so
// that nothing else may ride along in it.
func hostName(host string) string {
	host = strings.ToLower(host)
	if rest, ok := strings.CutPrefix(host, "["); ok {
		name, port, closed := strings.Cut(rest, "]")
		if !closed || (port != "" && !strings.HasPrefix(port, ":")) || !allDigits(strings.TrimPrefix(port, ":")) {
			return ""
		}
		return name
	}
	name, port, _ := strings.Cut(host, ":")
	if strings.ContainsFunc(name, foreignToHosts) || !allDigits(port) {
		return ""
	}
	return strings.TrimSuffix(name, ".")
}

// foreignToHosts tells of what no name of a host has. Underscores are in those
// of containers.
func foreignToHosts(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
}

func allDigits(port string) bool { return strings.Trim(port, "0123456789") == "" }
