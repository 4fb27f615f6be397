// want: - T T.Do main
package p

// T is one.
type T[K any] struct{}

// Do does.
func (t *T[K]) Do() {}

func main() { x := "func no() {"; _ = x }
