package main

import (
	"hash/fnv"
	"path"
	"regexp"
	"slices"
	"strings"
)

// question asks about the second passage by naming the first alone.
type question struct {
	template      string
	text          string
	first, second *symbol
}

// Limits that keep the questions unlike each other.
const (
	perTemplate = 48
	perType     = 2 // questions whose answers belong to one type
)

// ask makes the questions. No two have a passage in common.
func ask(l *catalog) []question {
	var out []question
	used, types := map[string]bool{}, map[string]int{}
	for _, template := range templates() {
		found := template(l)
		slices.SortStableFunc(found, func(a, b question) int { return strings.Compare(shuffled(a.first.id), shuffled(b.first.id)) })
		n := 0
		for _, q := range found {
			of := q.second.pkg + "." + q.second.owner()
			if n == perTemplate || used[q.first.id] || used[q.second.id] || types[of] == perType || !honest(q) {
				continue
			}
			used[q.first.id], used[q.second.id] = true, true
			types[of]++
			n++
			out = append(out, q)
		}
	}
	return out
}

// shuffled orders by something that is the same each time and tells nothing.
func shuffled(id string) string {
	h := fnv.New128a()
	_, _ = h.Write([]byte(id))
	return string(h.Sum(nil))
}

// pick chooses one of several ways to ask.
func pick(id string, forms ...string) string { return forms[int(shuffled(id)[0])%len(forms)] }

// owner is the type that a passage belongs to.
func (s *symbol) owner() string {
	if s.recv != "" {
		return s.recv
	}
	return s.name
}

var words = regexp.MustCompile(`[A-Za-z]+`)

// honest tells whether a question needs both passages: the first names what
// joins them, the question does not, nor does it name the second. A method's
// name may be asked for where several types have it.
func honest(q question) bool {
	joint := q.second.owner()
	asked := words.FindAllString(q.text, -1)
	if slices.ContainsFunc(asked, func(w string) bool { return strings.EqualFold(w, joint) }) {
		return false
	}
	for _, part := range strings.Split(q.first.title, ".") { // SetReader and Reader tell each other
		if strings.Contains(strings.ToLower(part), strings.ToLower(joint)) {
			return false
		}
	}
	return slices.Contains(words.FindAllString(q.first.text(), -1), joint) && !strings.Contains(q.first.doc, q.second.doc)
}

func templates() []func(*catalog) []question {
	return []func(*catalog) []question{resultMethods, arguments, errorTypes, references, results}
}

// methods are what several types do, and how one asks for it.
func methods() map[string]string {
	return map[string]string{
		"Close": "What happens when the value that %s returns is closed?",
		"Read":  "How does reading behave on the value that one gets from %s?", "Write": "How does writing behave on the value that one gets from %s?",
		"Reset": "What does resetting the value made by %s do?", "Flush": "What does flushing do on what %s gives back?",
		"Next": "How does one advance to the next entry with the value from %s?", "Stop": "What does stopping the value that %s returned do, and what not?",
		"Scan": "How are values scanned from what %s returns?", "Seek": "What is said of seeking in what %s returns?",
		"Name": "Which name does the value obtained from %s report?", "Wait": "What does waiting on the value from %s do?",
		"String": "What does the text form of the value that %s returns look like?", "Len": "What does the length of what %s returns count?",
		"Error": "What message does the value from %s give as an error?", "Add": "What does adding to the value that %s returns do?",
		"Set": "How is something set on the value that %s returns?", "Get": "What does getting an entry from the result of %s give?",
		"Encode": "How does the value made by %s encode something?", "Decode": "How does the value made by %s decode something?",
		"ReadFrom": "What does it mean to read from another reader into what %s returns?", "WriteTo": "What does the value from %s do when told to write itself to a writer?",
		"SetDeadline": "What does a deadline set on the result of %s affect?", "Start": "What happens when the value made by %s is started?",
		"Run": "What does running the value that %s returns do?", "Do": "What does doing a request with the value from %s involve?",
		"Size": "Which size does the value from %s report?", "Buffered": "What does the value from %s count as buffered?",
		"Sync": "What does syncing the value from %s do?", "Truncate": "What does truncating what %s returns do?", "Parse": "How does the result of %s parse its input?",
		"Open": "How is a file opened through what %s returns?", "Stat": "What does asking for the status of what %s returns give?",
		"Copy": "What does copying with the value of %s do?", "Token": "Which token does the value made by %s return next?", "Unwrap": "What does unwrapping the value from %s give?",
		"Header": "What does the header of the value that %s makes hold?", "Commit": "What does committing the value from %s do?", "Query": "How does one query with the value that %s returns?",
		"Done": "When is the channel of the value from %s closed?", "Equal": "When are two values from %s equal?", "Lookup": "What does a lookup in the result of %s return?",
		"Index": "What does indexing the value that %s returns give?", "Shutdown": "What does shutting down the value from %s do?", "Peek": "What does peeking at the value of %s return?",
		"Clone": "What does cloning the result of %s make?", "Handle": "What does the result of %s do to handle something?", "Addr": "Which address does the value from %s give?",
	}
}

