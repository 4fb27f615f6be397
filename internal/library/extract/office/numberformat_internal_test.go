package office

import "testing"

func TestNumbersAreShownAsTheirFormatSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code  string
		value float64
		want  string
	}{
		{"", 0.1 + 0.2, "0.3"},
		{"General", 1234567.5, "1234567.5"},
		{"General", 1e20, "1e+20"},
		{"0.00%", 0.12345, "12.35%"},
		{"#,##0", 1234567, "1,234,567"},
		{"#,##0.00", 1.005, "1.01"},
		{"#,##0;(#,##0)", -1234, "(1,234)"},
		{"#,##0.00 [$€-407]", 12, "12.00 €"},
		{`"$"#,##0.0#`, 5, "$5.0"},
		{"0.0,,\\M", 12_300_000, "12.3M"},
		{"000", 7, "007"},
		{"0.00E+00", 12345, "1.23E+04"},
		{`0;-0;"none"`, 0, "none"},
		{"0.0", -0.01, "0.0"},
		{"yyyy-mm-dd", 45292, "2024-01-01"},
		{"d mmm yyyy", 60.5, "28 Feb 1900"},
		{"hh:mm:ss", 0.75, "18:00:00"},
		{"h:mm AM/PM", 0.5, "12:00 PM"},
		{"[h]:mm", 1.5, "36:00"},
		{"dddd, mmmm d", 45292, "Monday, January 1"},
		{"[Red]0.0_);[<0](0.0)", 2.25, "2.3"},
		{"@", 5, "5"},
		{"yyyy", -1, "-1"},
	} {
		if got := parseFormat(c.code).format(c.value, false); got != c.want {
			t.Errorf("%q shows %v as %q, want %q", c.code, c.value, got, c.want)
		}
	}
	if got := parseFormat("yyyy-mm-dd").format(0, true); got != "1904-01-01" {
		t.Errorf("day 0 from 1904 is %q", got)
	}
}

func FuzzNumberFormat(f *testing.F) {
	f.Add(`[Red]#,##0.00_);[$€-407]"x"\y;@`, 1.5)
	f.Add("[h]:mm:ss.000 AM/PM", 40000.1)
	f.Fuzz(func(_ *testing.T, code string, v float64) { parseFormat(code).format(v, false) })
}
