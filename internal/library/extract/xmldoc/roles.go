package xmldoc

import "strings"

// role is what an element is to a reader, whatever vocabulary names it.
type role uint8

const (
	inline  role = iota
	skipped      // not read: pictures, lists of sequences, a publisher's notes
	block        // ends the line before and after
	section
	heading
	paragraph
	verses // lines one below the other
	list
	item
	table
	caption
	code
	formula
	footnote
	quote
	front
	citation
	abstract
	claim
)

// roles tells the role of elements by their local names. The vocabularies
// hardly contradict each other; names that are missing are inline.
func roles() map[string]role {
	byName := map[string]role{}
	for _, r := range []struct {
		role  role
		names string
	}{
		{skipped, `graphic inline-graphic media img image mediaobject inlinemediaobject imagedata indexterm colspec chemistry drawings
			subdoc-drawings SDODR us-claim-statement number us-sequence-list-doc sequence-list prolog fw pb cb gb permissions
			custom-meta-group processing-meta CHEM-US EMI object-id us-related-documents cross-reference-list sub-article
			response`},
		{section, `sec section sect1 sect2 sect3 sect4 sect5 simplesect chapter part appendix app preface div div1 div2 div3 div4 div5 topic
			concept task reference refsect1 refsect2 glossary ack bibliography claims subdoc-claims SDOCL ref-list book-part refentry`},
		{heading, "title head heading H refname"},
		{paragraph, "p para simpara PARA paragraph ab shortdesc attrib byline"},
		{verses, "lg verse-group sp address literallayout"},
		{list, `list itemizedlist orderedlist variablelist simplelist procedure ul ol sl dl def-list listBibl steps`},
		{item, `list-item listitem item li step member def-item varlistentry dlentry bibl biblStruct biblioentry sli ref`},
		{table, "table informaltable simpletable"},
		{caption, "caption figDesc"},
		{code, "programlisting screen preformat codeblock eg pre synopsis msgblock"},
		{formula, "tex-math math disp-formula inline-formula alternatives maths equation MATH-US MATHEMATICA"},
		{footnote, "fn footnote"},
		{quote, "disp-quote blockquote epigraph lq"},
		{front, `front front-stub teiHeader info bookinfo articleinfo chapterinfo SDOBI subdoc-bibliographic-information
			us-bibliographic-data-application us-bibliographic-data-grant book-meta book-part-meta docinfo`},
		{citation, "mixed-citation element-citation nlm-citation citation"},
		{abstract, "abstract subdoc-abstract SDOAB trans-abstract"},
		{claim, "claim CLM"},
		{block, `fig figure table-wrap fig-group boxed-text body back text group description subdoc-description SDODE dt dd term def row tables
			fn-group app-group notes glossentry glossdef example warning tip caution important sidebar conbody taskbody refbody question answer
			article statement BTEXT cmd stepresult context result prereq postreq table-wrap-foot speech speaker note supplementary-material`},
	} {
		for name := range strings.FieldsSeq(r.names) {
			byName[name] = r.role
		}
	}
	return byName
}