// resultMethods asks for a method of what a function returns.
func resultMethods(l *catalog) (out []question) {
	for _, first := range l.passages {
		if len(first.results) == 0 || first.isType {
			continue
		}
		t := first.results[0]
		if t == "" || t == first.pkg+"."+first.recv {
			continue
		}
		for name, form := range methods() {
			if second := l.byID[t+"."+name]; second != nil && second != first {
				out = append(out, question{"result", strings.Replace(form, "%s", first.title, 1), first, second})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b question) int { return strings.Compare(shuffled(a.second.id), shuffled(b.second.id)) })
	return out
}

// arguments asks what an argument must be.
func arguments(l *catalog) (out []question) {
	for _, first := range l.passages {
		for _, p := range first.params {
			if second := l.byID[p.of]; second != nil && len(p.name) > 1 {
				form := pick(first.id, "What is the type of the argument %p of %s for?", "What can be told by the argument %p that %s takes?", "What stands behind the %p that one hands to %s?")
				out = append(out, question{"argument", strings.NewReplacer("%p", p.name, "%s", first.title).Replace(form), first, second})
				break
			}
		}
	}
	return out
}

// errorTypes asks for the error that a function's text speaks of.
func errorTypes(l *catalog) (out []question) {
	of := regexp.MustCompile(`\*?\b(?:([a-z]+)\.)?([A-Z][A-Za-z]*Error|Err[A-Z][A-Za-z]*)\b`)
	for _, first := range l.passages {
		for _, m := range of.FindAllStringSubmatch(first.doc, -1) {
			second := l.named(first.pkg, m[1], m[2])
			if second != nil && second != first && second.isType && second.owner() != first.owner() {
				out = append(out, question{"error", "What is known about a failure from the kind of error that " + first.title + " reports?", first, second})
				break
			}
		}
	}
	return out
}

// named finds a type as a package's text writes it.
func (l *catalog) named(pkg, prefix, name string) *symbol {
	if prefix == "" {
		return l.byID[pkg+"."+name]
	}
	for _, p := range strings.Fields(packages) {
		if s := l.byID[p+"."+name]; s != nil && path.Base(p) == prefix {
			return s
		}
	}
	return nil
}

// relations are the words before a reference, and how one asks for it.
func relations() [][2]string {
	return [][2]string{
		{`wrapper (?:around|for) $`, "What does the one that %s is a wrapper around do in detail?"},
		{`(?:is|are) (?:equivalent|identical) to (?:calling )?$`, "What does that do which %s is equivalent to?"},
		{`(?:shorthand|short) for $`, "What is documented of what %s is short for?"},
		{`(?:is|acts|works|behaves) (?:just |exactly )?like $`, "How does the one that %s is like behave?"},
		{`(?:calls|invokes) $`, "What does the function that %s calls do?"},
		{`(?:using|uses|use) (?:the |a |an )?$`, "What is said about the thing that %s says is used?"},
		{`(?:implements|satisfies) (?:the )?$`, "What does the interface ask for that %s implements?"},
		{`(?:[Ss]ee|see also|refer to) (?:the documentation (?:of|for) )?$`, "What is to be read where %s refers its readers to?"},
		{`(?:returns|return|yields) (?:a |an |the )?(?:new )?$`, "What is the thing that %s says it returns?"},
		{`(?:[Cc]allers should|should) use $`, "What does the recommended alternative to %s do?"},
		{`(?:sets|configures|controls|reports) (?:the )?$`, "What is the thing for that %s is there to set or report?"},
		{`(?:passed to|calls? to|argument (?:of|to)) $`, "What becomes of a value in the function that %s mentions it is passed to?"},
	}
}

// references asks for what a text refers to in so many words.
func references(l *catalog) (out []question) {
	for _, r := range relations() {
		before := regexp.MustCompile(r[0])
		for _, first := range l.passages {
			for _, to := range first.links {
				if second := l.byID[to.to]; second != nil && second != first && before.MatchString(to.before) {
					out = append(out, question{"reference", strings.Replace(r[1], "%s", first.title, 1), first, second})
					break
				}
			}
		}
	}
	return out
}

// results asks for the type of what a function returns.
func results(l *catalog) (out []question) {
	for _, first := range l.passages {
		if len(first.results) == 0 || first.isType {
			continue
		}
		if second := l.byID[first.results[0]]; second != nil && second.owner() != first.recv {
			form := pick(first.id, "What does the value that %s returns represent?", "What is it that one holds after a call to %s, and how is it meant to be used?", "What is documented of the kind of thing that comes out of %s?")
			out = append(out, question{"value", strings.Replace(form, "%s", first.title, 1), first, second})
		}
	}
	return out
}
