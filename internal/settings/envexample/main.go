// Command envexample prints .env.example, which names every setting:
//
//	go run ./internal/settings/envexample >.env.example
package main

import (
	"fmt"
	"os"

	"git.helu.ca/r/mnemosyne/internal/settings"
)

func main() {
	if err := settings.WriteExample(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
