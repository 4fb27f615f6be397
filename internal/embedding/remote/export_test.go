package remote

// Estimate is how CountTokens counts.
func Estimate(text string) int { return estimate(text) }
