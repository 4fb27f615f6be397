package main

import (
	"context"
	"fmt"
	"strings"
)

type reencryptProviderKeysCmd struct {
	Old string `required:"" placeholder:"KEY" help:"The Fernet key that the keys are encrypted under now; - reads it from standard input."`
}

// Run brings the keys of providers under LLM_API_SECRETS_ENCRYPTION_KEY, all
// of them or none.
func (c reencryptProviderKeysCmd) Run(ctx context.Context, p *program) error {
	old := c.Old
	if old == "-" {
		line, err := p.firstLine("the old key")
		if err != nil {
			return err
		}
		old = line
	}
	return p.operate(ctx, func(o operator) error {
		done, err := o.providers.Reencrypt(ctx, o.by, old)
		if err != nil {
			return err
		}
		for _, name := range done.Changed {
			fmt.Fprintln(p.stdout, "re-encrypted the key of "+name)
		}
		if len(done.Changed) == 0 {
			fmt.Fprintln(p.stdout, "Nothing to do: no key is under another one.")
		}
		if len(done.Already) > 0 {
			fmt.Fprintln(p.stderr, "Under the new key already: "+strings.Join(done.Already, ", ")+".")
		}
		return nil
	})
}
