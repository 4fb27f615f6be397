package markup

import (
	"regexp"
	"strings"
)

// Tables of figures are often set in more columns than they have: one for the
// sign of the currency, one for the figure, one for the bracket or percent sign
// that follows it, and empty ones between. A cell is read together with its
// signs, and a header once over each column that it heads.

var (
	currencySign = regexp.MustCompile(`^(?:US|C|CA|A|AU|HK|NZ|S|R)?[$€£¥₹₩₽] ?\(?$`)
	closingSign  = regexp.MustCompile(`^(?:\) ?%?|% ?\)?)$`)
)

// filled leaves out the columns and rows that hold nothing of their own.
func (t *tableReader) filled() [][]string {
	t.foldSigns()
	used := make([]bool, t.width)
	for _, row := range t.rows {
		for i, cell := range row {
			used[i] = used[i] || cell.text != "" && !cell.again
		}
	}
	// Rows are made equally long: a row far wider than the others must not
	// make a small file's table a huge one.
	most := max(mostPadded/len(t.rows), 2)
	var rows [][]string
	for _, row := range t.rows {
		var kept []string
		full := false
		for i, cell := range row {
			if used[i] {
				kept = append(kept, cell.text)
				full = full || cell.text != ""
			}
		}
		if len(kept) > most {
			kept = append(kept[:most-1], strings.Join(kept[most-1:], " "))
		}
		if full {
			rows = append(rows, kept)
		}
	}
	return rows
}

// foldSigns moves signs that have a column of their own to their figures.
func (t *tableReader) foldSigns() {
	for i := range t.width {
		if i+1 < t.width && t.holdsOnly(i, currencySign) {
			t.foldRight(i)
		}
		if i > 0 && t.holdsOnly(i, closingSign) {
			t.foldLeft(i)
		}
	}
}

// holdsOnly reports a column of such signs alone, but for headers that begin
// or end above it.
func (t *tableReader) holdsOnly(column int, sign *regexp.Regexp) bool {
	found := false
	for _, row := range t.rows {
		if column >= len(row) || row[column].text == "" || row[column].again {
			continue
		}
		heads := column+1 < len(row) && row[column+1].again
		if !heads && !sign.MatchString(row[column].text) {
			return false
		}
		found = found || !heads
	}
	return found
}

// foldRight empties a column of signs into the next.
func (t *tableReader) foldRight(column int) {
	for _, row := range t.rows {
		if column >= len(row) || row[column].text == "" {
			continue
		}
		sign := row[column]
		row[column] = tableCell{}
		if column+1 == len(row) {
			continue
		}
		next := &row[column+1]
		switch {
		case next.again:
			*next = sign // a header, which begins here
		case !sign.again && next.text != "":
			next.text = sign.text + " " + next.text
		case !sign.again:
			row[column] = sign
		}
	}
}

// foldLeft empties a column of signs into the one before.
func (t *tableReader) foldLeft(column int) {
	for _, row := range t.rows {
		if column >= len(row) || row[column].text == "" {
			continue
		}
		switch sign, before := row[column], &row[column-1]; {
		case sign.again:
			row[column] = tableCell{}
		case before.text != "" && closingSign.MatchString(sign.text):
			before.text += sign.text
			row[column] = tableCell{}
		}
	}
}
