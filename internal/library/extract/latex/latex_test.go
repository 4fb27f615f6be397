package latex_test

import (
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/latex"
)

const paper = `\documentclass[12pt]{article}
\usepackage{graphicx} % not read
\newcommand{\duck}{Anas}
\newcommand{\pair}[2][x]{#1 and #2}
\title{Of \textbf{Ducks}\thanks{Paid for.}}
\author{Al Bo\\Pond \and Cy Do}
\begin{document}
\maketitle
\begin{abstract}
We count.
\end{abstract}
\section{Intro}\label{sec:a}
The \duck{} flew \emph{caf\'e} to M\"unchen~\cite[p.~2]{lee,wu}; see Fig.~\ref{fig:b}. \pair{y} \pair[u]{v}
50\% of $x^2 % no
+ 1$ --- so.\footnote{A \textit{note}.}

% a comment
New paragraph with \url{http://a.b/c_d} and \href{http://x}{a link}.
\[ a = b \]
\begin{equation}\label{eq:c} \frac{a}{b} \end{equation}
\subsection{Lists}
\begin{itemize}
\item one
\item two
  \begin{enumerate}
  \item deep
  \end{enumerate}
\end{itemize}
\begin{table}[h]\centering
\caption{Counts of \duck.}
\begin{tabular}{|l|cc|}
\hline
Year & \multicolumn{2}{c}{Birds} \\ \cline{2-3}
2020 & 5 & {6 \& 7} \\
\end{tabular}
\end{table}
\begin{verbatim}
x % y \z
  q
\end{verbatim}
\iffalse gone \fi
\begin{thebibliography}{9}
\bibitem{lee} Lee, Ponds.
\end{thebibliography}
\end{document}
never read`

func TestAPaperGivesItsStructure(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, latex.Read, "a.tex", paper)
	if got, want := documenttest.Headings(doc), []string{"1 Of Ducks[^1]", "2 Abstract", "2 Intro", "3 Lists", "2 References"}; !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
	documenttest.WantTexts(t, doc, document.Paragraph, "Al Bo\nPond Cy Do", "We count.",
		"The Anas flew café to München [lee,wu]; see Fig. [fig:b]. x and y u and v 50% of $x^2 + 1$ — so.[^2]",
		"New paragraph with http://a.b/c_d and a link.", "$$a = b$$", `$$\frac{a}{b}$$`)
	documenttest.WantTexts(t, doc, document.ListItem, "- one", "- two", "  1. deep", "- Lee, Ponds.")
	documenttest.WantTexts(t, doc, document.Caption, "Counts of Anas.")
	documenttest.WantTexts(t, doc, document.Table, "| Year | Birds | Birds |\n| --- | --- | --- |\n| 2020 | 5 | 6 & 7 |")
	documenttest.WantTexts(t, doc, document.Code, "x % y \\z\n  q")
	documenttest.WantTexts(t, doc, document.Footnote, "[^1]: Paid for.", "[^2]: A note.")
}

func TestAPartOfAPaperIsRead(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, latex.Read, "a.tex", "\\chapter{One}\nText.\n\n\\section{Two}\nMore \\verb|a_b|.")
	if got, want := documenttest.Headings(doc), []string{"2 One", "3 Two"}; !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
	documenttest.WantTexts(t, doc, document.Paragraph, "Text.", "More a_b.")
}

// Each of these made a reader slow or large, or could.
func TestHostilePapersAreRead(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"deep braces":       strings.Repeat("{", 100_000) + "x" + strings.Repeat("}", 100_000),
		"open braces":       strings.Repeat("\\footnote{x", 100_000),
		"deep notes":        strings.Repeat("\\footnote{x", 50_000) + strings.Repeat("}", 50_000),
		"deep lists":        strings.Repeat("\\begin{itemize}\\item x ", 100_000),
		"deep tables":       strings.Repeat("\\begin{tabular}{l} a & ", 20_000) + strings.Repeat("\\end{tabular}", 20_000),
		"open code":         strings.Repeat("\\begin{verbatim} x ", 100_000),
		"open formulas":     strings.Repeat("\\[ x \\( $ ", 100_000),
		"dollars":           strings.Repeat("$", 500_000) + "x",
		"a loop":            "\\newcommand{\\a}{\\b x}\\newcommand{\\b}{\\a y}\\a",
		"doubling macros":   "\\newcommand{\\a}{x}\\newcommand{\\b}[1]{#1#1}" + strings.Repeat("\\b{", 60) + "y" + strings.Repeat("}", 60),
		"billion laughs":    "\\newcommand{\\a}{laugh}\\newcommand{\\b}{\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a}\\newcommand{\\c}{\\b\\b\\b\\b\\b\\b\\b\\b\\b\\b}\\newcommand{\\dd}{\\c\\c\\c\\c\\c\\c\\c\\c\\c\\c}\\newcommand{\\e}{\\dd\\dd\\dd\\dd\\dd\\dd\\dd\\dd\\dd\\dd}\\newcommand{\\f}{\\e\\e\\e\\e\\e\\e\\e\\e\\e\\e}\\newcommand{\\g}{\\f\\f\\f\\f\\f\\f\\f\\f\\f\\f}\\g\\g\\g",
		"wide table":        "\\begin{tabular}{l}" + strings.Repeat("\\multicolumn{99}{l}{x} &", 20_000) + "\\end{tabular}",
		"an endless line":   strings.Repeat("word ", 500_000),
		"open options":      strings.Repeat("\\foo[", 100_000),
		"endless accents":   strings.Repeat("\\'", 200_000),
		"many macros":       strings.Repeat("\\newcommand{\\q}{x}\\q", 50_000),
		"nested quotations": strings.Repeat("\\begin{quote}\\begin{theorem}", 50_000) + "x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := documenttest.Try(t, latex.Read, "a.tex", content); err != nil && document.AsError(err) == nil {
				t.Errorf("not the file's fault: %v", err)
			}
		})
	}
}

func FuzzLaTeX(f *testing.F) {
	documenttest.Fuzz(f, latex.Read, "a.tex", paper, `\def\x#1{a#1}\x{b}\begin{tabular}{ll}\multirow{2}{*}{a}&b\\[2pt]\end{tabular}\begin{lstlisting}[x]q\end{lstlisting}`)
}
