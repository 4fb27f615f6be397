package extract_test

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// written is a text as people write it and an encoding that they save it in.
type written struct {
	name, label string // label: as a page or an XML file states it, "" for none
	encoding    encoding.Encoding
	text        string
}

const (
	german    = "Die Straße führt über die Brücke zum Bahnhof. Dort wartet schon seit fünf Uhr früh eine größere Gruppe von Schülern auf den nächsten Zug nach München."
	french    = "L'été dernier, nous avons passé nos vacances à la montagne. Les élèves étaient déjà rentrés à l'école, et le village était presque désert à cette époque de l'année."
	polish    = "Zażółć gęślą jaźń. Wczoraj wieczorem poszliśmy do kina, żeby zobaczyć nowy film. Później jedliśmy kolację w małej restauracji nad rzeką i rozmawialiśmy o książkach."
	czech     = "Příliš žluťoučký kůň úpěl ďábelské ódy. Včera večer jsme šli do divadla, protože hráli novou hru. Potom jsme večeřeli v malé restauraci u řeky a mluvili jsme o knížkách."
	russian   = "Вчера вечером мы ходили в театр, потому что там играли новую пьесу. Потом мы ужинали в маленьком ресторане у реки и долго говорили о книгах, которые прочитали летом."
	greek     = "Χθες το βράδυ πήγαμε στο θέατρο, επειδή έπαιζαν ένα καινούργιο έργο. Μετά φάγαμε σε ένα μικρό εστιατόριο δίπλα στο ποτάμι και μιλήσαμε πολλή ώρα για βιβλία."
	hebrew    = "אתמול בערב הלכנו לתיאטרון כי הציגו שם מחזה חדש. אחר כך אכלנו ארוחת ערב במסעדה קטנה ליד הנהר ודיברנו זמן רב על ספרים שקראנו בקיץ."
	arabic    = "ذهبنا مساء أمس إلى المسرح لأنهم كانوا يعرضون مسرحية جديدة. ثم تناولنا العشاء في مطعم صغير بجانب النهر وتحدثنا طويلا عن الكتب التي قرأناها في الصيف."
	nihongo   = "昨日の夜、新しい芝居が上演されていたので、私たちは劇場へ行きました。その後、川のそばの小さなレストランで夕食を食べ、夏に読んだ本について長い間話しました。"
	hangul    = "어제 저녁에 새로운 연극이 공연되고 있어서 우리는 극장에 갔습니다. 그 후 강가의 작은 식당에서 저녁을 먹고 여름에 읽은 책에 대해 오랫동안 이야기했습니다."
	mandarin  = "昨天晚上我们去了剧院,因为那里正在上演一部新戏。然后我们在河边的一家小餐馆吃了晚饭,谈了很久夏天读过的书。这是一个难忘的夜晚。"
	cantonese = "昨天晚上我們去了劇院,因為那裡正在上演一部新戲。然後我們在河邊的一家小餐館吃了晚飯,談了很久夏天讀過的書。這是一個難忘的夜晚。"
)

