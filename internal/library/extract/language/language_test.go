package language_test

import (
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/language"
)

func TestTheStatedLanguageCountsAndIsWrittenAsOthersWriteIt(t *testing.T) {
	t.Parallel()
	for stated, want := range map[string]string{"EN": "en", "de_AT": "de-AT", "zh-hant-tw": "zh-Hant-TW", "English please": "", "": "", "und": ""} {
		if got := language.Of(stated, ""); got != want {
			t.Errorf("language of %q = %q, want %q", stated, got, want)
		}
	}
}

func TestTheLanguageOfATextIsFound(t *testing.T) {
	t.Parallel()
	for want, text := range map[string]string{
		"en": "The fundamental rights of every person are to be respected by all of those who hold power over others, and nobody shall be judged without having been heard before a court of law.",
		"de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
		"fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de conscience et doivent agir les uns envers les autres dans un esprit de fraternité.",
		"es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y conciencia, deben comportarse fraternalmente los unos con los otros.",
		"ru": "Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью и должны поступать в отношении друг друга в духе братства.",
		"ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。",
		"zh": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。人人有资格享有本宣言所载的一切权利和自由。",
		"ar": "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميراً وعليهم أن يعامل بعضهم بعضاً بروح الإخاء.",
	} {
		if got := language.Of("", text); got != want {
			t.Errorf("language = %q, want %q", got, want)
		}
	}
}

func TestWhatIsInDoubtIsNotSaid(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"short":   "A table of ducks",
		"figures": strings.Repeat("12.5 | 44 | 1,000 | 3e8\n", 100),
		"code":    strings.Repeat("x_1 = f(a[0]); return {x: y};\n", 100),
		"binary":  strings.Repeat("\xff\xfe ", 1000),
	} {
		if got := language.Of("", text); got != "" {
			t.Errorf("%s: language = %q", name, got)
		}
	}
}
