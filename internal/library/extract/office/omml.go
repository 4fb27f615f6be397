package office

import (
	"strings"
	"unicode"

	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// formula gives an equation of Office's own markup in LaTeX.
func formula(n *xmlread.Node) string {
	var sb strings.Builder
	for _, c := range n.Children {
		sb.WriteString(formulaPart(c))
	}
	return sb.String()
}

// group puts what is longer than a character in braces.
func group(n *xmlread.Node) string { return "{" + strings.TrimSpace(formula(n)) + "}" }

func formulaPart(n *xmlread.Node) string {
	e := func(name string) *xmlread.Node { return orEmpty(n.Child(name)) }
	switch n.Name {
	case "m:r", "w:r":
		return formulaRun(n)
	case "m:f":
		return fraction(n)
	case "m:sSup":
		return base(e("m:e")) + "^" + group(e("m:sup"))
	case "m:sSub":
		return base(e("m:e")) + "_" + group(e("m:sub"))
	case "m:sSubSup":
		return base(e("m:e")) + "_" + group(e("m:sub")) + "^" + group(e("m:sup"))
	case "m:sPre":
		return "{}_" + group(e("m:sub")) + "^" + group(e("m:sup")) + formula(e("m:e"))
	case "m:rad":
		if deg := formula(e("m:deg")); deg != "" {
			return `\sqrt[` + deg + "]" + group(e("m:e"))
		}
		return `\sqrt` + group(e("m:e"))
	case "m:nary":
		return nary(n)
	case "m:d":
		return delimited(n)
	case "m:func":
		return function(e("m:fName")) + "(" + formula(e("m:e")) + ")"
	case "m:acc":
		return accent(n.Child("m:accPr", "m:chr").Get("val")) + group(e("m:e"))
	case "m:bar":
		if n.Child("m:barPr", "m:pos").Get("val") == "top" {
			return `\overline` + group(e("m:e"))
		}
		return `\underline` + group(e("m:e"))
	case "m:limLow":
		return function(e("m:e")) + "_" + group(e("m:lim"))
	case "m:limUpp":
		return function(e("m:e")) + "^" + group(e("m:lim"))
	case "m:m":
		return rows(n, "m:mr", "matrix")
	case "m:eqArr":
		return rows(n, "", "array")
	}
	if strings.HasSuffix(n.Name, "Pr") {
		return ""
	}
	return formula(n)
}

func orEmpty(n *xmlread.Node) *xmlread.Node {
	if n == nil {
		return &xmlread.Node{}
	}
	return n
}

// base keeps what bears an index together.
func base(n *xmlread.Node) string {
	s := strings.TrimSpace(formula(n))
	if strings.HasPrefix(s, `\frac`) {
		return "{" + s + "}"
	}
	return s
}

func fraction(n *xmlread.Node) string {
	num, den := group(orEmpty(n.Child("m:num"))), group(orEmpty(n.Child("m:den")))
	switch n.Child("m:fPr", "m:type").Get("val") {
	case "noBar":
		return `\genfrac{}{}{0pt}{}` + num + den
	case "lin":
		return strings.Trim(num, "{}") + "/" + strings.Trim(den, "{}")
	}
	return `\frac` + num + den
}

func nary(n *xmlread.Node) string {
	symbol, ok := n.Child("m:naryPr", "m:chr").Lookup("val")
	if !ok {
		symbol = "∫"
	}
	out := strings.TrimSpace(latexText(symbol))
	if sub := n.Child("m:sub"); sub != nil && len(sub.Children) > 0 {
		out += "_" + group(sub)
	}
	if sup := n.Child("m:sup"); sup != nil && len(sup.Children) > 0 {
		out += "^" + group(sup)
	}
	return out + formula(orEmpty(n.Child("m:e")))
}

func delimited(n *xmlread.Node) string {
	char := func(name, usual string) string {
		if v, ok := n.Child("m:dPr", name).Lookup("val"); ok {
			usual = v
		}
		switch usual {
		case "":
			return "."
		case "{", "}":
			return `\` + usual
		}
		return usual
	}
	var parts []string
	for e := range n.All("m:e") {
		parts = append(parts, formula(e))
	}
	return `\left` + char("m:begChr", "(") + strings.Join(parts, char("m:sepChr", "|")) + `\right` + char("m:endChr", ")")
}

// function gives the name of a function; those that LaTeX knows are commands.
func function(n *xmlread.Node) string {
	name := strings.TrimSpace(formula(n))
	switch name {
	case "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "log", "ln", "exp", "lim", "max", "min", "sup", "inf", "det", "gcd", "arg", "deg", "dim", "ker":
		return `\` + name
	}
	return name
}

func accent(chr string) string {
	switch chr {
	case "", "\u0302":
		return `\hat`
	case "\u0303":
		return `\tilde`
	case "\u0304", "\u0305":
		return `\overline`
	case "\u0307":
		return `\dot`
	case "\u0308":
		return `\ddot`
	case "\u20d7", "→":
		return `\vec`
	}
	return `\hat`
}

// rows gives a matrix, or an array of equations where row is "".
func rows(n *xmlread.Node, row, environment string) string {
	var lines []string
	if row == "" {
		for e := range n.All("m:e") {
			lines = append(lines, formula(e))
		}
	}
	if row == "" && len(lines) == 1 {
		return lines[0]
	}
	for r := range n.All(row) {
		var cells []string
		for e := range r.All("m:e") {
			cells = append(cells, formula(e))
		}
		lines = append(lines, strings.Join(cells, " & "))
	}
	return `\begin{` + environment + "}" + strings.Join(lines, ` \\ `) + `\end{` + environment + "}"
}

func formulaRun(n *xmlread.Node) string {
	var sb strings.Builder
	for _, c := range n.Children {
		if c.Name == "m:t" || c.Name == "w:t" {
			sb.WriteString(latexText(c.Words()))
		}
	}
	return sb.String()
}

// latexText spells out the signs that have names.
func latexText(s string) string {
	var sb strings.Builder
	for _, r := range s {
		if name := latexName(r); name != "" {
			sb.WriteString(` \` + name + " ")
			continue
		}
		switch r {
		case '–', '−':
			r = '-'
		case '\u2061', '\u2062', '\u2063', '\u200b': // invisible operators
			continue
		}
		sb.WriteRune(plainLetter(r))
	}
	return sb.String()
}

// plainLetter undoes the mathematical alphabets of Unicode.
func plainLetter(r rune) rune {
	if r < 0x1D400 || r > 0x1D6A3 {
		return r
	}
	if i := (r - 0x1D400) % 52; i < 26 {
		return 'A' + i
	} else if unicode.IsLetter('a' + i - 26) {
		return 'a' + i - 26
	}
	return r
}

func latexName(r rune) string {
	const greek = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi o pi rho varsigma sigma tau upsilon phi chi psi omega"
	if r >= 'α' && r <= 'ω' {
		return strings.Fields(greek)[r-'α']
	}
	switch r {
	case 'Γ':
		return "Gamma"
	case 'Δ', '∆':
		return "Delta"
	case 'Θ':
		return "Theta"
	case 'Λ':
		return "Lambda"
	case 'Π':
		return "Pi"
	case 'Σ':
		return "Sigma"
	case 'Φ':
		return "Phi"
	case 'Ψ':
		return "Psi"
	case 'Ω':
		return "Omega"
	case '∞':
		return "infty"
	case '×':
		return "times"
	case '÷':
		return "div"
	case '±':
		return "pm"
	case '∓':
		return "mp"
	case '·', '⋅':
		return "cdot"
	case '≤':
		return "leq"
	case '≥':
		return "geq"
	case '≠':
		return "neq"
	case '≈':
		return "approx"
	case '≡':
		return "equiv"
	}
	return operatorName(r)
}

func operatorName(r rune) string {
	switch r {
	case '∑':
		return "sum"
	case '∏':
		return "prod"
	case '∫':
		return "int"
	case '∬':
		return "iint"
	case '∮':
		return "oint"
	case '⋃':
		return "bigcup"
	case '⋂':
		return "bigcap"
	case '∂':
		return "partial"
	case '∇':
		return "nabla"
	case '∈':
		return "in"
	case '∉':
		return "notin"
	case '⊂':
		return "subset"
	case '⊆':
		return "subseteq"
	case '∪':
		return "cup"
	case '∩':
		return "cap"
	case '∀':
		return "forall"
	case '∃':
		return "exists"
	case '→':
		return "rightarrow"
	case '←':
		return "leftarrow"
	case '⇒':
		return "Rightarrow"
	case '⇔':
		return "Leftrightarrow"
	case '√':
		return "sqrt"
	case '…':
		return "ldots"
	case '⋯':
		return "cdots"
	}
	return ""
}