func writtenTexts() []written {
	little, big := unicode.LittleEndian, unicode.BigEndian
	all := []written{
		{"utf-8", "utf-8", unicode.UTF8, russian},
		{"utf-8 with a mark", "utf-8", unicode.UTF8BOM, russian},
		{"utf-16 little-endian", "", unicode.UTF16(little, unicode.UseBOM), german},
		{"utf-16 big-endian", "", unicode.UTF16(big, unicode.UseBOM), nihongo},
		{"utf-16 little-endian without a mark", "", unicode.UTF16(little, unicode.IgnoreBOM), german},
		{"utf-16 big-endian without a mark", "", unicode.UTF16(big, unicode.IgnoreBOM), german},
		{"russian utf-16 little-endian without a mark", "", unicode.UTF16(little, unicode.IgnoreBOM), russian},
		{"russian utf-16 big-endian without a mark", "", unicode.UTF16(big, unicode.IgnoreBOM), russian},
		{"japanese utf-16 little-endian without a mark", "", unicode.UTF16(little, unicode.IgnoreBOM), nihongo},
		{"utf-32 little-endian", "", utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), german},
		{"utf-32 big-endian", "", utf32.UTF32(utf32.BigEndian, utf32.UseBOM), german},
		{"utf-32 little-endian without a mark", "", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), russian},
		{"utf-32 big-endian without a mark", "", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), german},
		{"shift_jis", "shift_jis", japanese.ShiftJIS, nihongo},
		{"euc-jp", "euc-jp", japanese.EUCJP, nihongo},
		{"iso-2022-jp", "iso-2022-jp", japanese.ISO2022JP, nihongo},
		{"euc-kr", "euc-kr", korean.EUCKR, hangul},
		{"gb18030", "gb18030", simplifiedchinese.GB18030, mandarin},
		{"gbk", "gbk", simplifiedchinese.GBK, mandarin},
		{"big5", "big5", traditionalchinese.Big5, cantonese},
		{"koi8-r", "koi8-r", charmap.KOI8R, russian},
		{"windows-1250", "windows-1250", charmap.Windows1250, czech},
		{"polish windows-1250", "windows-1250", charmap.Windows1250, polish},
		{"windows-1251", "windows-1251", charmap.Windows1251, russian},
		{"windows-1252", "windows-1252", charmap.Windows1252, german},
		{"french windows-1252", "windows-1252", charmap.Windows1252, french},
		{"windows-1253", "windows-1253", charmap.Windows1253, greek},
		{"windows-1255", "windows-1255", charmap.Windows1255, hebrew},
		{"windows-1256", "windows-1256", charmap.Windows1256, arabic},
		{"iso-8859-2", "iso-8859-2", charmap.ISO8859_2, polish},
		{"iso-8859-5", "iso-8859-5", charmap.ISO8859_5, russian},
		{"iso-8859-7", "iso-8859-7", charmap.ISO8859_7, greek},
		{"iso-8859-15", "iso-8859-15", charmap.ISO8859_15, french},
		{"macroman", "macintosh", charmap.Macintosh, french},
		{"german macroman", "macintosh", charmap.Macintosh, german},
		{"cp866", "ibm866", charmap.CodePage866, russian},
	}
	return all
}

func (w written) encode(t *testing.T, s string) string {
	t.Helper()
	encoded, err := w.encoding.NewEncoder().String(s)
	if err != nil {
		t.Fatalf("%s cannot be written: %v", w.name, err)
	}
	return encoded
}

func TestEveryEncodingIsReadInEachKindOfText(t *testing.T) {
	t.Parallel()
	pool := newPool(t, nil)
	for _, w := range writtenTexts() {
		files := map[string]string{
			"a.txt":  w.text,
			"a.md":   "# " + w.text + "\n\n" + w.text + "\n",
			"a.csv":  "a;b\n1;" + w.text + "\n2;" + w.text + "\n",
			"a.srt":  "1\n00:00:01,000 --> 00:00:02,000\n" + w.text + "\n\n2\n00:00:03,000 --> 00:00:04,000\n" + w.text + "\n",
			"a.py":   "# " + w.text + "\ndef f(x):\n    return x\n",
			"a.html": "<html><head><title>x</title></head><body><p>" + w.text + "</p><p>" + w.text + "</p></body></html>",
		}
		if w.label != "" {
			files["stated.html"] = "<html><head><meta charset=\"" + w.label + "\"><title>x</title></head><body><p>" + w.text + "</p></body></html>"
			files["stated.xml"] = "<?xml version=\"1.0\" encoding=\"" + w.label + "\"?><book><chapter><title>x</title><para>" + w.text + "</para></chapter></book>"
		}
		for name, content := range files {
			res, err := pool.Extract(t.Context(), file(t, name, w.encode(t, content)), t.TempDir(), nil)
			if err != nil {
				t.Errorf("%s in %s: %v", w.name, name, err)
				continue
			}
			doc, err := res.Document()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(doc.Text, w.text) {
				t.Errorf("%s in %s: %.200q", w.name, name, doc.Text)
			}
		}
	}
}
