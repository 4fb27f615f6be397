package office

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// numberFormat is how a spreadsheet shows a number, such as 0.00% or
// yyyy-mm-dd.
type numberFormat struct {
	sections []formatSection
}

// formatSection is one of up to four: for positive, negative, zero, text.
type formatSection struct {
	tokens  []formatToken
	date    bool
	general bool
	// of numbers
	whole, decimals, optional int // digits that are shown at least, and after the point
	grouped, percent          bool
	exponent, fraction        bool
	scale                     int // thousands that are left out
}

// formatToken is a literal, or a run of one letter or of digits.
type formatToken struct {
	kind byte // 'l' literal, 'n' number, '[' elapsed time, or the letter of a date
	text string
}

// parseFormat reads a format code.
func parseFormat(code string) *numberFormat {
	f := &numberFormat{}
	for _, s := range splitSections(code) {
		if len(f.sections) < 4 {
			f.sections = append(f.sections, parseSection(s))
		}
	}
	return f
}

// format shows a number. epoch1904 says that days count from 1904.
func (f *numberFormat) format(v float64, epoch1904 bool) string {
	if f == nil || len(f.sections) == 0 {
		return general(v)
	}
	s := &f.sections[0]
	minus := v < 0
	switch {
	case v < 0 && len(f.sections) > 1:
		s, minus = &f.sections[1], false
	case v == 0 && len(f.sections) > 2:
		s = &f.sections[2]
	}
	if s.general || s.fraction {
		return general(v)
	}
	if s.date {
		if v < 0 || v > 2_958_466 { // the year 10000
			return general(v)
		}
		return s.formatDate(v, epoch1904)
	}
	var sb strings.Builder
	for _, t := range s.tokens {
		switch t.kind {
		case 'l':
			sb.WriteString(t.text)
		case 'g':
			sb.WriteString(general(math.Abs(v)))
		case 'n':
			sb.WriteString(s.formatNumber(math.Abs(v)))
		}
	}
	out := strings.TrimSpace(sb.String())
	if minus && strings.ContainsAny(out, "123456789") {
		out = "-" + out
	}
	return out
}

func (s *formatSection) formatNumber(v float64) string {
	if s.percent {
		v *= 100
	}
	for range min(s.scale, 5) {
		v /= 1000
	}
	if s.exponent {
		return strconv.FormatFloat(v, 'E', min(s.decimals+s.optional, 15), 64)
	}
	digits := min(s.decimals+s.optional, 15)
	whole, part, _ := strings.Cut(strconv.FormatFloat(roundDecimal(v, digits), 'f', digits, 64), ".")
	for len(part) > s.decimals && strings.HasSuffix(part, "0") {
		part = part[:len(part)-1]
	}
	if whole == "0" && s.whole == 0 && part != "" {
		whole = ""
	}
	for len(whole) < min(s.whole, 30) {
		whole = "0" + whole
	}
	if s.grouped {
		whole = group3(whole)
	}
	if part != "" {
		return whole + "." + part
	}
	return whole
}

// roundDecimal rounds as a person does: 1.005 to two digits is 1.01.
func roundDecimal(v float64, digits int) float64 {
	p := math.Pow(10, float64(digits))
	r := math.Round(v*p*(1+1e-15)) / p
	if math.IsInf(r, 0) || math.IsNaN(r) {
		return v
	}
	return r
}

func group3(s string) string {
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// general shows a number without a format.
func general(v float64) string {
	s := strconv.FormatFloat(v, 'g', 15, 64)
	if f, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(f) < 1e15 && (f == 0 || math.Abs(f) >= 1e-9) {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return s
}

// serialTime gives the moment that a serial number stands for.
func serialTime(v float64, epoch1904 bool) time.Time {
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if epoch1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	} else if v < 60 { // a day that never was, 29 February 1900, counts
		epoch = epoch.AddDate(0, 0, 1)
	}
	days := math.Floor(v)
	seconds := math.Round((v - days) * 86400)
	return epoch.AddDate(0, 0, int(days)).Add(time.Duration(seconds) * time.Second)
}

func (s *formatSection) formatDate(v float64, epoch1904 bool) string {
	t := serialTime(v, epoch1904)
	half := false
	for _, tok := range s.tokens {
		half = half || tok.kind == 'a'
	}
	var sb strings.Builder
	for i, tok := range s.tokens {
		switch tok.kind {
		case 'l':
			sb.WriteString(tok.text)
		case 'a':
			sb.WriteString(t.Format("PM"))
		case '[':
			sb.WriteString(elapsed(tok.text, v))
		case 'm':
			if s.isMinutes(i) {
				sb.WriteString(padded(t.Minute(), len(tok.text)))
			} else {
				sb.WriteString(t.Format(monthLayout(len(tok.text))))
			}
		case 'h':
			hour := t.Hour()
			if half {
				hour = (hour+11)%12 + 1
			}
			sb.WriteString(padded(hour, len(tok.text)))
		case 's':
			sb.WriteString(padded(t.Second(), len(tok.text)))
		case 'd':
			sb.WriteString(dayText(t, len(tok.text)))
		case 'y':
			if len(tok.text) > 2 {
				sb.WriteString(t.Format("2006"))
			} else {
				sb.WriteString(t.Format("06"))
			}
		}
	}
	return strings.TrimSpace(sb.String())
}

// isMinutes tells minutes from months: they follow hours or precede seconds.
func (s *formatSection) isMinutes(i int) bool {
	for j := i - 1; j >= 0; j-- {
		if k := s.tokens[j].kind; k != 'l' {
			if k == 'h' || k == '[' || k == 's' {
				return true
			}
			break
		}
	}
	for j := i + 1; j < len(s.tokens); j++ {
		if k := s.tokens[j].kind; k != 'l' {
			return k == 's'
		}
	}
	return false
}

func elapsed(unit string, days float64) string {
	switch unit[0] {
	case 'h':
		return strconv.Itoa(int(days*24 + 1e-9))
	case 'm':
		return strconv.Itoa(int(days*1440 + 1e-9))
	}
	return strconv.Itoa(int(math.Round(days * 86400)))
}

func monthLayout(n int) string {
	switch n {
	case 1:
		return "1"
	case 2:
		return "01"
	case 3:
		return "Jan"
	}
	return "January"
}

func dayText(t time.Time, n int) string {
	switch n {
	case 1:
		return t.Format("2")
	case 2:
		return t.Format("02")
	case 3:
		return t.Format("Mon")
	}
	return t.Format("Monday")
}

func padded(n, width int) string {
	if s := strconv.Itoa(n); width < 2 || len(s) > 1 {
		return s
	}
	return "0" + strconv.Itoa(n)
}

// builtinFormat gives the code of a format that files name by number alone.
// Those that depend on the reader's country are shown in the way of ISO.
func builtinFormat(id int) string {
	codes := map[int]string{
		1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
		14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
		20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd hh:mm",
		37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)",
		45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss", 48: "0.0E+0",
	}
	switch {
	case id >= 27 && id <= 36, id >= 50 && id <= 58: // dates of East Asian editions
		return "yyyy-mm-dd"
	}
	return codes[id]
}
