package terms

// Fold gives a word as all spellings of it that differ in case, accents or
// width alone are written. It does not stem.
func Fold(word string) string {
	var a Analyzer
	return a.fold(normalize(word))
}
