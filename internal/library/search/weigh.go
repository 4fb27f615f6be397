package search

// weigh gives each leg its share of a weighted fusion. The shares add up to 1
// where every leg found something.
func (e *Engine) weigh(_ question, vector, fullText *leg) []List {
	return []List{{Weight: e.opt.Alpha, Hits: vector.hits}, {Weight: 1 - e.opt.Alpha, Hits: fullText.hits}}
}
