package llmmanager

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/llmmanager/fernet"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// KeyVariable is the setting that keys of providers are encrypted under.
const KeyVariable = "LLM_API_SECRETS_ENCRYPTION_KEY"

// HowToSetKey says what to do where it is not set.
const HowToSetKey = "Set " + KeyVariable + " for every process and start them again; " +
	"`openssl rand -base64 32 | tr '+/' '-_'` makes one. Keep it: without it the keys of providers cannot be read."

// vault encrypts keys of providers and opens them.
type vault struct{ key *fernet.Key } // nil: none is set

func openVault(key string) (vault, error) {
	if key == "" {
		return vault{}, nil
	}
	k, err := fernet.ParseKey(key)
	if err != nil {
		return vault{}, fmt.Errorf("%s: %w", KeyVariable, err)
	}
	return vault{&k}, nil
}

// open gives a stored key in the clear. An empty token is no key.
func (v vault) open(token string) (key string, state KeyState) {
	if token == "" {
		return "", KeyNone
	}
	if v.key == nil {
		return "", KeyLocked
	}
	key, err := v.key.Decrypt(token)
	if err != nil {
		return "", KeyLocked
	}
	return key, KeyReady
}

// Locked is why a provider's key cannot be read; nil: it can, or there is none.
func (p *Providers) Locked(of Provider) error {
	if of.Key != KeyLocked {
		return nil
	}
	return p.vault.locked(of.Name)
}

// locked is why a key cannot be read.
func (v vault) locked(provider string) error {
	if v.key == nil {
		return errs.Newf(errs.Conflict, "The key of the provider “%s” is encrypted, and %s is not set. Set it and start the processes again.", provider, KeyVariable)
	}
	return errs.Newf(errs.Conflict, "The key of the provider “%s” was encrypted under another %s. "+
		"Run `mnemosyne reencrypt-provider-keys --old KEY` with the old one, or enter the provider’s key again.", provider, KeyVariable)
}

// hintOf is as much of a key as tells it from others.
func hintOf(key string) string {
	const long, shown = 16, 4
	if len(key) < long {
		return ""
	}
	return key[len(key)-shown:]
}

const (
	selectKeys = `SELECT id, name, api_key FROM llm_provider WHERE api_key <> '' ORDER BY name_key, id`
	replaceKey = `UPDATE llm_provider SET api_key = $2, updated_at = $4 WHERE id = $1 AND api_key = $3`
)

type storedKey struct{ id, name, token string }

func scanStoredKey(r sqldb.Row) (k storedKey, err error) { return k, r.Scan(&k.id, &k.name, &k.token) }

// Reencrypted is what a change of the encryption key came to: names of
// providers.
type Reencrypted struct {
	Changed []string
	Already []string // under the new one before
}

// Reencrypt brings keys of providers from an old encryption key under the one
// that is set: all of them, or none where one can be read with neither.
func (p *Providers) Reencrypt(ctx context.Context, by accounts.Actor, old string) (out Reencrypted, err error) {
	if p.vault.key == nil {
		return out, errs.New(errs.Conflict, KeyVariable+" is not set: set it to the new key, and give the old one with --old.")
	}
	from, err := fernet.ParseKey(strings.TrimSpace(old))
	if err != nil {
		return out, errs.New(errs.Invalid, "The old key is no Fernet key: 32 bytes in URL-safe base64, 44 characters.")
	}
	err = p.opt.Audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		out = Reencrypted{}
		stored, err := sqldb.All(ctx, tx, scanStoredKey, selectKeys)
		if err != nil {
			return nil, fmt.Errorf("read the keys of providers: %w", err)
		}
		var lost []string
		for _, k := range stored {
			if _, state := p.vault.open(k.token); state == KeyReady {
				out.Already = append(out.Already, k.name)
				continue
			}
			key, err := from.Decrypt(k.token)
			if err != nil {
				lost = append(lost, k.name)
				continue
			}
			n, err := sqldb.Exec(ctx, tx, replaceKey, k.id, p.vault.key.Encrypt(key, p.opt.Now()), k.token, sqldb.At(p.opt.Now()))
			if err != nil {
				return nil, fmt.Errorf("write the key of a provider: %w", err)
			}
			if n == 0 {
				return nil, errs.Newf(errs.Conflict, "The key of the provider “%s” was changed this moment. Nothing is done; try again.", k.name)
			}
			out.Changed = append(out.Changed, k.name)
		}
		if len(lost) > 0 {
			return nil, errs.Newf(errs.Conflict, "Nothing is changed: neither the old key nor %s opens the key of %s. "+
				"Find the right old key, or enter the provider’s key again.", KeyVariable, strings.Join(lost, ", "))
		}
		if len(out.Changed) == 0 {
			return nil, nil
		}
		return []accounts.Event{{Name: "llm_provider_keys_reencrypt", Actor: by, Detail: []slog.Attr{slog.Int("keys", len(out.Changed))}}}, nil
	})
	if err != nil {
		return Reencrypted{}, err
	}
	return out, nil
}
