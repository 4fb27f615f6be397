package main

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
)

// Every sentence of every document carries a mark: of which document and
// version it is, its number, and how many there are. So whoever reads any of
// it can tell a mix, and whoever reads all of it can tell a part.

type mark struct{ doc, version, sentence, of int }

var markPattern = regexp.MustCompile(`\bd(\d+)v(\d+)s(\d+)t(\d+)\b`)

func marksIn(text string) []mark {
	found := markPattern.FindAllStringSubmatch(text, -1)
	marks := make([]mark, len(found))
	for i, m := range found {
		var n [4]int
		for k := range n {
			n[k], _ = strconv.Atoi(m[k+1]) // digits
		}
		marks[i] = mark{n[0], n[1], n[2], n[3]}
	}
	return marks
}

// write makes a version of a document: plain text, or Markdown with headings.
func write(rng *rand.Rand, doc, version int, markdown bool) string {
	words := strings.Fields("otter river lantern harbour glacier meadow violin copper orchard compass thunder velvet")
	sentences := 4 + rng.IntN(40)
	var b strings.Builder
	for n := 1; n <= sentences; n++ {
		if markdown && n%7 == 1 {
			fmt.Fprintf(&b, "\n\n# Section %d\n\n", n/7+1)
		}
		fmt.Fprintf(&b, "The %s d%dv%ds%dt%d follows a %s.", words[rng.IntN(len(words))], doc, version, n, sentences, words[rng.IntN(len(words))])
		if n%5 == 0 {
			b.WriteString("\n\n")
		} else {
			b.WriteString(" ")
		}
	}
	return strings.TrimSpace(b.String()) + "\n"
}

// oneVersion tells which document and version marks are of; wrong says what is
// wrong with them.
func oneVersion(marks []mark) (doc, version int, wrong string) {
	if len(marks) == 0 {
		return 0, 0, "no mark"
	}
	for _, m := range marks[1:] {
		if m.doc != marks[0].doc || m.version != marks[0].version || m.of != marks[0].of {
			return marks[0].doc, marks[0].version, fmt.Sprintf("version %d of document %d beside version %d of document %d",
				marks[0].version, marks[0].doc, m.version, m.doc)
		}
	}
	return marks[0].doc, marks[0].version, ""
}

// whole is oneVersion for what should be all of a document.
func whole(marks []mark) (doc, version int, wrong string) {
	if doc, version, wrong = oneVersion(marks); wrong != "" {
		return doc, version, wrong
	}
	seen := map[int]bool{}
	for _, m := range marks {
		seen[m.sentence] = true
	}
	if len(seen) != marks[0].of {
		return doc, version, fmt.Sprintf("%d of %d sentences of version %d", len(seen), marks[0].of, version)
	}
	return doc, version, ""
}
