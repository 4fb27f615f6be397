package mcpserver

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"strings"
)

// A UserToken's plaintext is mns_, 40 random base62 characters (238 bits) and
// the CRC-32 of those as 6 base62 characters: the design of GitHub's tokens.
// The prefix lets secret scanners find it, the checksum refuses a mistyped or
// invented one before the database is asked.
const (
	tokenPrefix   = "mns_"
	tokenRandom   = 40
	tokenChecksum = 6
	base62        = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

func mintPlaintext() string {
	body := randomBase62(tokenRandom)
	return tokenPrefix + body + checksum(body)
}

// randomBase62 draws each character with the same chance: bytes from the last,
// incomplete round of 62 are thrown away.
func randomBase62(n int) string {
	const whole = 256 / len(base62) * len(base62)
	out := make([]byte, 0, n)
	var pool [2 * tokenRandom]byte
	for {
		_, _ = rand.Read(pool[:]) // never fails, see crypto/rand
		for _, b := range pool {
			if int(b) < whole {
				out = append(out, base62[int(b)%len(base62)])
			}
			if len(out) == n {
				return string(out)
			}
		}
	}
}

func checksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	var out [tokenChecksum]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = base62[sum%uint32(len(base62))]
		sum /= uint32(len(base62))
	}
	return string(out[:])
}

// wellFormed tells whether a bearer can be a plaintext of ours at all.
func wellFormed(plaintext string) bool {
	body, ours := strings.CutPrefix(plaintext, tokenPrefix)
	return ours && len(body) == tokenRandom+tokenChecksum && checksum(body[:tokenRandom]) == body[tokenRandom:]
}

// hashPlaintext is how a token is known at rest. A plain hash is enough for a
// secret that cannot be guessed.
func hashPlaintext(plaintext string) string {
	sum := sha256.Sum256([]byte(plaintext))
	return hex.EncodeToString(sum[:])
}

// mask is how a token is shown.
func mask(hash string) string { return maskedPrefix + hash[:8] }

const maskedPrefix = "tok_…"
