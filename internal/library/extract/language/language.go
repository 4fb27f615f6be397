// Package language tells in which language a text is written. It owns the
// judgement of when to say nothing: a wrong language is worse than none.
package language

import (
	"strings"
	"unicode"

	"github.com/abadojack/whatlanggo"
	"golang.org/x/text/language"
)

const (
	// SampleBytes is how much of a text is enough to tell.
	SampleBytes = 16 << 10
	// pieceBytes is how much is judged at once.
	pieceBytes = 3 << 10
	// fewestLetters is the shortest text that is judged, where its script
	// alone does not tell.
	fewestLetters = 120
	// sure is the least confidence that counts, from 0 to 1.
	sure = 0.85
)

// Of gives the language of a text as a BCP 47 tag: that which its file states,
// if it is one, else that which its first SampleBytes seem to be written in.
// It is "" when that is in doubt.
func Of(stated, sample string) string {
	stated = strings.ReplaceAll(strings.TrimSpace(stated), "_", "-")
	if tag, err := language.Parse(stated); err == nil && stated != "" && tag != language.Und {
		return tag.String()
	}
	return detect(sample)
}

// detect judges a sample piece by piece, as the profiles of languages are made
// for short texts. Two pieces in three must agree.
func detect(sample string) string {
	votes, all, best := map[string]int{}, 0, ""
	for text := prose(sample); text != ""; {
		n := min(len(text), pieceBytes)
		if cut := strings.LastIndexByte(text[:n], ' '); cut > 0 {
			n = cut + 1
		}
		if tag := judge(text[:n]); tag != "" {
			votes[tag]++
			all++
			if votes[tag] > votes[best] {
				best = tag
			}
		}
		text = text[n:]
	}
	if votes[best]*3 < all*2 {
		return ""
	}
	return best
}

func judge(text string) string {
	letters, wide := 0, 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
			if r > unicode.MaxLatin1 && !unicode.Is(unicode.Latin, r) {
				wide++
			}
		}
	}
	if letters < fewestLetters && wide < fewestLetters/4 {
		return ""
	}
	info := whatlanggo.Detect(text)
	if info.Lang < 0 || info.Confidence < sure {
		return ""
	}
	code := info.Lang.Iso6391()
	if code == "" {
		code = info.Lang.Iso6393()
	}
	tag, err := language.Parse(code)
	if err != nil {
		return ""
	}
	return tag.String()
}

// prose leaves out the words that are no language's: addresses, names of
// things in code, figures.
func prose(sample string) string {
	if len(sample) > SampleBytes {
		sample = strings.ToValidUTF8(sample[:SampleBytes], "")
	}
	var sb strings.Builder
	for word := range strings.FieldsSeq(sample) {
		if strings.ContainsAny(word, `\_{}=<>@/|[]$#*0123456789`) || strings.Contains(word, "://") || strings.ContainsAny(strings.TrimRight(word, ".,:;!?"), ".:") {
			continue
		}
		sb.WriteString(word)
		sb.WriteByte(' ')
	}
	return sb.String()
}
