package email

import (
	"bytes"
	"strings"
)

// transfer undoes a transfer encoding piece by piece. What is malformed is
// left out or kept as it is; nothing is an error.
type transfer interface {
	decode(piece []byte) []byte
	end() []byte
}

func newTransfer(name string) transfer {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "base64":
		return &base64Text{}
	case "quoted-printable":
		return &quoted{}
	}
	return plainText{}
}

type plainText struct{}

func (plainText) decode(piece []byte) []byte { return piece }
func (plainText) end() []byte                { return nil }

// base64Text leaves out what is not of its alphabet.
type base64Text struct {
	bits uint32 // of a group of four characters
	n    int    // characters in it
}

func (d *base64Text) decode(piece []byte) []byte {
	out := make([]byte, 0, len(piece)/4*3+3)
	for _, c := range piece {
		v := value64(c)
		switch {
		case v >= 0:
			d.bits, d.n = d.bits<<6|uint32(v), d.n+1
			if d.n == 4 {
				out = append(out, byte(d.bits>>16), byte(d.bits>>8), byte(d.bits))
				d.bits, d.n = 0, 0
			}
		case c == '=': // the end of a run; another may follow
			out = append(out, d.end()...)
		}
	}
	return out
}

func (d *base64Text) end() []byte {
	bits, n := d.bits<<(6*(4-d.n)), d.n
	d.bits, d.n = 0, 0
	switch n {
	case 2:
		return []byte{byte(bits >> 16)}
	case 3:
		return []byte{byte(bits >> 16), byte(bits >> 8)}
	}
	return nil
}

func value64(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case c >= '0' && c <= '9':
		return int(c-'0') + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return -1
}

// quoted is quoted-printable. A piece ends with a line, or within one that is
// longer than any that is sent.
type quoted struct{}

func (*quoted) decode(piece []byte) []byte {
	line := bytes.TrimRight(piece, " \t\r\n")
	if soft := bytes.HasSuffix(line, []byte("=")); soft {
		line = line[:len(line)-1]
	} else if len(line) < len(piece) && bytes.HasSuffix(piece, []byte("\n")) {
		line = append(bytes.Clone(line), '\n')
	} else {
		line = piece
	}
	if bytes.IndexByte(line, '=') < 0 {
		return line
	}
	out := make([]byte, 0, len(line))
	for i := 0; i < len(line); i++ {
		if line[i] == '=' && i+2 < len(line) {
			high, low := hex(line[i+1]), hex(line[i+2])
			if high >= 0 && low >= 0 {
				out = append(out, byte(high<<4|low))
				i += 2
				continue
			}
		}
		out = append(out, line[i])
	}
	return out
}

func (*quoted) end() []byte { return nil }

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
