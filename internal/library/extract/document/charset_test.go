package document_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

func TestAFewStrangeLettersTellTheEncoding(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		encoding *charmap.Charmap
		text     string
	}{
		{charmap.Windows1252, "A naïve café on the “Straße” – of all places…"},
		{charmap.Windows1252, "Größe"},
		{charmap.Windows1252, "El niño está aquí. ¿Cómo estás? ¡Qué día!"},
		{charmap.Windows1252, "Temperature: 21 °C, price 5 €, § 3, ½ cup"},
		{charmap.Windows1252, "BLÅBÆRSYLTETØY på brødskive"},
		{charmap.Windows1250, "Łódź i Kraków są piękne."},
		{charmap.Windows1250, "Az őszi hűvösben gyűltek össze."},
		{charmap.Windows1254, "Güneşli bir gün, çocuklar parkta oynuyor. Ağaçların altı ıslak."},
		{charmap.Windows1257, "Šiandien gražus oras, todėl važiuojame į mišką."},
		{charmap.Windows1251, "ПРИКАЗ № 5"},
		{charmap.Windows1251, "Привет"},
		{charmap.KOI8R, "ПРИКАЗ О ПОРЯДКЕ ХРАНЕНИЯ ДОКУМЕНТОВ"},
		{charmap.KOI8R, "Привет, как дела?"},
		{charmap.Windows1251, "Їжак їсть яблука, а ґава літає над хатою."},
		{charmap.CodePage866, "Протокол собрания жильцов дома"},
		{charmap.Windows1253, "Καλημέρα σε όλους"},
		{charmap.Windows1255, "שלום לכולם, מה שלומכם היום?"},
		{charmap.Windows1256, "السلام عليكم ورحمة الله"},
		{charmap.Windows874, "สวัสดีครับ ยินดีต้อนรับสู่ประเทศไทย"},
		{charmap.Macintosh, "Les élèves étaient à l’école"},
	} {
		encoded, err := c.encoding.NewEncoder().String(c.text)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "a.txt")
		if err := os.WriteFile(path, []byte(encoded), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := document.ReadWhole(path, document.Limits{}.WithDefaults()); err != nil || got != c.text {
			t.Errorf("%s: %q was read as %q, error %v", c.encoding, c.text, got, err)
		}
	}
}

func TestBytesOfAnythingAreNoBareUnicode(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		noise := make([]byte, 16+random.IntN(4096))
		for i := range noise {
			noise[i] = byte(random.UintN(256))
			if random.IntN(4) == 0 {
				noise[i] = 0
			}
		}
		if e := document.BareUnicode(noise); e != nil {
			t.Errorf("%d random bytes are %v", len(noise), e)
		}
	}
	for _, exe := range []string{"/bin/true", os.Args[0]} {
		if data, err := os.ReadFile(exe); err == nil && document.BareUnicode(data[:min(len(data), 16<<10)]) != nil {
			t.Errorf("%s is taken for text", exe)
		}
	}
}
