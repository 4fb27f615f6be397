package document

import (
	"regexp"
	"strings"
)

const maxPicture = 4000 // bytes; what is longer is data and not said of a picture

var pictureFile = regexp.MustCompile(`(?i)^\S+\.(png|jpe?g|gif|svg|webp|avif|heic|bmp|tiff?|emf|wmf|ico|eps)$`)

// Picture is how every reader writes what a picture is said to show: its words
// in brackets, so that they are found, and told from what stands around them.
// It is empty where nothing is said, as by the name of a file.
func Picture(words string) string {
	words = OneLine(strings.NewReplacer("[", "(", "]", ")").Replace(words))
	if !HasLetters(words) || len(words) > maxPicture || pictureFile.MatchString(words) {
		return ""
	}
	return "[" + words + "]"
}
