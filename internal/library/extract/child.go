package extract

import "io"

// ChildMain is the whole life of a child process: it reads requests from stdin
// and answers on stdout until stdin closes. It returns the exit code.
func ChildMain(stdin io.Reader, stdout io.Writer) int { return 0 }
