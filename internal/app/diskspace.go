package app

import (
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"
)

// leastFree is how much room the data folder needs: less, and the database
// may find none for what it writes next.
const leastFree = 512 << 20 // bytes

// errNoSpaceKnown says that this system does not tell how much room there is.
var errNoSpaceKnown = errors.New("app: how much room there is is not known here")

// checkFolder looks whether the data folder is there and has room; unmade is
// why it could not be made.
func checkFolder(dir string, unmade error) Part {
	part := Part{Name: "data folder", Engine: "files", Where: dir}
	if unmade != nil {
		return outcome(part, unmade)
	}
	free, total, err := room(dir)
	if errors.Is(err, errNoSpaceKnown) {
		return outcome(part, nil)
	}
	if err != nil {
		return outcome(part, fmt.Errorf("look how much room there is: %w", err))
	}
	part.About = humanize.IBytes(free) + " free of " + humanize.IBytes(total)
	if free < leastFree {
		return outcome(part, fmt.Errorf("only %s of %s are free: make room, or move the folder and set MNEMOSYNE_DATA_DIR; below %s the database may not be able to write",
			humanize.IBytes(free), humanize.IBytes(total), humanize.IBytes(leastFree)))
	}
	return outcome(part, nil)
}
