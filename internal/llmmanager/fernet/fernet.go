// Package fernet writes and reads Fernet tokens, version 0x80, as Python's
// cryptography and others do: a text, encrypted with AES-128-CBC, with the time
// it was written at, under an HMAC-SHA256. It refuses a token that anybody
// changed. How old a token is, it does not judge.
//
// The format: https://github.com/fernet/spec/blob/master/Spec.md
package fernet

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

// ErrKey says that a text is no key.
var ErrKey = errors.New("fernet: a key is 32 bytes in URL-safe base64, 44 characters")

// ErrToken says that a token was not written with the key, or was changed since.
var ErrToken = errors.New("fernet: not a token of this key")

const (
	version   = 0x80
	keyBytes  = 32 // the first half signs, the second encrypts
	timeBytes = 8
	head      = 1 + timeBytes + aes.BlockSize // version, seconds since 1970, initialisation vector
)

// Key signs and encrypts. The zero value is no key: get one from ParseKey.
type Key struct{ sign, encrypt []byte }

// ParseKey reads a key as it is written in settings.
func ParseKey(text string) (Key, error) {
	raw, err := base64.URLEncoding.DecodeString(text)
	if err != nil || len(raw) != keyBytes {
		return Key{}, ErrKey
	}
	return Key{sign: raw[:keyBytes/2], encrypt: raw[keyBytes/2:]}, nil
}

// String hides the key from whoever prints it.
func (k Key) String() string { return "fernet key" }

// GoString hides the key, too.
func (k Key) GoString() string { return k.String() }

// Encrypt makes a token of a text.
func (k Key) Encrypt(text string, at time.Time) string {
	iv := make([]byte, aes.BlockSize)
	_, _ = rand.Read(iv) // never fails, see crypto/rand
	return k.seal(text, at, iv)
}

func (k Key) seal(text string, at time.Time, iv []byte) string {
	token := make([]byte, head, head+len(text)+aes.BlockSize+sha256.Size)
	token[0] = version
	binary.BigEndian.PutUint64(token[1:], uint64(at.Unix())) //nolint:gosec // after 1970
	copy(token[1+timeBytes:], iv)
	pad := aes.BlockSize - len(text)%aes.BlockSize
	token = append(append(token, text...), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(k.block(), iv).CryptBlocks(token[head:], token[head:])
	return base64.URLEncoding.EncodeToString(append(token, k.mac(token)...))
}

// Decrypt gives the text of a token, or ErrToken. Nothing of a token is looked
// at before its signature is found right.
func (k Key) Decrypt(token string) (string, error) {
	raw, err := base64.URLEncoding.DecodeString(token)
	if err != nil || len(raw) < head+aes.BlockSize+sha256.Size || raw[0] != version {
		return "", ErrToken
	}
	signed, mac := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	body := signed[head:]
	if !hmac.Equal(mac, k.mac(signed)) || len(body)%aes.BlockSize != 0 {
		return "", ErrToken
	}
	text := make([]byte, len(body))
	cipher.NewCBCDecrypter(k.block(), signed[1+timeBytes:head]).CryptBlocks(text, body)
	pad := int(text[len(text)-1])
	if pad == 0 || pad > aes.BlockSize || !bytes.Equal(text[len(text)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return "", ErrToken
	}
	return string(text[:len(text)-pad]), nil
}

func (k Key) block() cipher.Block {
	block, err := aes.NewCipher(k.encrypt)
	if err != nil {
		panic(err) // a Key of ParseKey has 16 bytes
	}
	return block
}

func (k Key) mac(signed []byte) []byte {
	h := hmac.New(sha256.New, k.sign)
	h.Write(signed)
	return h.Sum(nil)
}
