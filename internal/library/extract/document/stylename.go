package document

import "strings"

// HeadingLevel tells headings by the name of their style in lower case, as programs in many
// languages call them; 0 for others.
func HeadingLevel(style string) int {
	if style == "title" {
		return 1
	}
	i := strings.LastIndexAny(style, " _")
	name, digits := style, ""
	if i >= 0 {
		name, digits = style[:i], style[i+1:]
	} else if n := len(style); n > 1 && style[n-1] >= '1' && style[n-1] <= '9' {
		name, digits = style[:n-1], style[n-1:]
	}
	if len(digits) != 1 || digits[0] < '1' || digits[0] > '9' {
		return 0
	}
	switch name {
	case "heading", "überschrift", "berschrift", "titre", "título", "titulo", "ttulo", "titolo", "kop", "rubrik", "overskrift", "otsikko",
		"nagłówek", "nagwek", "nadpis", "címsor", "cmsor", "titlu", "заголовок", "επικεφαλίδα", "başlık", "balk", "見出し", "标题", "標題", "제목", "عنوان", "כותרת", "หัวเรื่อง", "encabezado", "cabeçalho":
		return int(digits[0] - '0')
	}
	return 0
}
