package latex

import (
	"maps"
	"strings"
)

// dropped lists commands that carry no text, with how many arguments they
// have.
func dropped() map[string]int {
	names := map[string]int{}
	for n, list := range []string{
		`centering raggedright raggedleft noindent indent newpage clearpage cleardoublepage pagebreak linebreak hline toprule midrule bottomrule
		small footnotesize scriptsize tiny normalsize large Large LARGE huge Huge bf it sc rm tt sf em sl bfseries itshape scshape rmfamily ttfamily sffamily
		tableofcontents listoffigures listoftables hfill vfill smallskip medskip bigskip appendix frontmatter mainmatter backmatter onecolumn
		protect xspace ignorespaces leavevmode null relax makeatletter makeatother begingroup endgroup sloppy flushbottom twocolumn printbibliography
		fi else and And AND samepage allowbreak nolinebreak nopagebreak endfirsthead endhead endfoot endlastfoot displaystyle textstyle boldmath
		balance onehalfspacing doublespacing singlespacing clearfloats FloatBarrier newblock`,
		`label vspace hspace includegraphics usepackage documentclass bibliographystyle bibliography input include subfile pagestyle thispagestyle
		cline cmidrule rowcolor cellcolor columncolor index hypersetup graphicspath addbibresource nocite hyphenation phantom vphantom hphantom
		pagenumbering setcitestyle RequirePackage PassOptionsToPackage definecolor_ usetikzlibrary includepdf markboth_ stepcounter refstepcounter
		captionsetup geometry lstset thanksref tikzset pgfplotsset orcid ead vskip theoremstyle allowdisplaybreaks newcounter date_ color
		addcontentsline_ bibinfo_ setstretch enlargethispage subjclass ccsdesc lstinputlisting hspace*`,
		`setlength addtolength setcounter addtocounter newtheorem rule numberwithin raisebox_ definecolor_ markboth textcolor_ fontsize DeclareMathSymbol_
		newlength_ titlerunning_ resizebox scalebox_ colorlet sisetup_ specialrule_ makebox_`,
		`definecolor addcontentsline specialrule titleformat_ newcolumntype_ vspace3`,
	} {
		for name := range strings.FieldsSeq(list) {
			if !strings.HasSuffix(name, "_") {
				names[name] = n
			}
		}
	}
	// Their first argument is no text, their last is.
	maps.Copy(names, map[string]int{"textcolor": 1, "colorbox": 1, "raisebox": 1, "scalebox": 1, "makebox": 0, "parbox": 1, "foreignlanguage": 1, "hyperref": 0, "hyperlink": 1, "hypertarget": 1, "fontsize": 2})
	return names
}

// symbols lists commands that stand for a sign.
func symbols() map[string]string {
	signs := map[string]string{"newline": "\x00", "and": " ", "And": " ", "AND": " ", "quad": " ", "qquad": " ", "space": " ", "textvisiblespace": " ", "nobreakspace": " ", "linebreak": "\x00"}
	list := strings.Fields(`ss ß ae æ AE Æ oe œ OE Œ o ø O Ø l ł L Ł aa å AA Å i i j j dh ð DH Ð th þ TH Þ ldots … dots … textellipsis …
		textendash – textemdash — LaTeX LaTeX TeX TeX BibTeX BibTeX S § P ¶ copyright © textcopyright © textregistered ® texttrademark ™ textbackslash \
		textasciitilde ~ textasciicircum ^ textunderscore _ textbar | textless < textgreater > textquotedblleft “ textquotedblright ” textquoteleft ‘
		textquoteright ’ textdegree ° degree ° pounds £ textsterling £ euro € texteuro € textmu µ textbullet • textperiodcentered · checkmark ✓ dag † ddag ‡
		textdagger † guillemotleft « guillemotright » og « fg » slash / ie i.e. eg e.g. lbrack [ rbrack ] textrightarrow → textleftarrow ← textpm ± texttimes ×`)
	for k := 0; k+1 < len(list); k += 2 {
		signs[list[k]] = list[k+1]
	}
	return signs
}
