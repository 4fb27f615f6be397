// Command envexample prints what names every setting: .env.example, or
// docs/configuration.md.
//
//	go run ./internal/settings/envexample >.env.example
//	go run ./internal/settings/envexample reference >docs/configuration.md
package main

import (
	"fmt"
	"os"

	"git.helu.ca/r/mnemosyne/internal/settings"
)

func main() {
	write := settings.WriteExample
	if len(os.Args) > 1 && os.Args[1] == "reference" {
		write = settings.WriteReference
	}
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
