package document

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
)

// Encodings of one byte a letter differ in which letters stand for the same
// bytes. The right one gives words of one script, and letters that one language
// has; the others give letters that no language has together, signs within
// words, and capitals in the middle of them.

// singleByteNames are the encodings that are tried. Where two give the same,
// the first counts.
func singleByteNames() []string {
	return []string{
		"windows-1252", "windows-1250", "iso-8859-2", "windows-1251", "koi8-u", "iso-8859-5", "ibm866", "x-mac-cyrillic", "windows-1253", "iso-8859-7",
		"windows-1255", "windows-1256", "windows-1254", "windows-1257", "windows-874", "iso-8859-15", "macintosh",
	}
}

// alphabets are letters of languages beyond ASCII; those of other scripts than
// the Latin begin with the frequent ones.
func alphabets() []string {
	return []string{
		"äöüß", "éèàêçùâîôûëïœæüÿ", "áéíóúñüªº", "ãáâàçéêíóôõúüªº", "àèéìòùî", "ëïéèöüó", "åäöé", "æøåé", "áéíóúýðþæö", "àçèéíïòóúü", "ëç",
		"ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţșț", "čćđšž", "çğıöşüâîi̇", "äõöüšž", "āčēģīķļņšūž", "ąčęėįšųūž",
		"оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", "оаинвітеслркудмпзьябгчюйжхєшцїщфґ", "аоиентврсдплкзмугябъйчщшхжцюфь", "аиоенрстујвклпмдзгбшчцхжљњћџђф", "аіеныроўлсткдмпвузябгчйцьжэхюшфё",
		"αοιετσνρςκπμλυηωόίγδέάήθύφχβώξζψϊΐϋΰ", "יוהלאתרבשמנםעדקחפצגכסזטןךףץ",
		"اليمنوترهبعدسفكقحةأشجىصضخطزذغئثءإؤآظ", "اینردهمتوسبشکزلگفخقحجعپصطغچثضذئظژآ",
		"าินเ่้อรกมทยลงหวปบดตะสัพคแใจขชซไีูุถณฉภผธฝศญฟโฐ็์ำ",
	}
}

// singleByte finds the encoding of text of one byte a letter.
func singleByte(sample []byte) encoding.Encoding {
	words := strangeWords(sample)
	var best encoding.Encoding
	most := 0.0
	for _, name := range singleByteNames() {
		e, _ := charset.Lookup(name)
		if e == nil {
			continue
		}
		text, err := e.NewDecoder().Bytes(words)
		if err != nil {
			continue
		}
		if score := plausible(string(text)); best == nil || score > most+1e-9 {
			best, most = e, score
		}
	}
	return best
}

// strangeWords gives the words of a sample that are not of ASCII alone.
func strangeWords(sample []byte) []byte {
	const enough = 4 << 10
	var out []byte
	for word := range bytes.FieldsSeq(sample) {
		if bytes.ContainsFunc(word, func(r rune) bool { return r >= utf8.RuneSelf }) {
			out = append(append(out, word[:min(len(word), 100)]...), ' ')
		}
		if len(out) > enough {
			break
		}
	}
	return out
}

// plausible judges a text by its letters beyond ASCII: what they say of its
// spelling, and how well they fit the language that they fit best.
func plausible(text string) float64 {
	letters := map[rune]int{}
	score := 0.0
	var before, last rune // the two characters before
	for _, r := range text {
		score -= spelling(before, last, r)
		if r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsMark(r)) {
			letters[unicode.ToLower(r)]++
		}
		before, last = last, r
	}
	best := 0.0
	for i, alphabet := range alphabets() {
		if fit := fits(letters, alphabet); i == 0 || fit > best {
			best = fit
		}
	}
	return score + best
}

// spelling tells what is wrong with three characters in a row.
func spelling(before, last, next rune) float64 {
	wrong := 0.0
	switch {
	case next == utf8.RuneError, next >= utf8.RuneSelf && unicode.IsControl(next):
		wrong += 4
	case next < utf8.RuneSelf && last < utf8.RuneSelf:
		return 0
	}
	if isSign(next) {
		wrong += rarity(next)
	}
	if unicode.IsLetter(last) && unicode.IsLetter(next) {
		wrong += within(last, next)
	}
	if isSign(last) && last != '’' && last != '·' && unicode.IsLetter(before) && unicode.IsLetter(next) {
		wrong += 2
	}
	return wrong
}

// within tells what is wrong with two letters of a word.
func within(last, next rune) float64 {
	wrong := 0.0
	if strings.ContainsRune("ςםןךףץ", last) {
		wrong += 1.5 // which ends words
	}
	if unicode.IsUpper(next) && !latin(next) {
		wrong += 0.15 // words in capitals are fewer
	}
	if unicode.IsLower(last) && unicode.IsUpper(next) {
		wrong += 1.5
	}
	if latin(last) != latin(next) {
		wrong += 1.5
	}
	return wrong
}

// isSign reports what is no letter beyond ASCII.
func isSign(r rune) bool {
	return r >= utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsMark(r)
}

// rarity tells signs that texts have from those that hardly any has.
func rarity(r rune) float64 {
	if strings.ContainsRune("°€§£«»“”„‘’–—…•·©®™½¼¾²³±×№\u00a0¿¡", r) {
		return -0.3
	}
	return 0.5
}

func latin(r rune) bool { return unicode.Is(unicode.Latin, r) }

// fits counts the letters that an alphabet has, less those that it lacks.
func fits(letters map[rune]int, alphabet string) float64 {
	weights := map[rune]float64{}
	count := utf8.RuneCountInString(alphabet)
	at := 0
	for _, r := range alphabet {
		weights[r] = 1
		if !latin(r) {
			weights[r] = 1 - 1.3*float64(at)/float64(count)
		}
		at++
	}
	fit := 0.0
	for r, n := range letters {
		if w, ok := weights[r]; ok {
			fit += w * float64(n)
		} else {
			fit -= float64(n)
		}
	}
	return fit
}

// severalBytes reports encodings that write a letter of their script with two
// bytes and more.
func severalBytes(name string) bool {
	for _, prefix := range []string{"shift_jis", "euc-", "gb", "big5", "iso-2022", "hz-", "cp949", "uhc", "johab"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
