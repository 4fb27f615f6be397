package graphtest

import "testing"

// scripts tests text that is written without spaces: any part of it is found.
func scripts() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"PartsOfTextWithoutSpacesAreFound": testPartsOfTextWithoutSpacesAreFound,
		"ScriptsMixInOneText":              testScriptsMixInOneText,
		"HalfWidthAndFullWidthAreOne":      testHalfWidthAndFullWidthAreOne,
		"SpacedScriptsKeepTheirVowels":     testSpacedScriptsKeepTheirVowels,
	}
}

func testPartsOfTextWithoutSpacesAreFound(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	chinese, japanese := "全文检索引擎支持中文分词", "東京都では検索エンジンが使われています"
	thai, korean := "การค้นหาเอกสารภาษาไทย", "한국어문서검색시스템"
	khmer := "ការស្វែងរកឯកសារ"
	s.put(chinese, japanese, thai, korean, khmer, "plain English")
	for query, want := range map[string]string{
		"检索": chinese, "支持中文": chinese, "全文检索引擎支持中文分词": chinese, "擎": chinese, "词": chinese,
		"エンジン": japanese, "東京": japanese, "使われて": japanese, "京都": japanese, "す": japanese,
		"ค้นหา": thai, "ภาษาไทย": thai, "เอกสาร": thai,
		"문서검색": korean, "시스템": korean,
		"ឯកសារ":   khmer,
		"english": "plain English",
	} {
		if got := s.words(query); len(got) == 0 || got[0] != want {
			t.Errorf("%q finds %q, want %q first", query, got, want)
		}
	}
}

func testScriptsMixInOneText(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	mixed := "Go言語でSQLiteを使う方法 v1.26"
	s.put(mixed, "something else")
	for _, query := range []string{"sqlite", "言語", "Go言語", "方法", "1.26", "使う"} {
		s.equal(s.words(query), []string{mixed})
	}
}

func testHalfWidthAndFullWidthAreOne(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put("ｶﾀｶﾅで書く", "other")
	s.equal(s.words("カタカナ"), []string{"ｶﾀｶﾅで書く"})
}

func testSpacedScriptsKeepTheirVowels(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.finds(map[string]string{
		"हिन्दी में खोज":      "खोज",
		"البحث في النصوص":     "النصوص",
		"مُحَمَّد كتب":        "محمد",
		"חיפוש בטקסט":         "חיפוש",
		"поиск по документам": "поиск",
	})
}
