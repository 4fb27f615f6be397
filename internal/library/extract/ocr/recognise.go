package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const (
	// pageTimeout is the most that a picture may take: Tesseract can brood
	// over noise for long.
	pageTimeout = 2 * time.Minute
	// mostOutput bounds what Tesseract says of a picture.
	mostOutput = 32 << 20
	// MostPixels is how large a picture may be that is recognised.
	MostPixels = 12_000_000
)

// doubtful is the confidence, of 100, below which a picture may be turned.
const doubtful = 65

// Recognise reads a picture of that many dots per inch, 0 if that is not
// known. A picture without text gives no lines. One that takes too long gives
// none either.
func (e Engine) Recognise(ctx context.Context, picture *image.Gray, dpi int) (Text, error) {
	text, err := e.read(ctx, picture, dpi)
	if err != nil || !e.Turns || text.confidence >= doubtful {
		return text, err
	}
	turn, err := e.turnOf(ctx, picture, dpi)
	if err != nil || turn == 0 {
		return text, err
	}
	turned, err := e.read(ctx, Turn(picture, turn), dpi)
	if err != nil || turned.score() <= text.score() {
		return text, err
	}
	turned.Turn = turn
	return turned, nil
}

func (e Engine) read(ctx context.Context, picture *image.Gray, dpi int) (Text, error) {
	const automatic = "3" // the whole page, upright
	out, err := e.run(ctx, picture, dpi, "--psm", automatic, "-l", strings.Join(e.Languages, "+"), "tsv")
	if err != nil {
		return Text{}, err
	}
	t := parse(out)
	t.Width, t.Height = picture.Rect.Dx(), picture.Rect.Dy()
	return t, nil
}

var rotation = regexp.MustCompile(`(?m)^Rotate: (90|180|270)$`)

// turnOf gives the quarters, clockwise, by which a picture must be turned to
// stand upright. Where Tesseract cannot tell, it is 0.
func (e Engine) turnOf(ctx context.Context, picture *image.Gray, dpi int) (int, error) {
	const onlyOrientation = "0"
	out, err := e.run(ctx, picture, dpi, "--psm", onlyOrientation, "-l", orientation)
	if err != nil {
		return 0, err
	}
	m := rotation.FindSubmatch(out)
	if m == nil {
		return 0, nil
	}
	degrees, err := strconv.Atoi(string(m[1]))
	return degrees / 90, err //nolint:wrapcheck // digits
}

// run gives Tesseract a picture through a pipe and takes what it says. A
// picture that it fails on, or that takes too long, says nothing.
func (e Engine) run(ctx context.Context, picture *image.Gray, dpi int, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	if dpi > 0 {
		args = append([]string{"--dpi", strconv.Itoa(min(max(dpi, 70), 2400))}, args...)
	}
	cmd := exec.CommandContext(ctx, e.Program, append([]string{"stdin", "stdout"}, args...)...) //nolint:gosec // Tesseract
	// Threads of its own make Tesseract slower.
	cmd.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
	cmd.Stdin = greymap(picture)
	cmd.WaitDelay = time.Second
	out := &bounded{}
	cmd.Stdout = out
	dieWithParent(cmd)
	// The kernel ties that to the thread that starts the program.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	if _, failed := errors.AsType[*exec.ExitError](err); failed || ctx.Err() != nil || errors.Is(err, errTooMuch) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("recognise text with %s: %w", e.Program, err)
	}
	return out.Bytes(), nil
}

// greymap is a picture in the form of PGM.
func greymap(picture *image.Gray) io.Reader {
	w, h := picture.Rect.Dx(), picture.Rect.Dy()
	head := fmt.Sprintf("P5\n%d %d\n255\n", w, h)
	if picture.Stride == w {
		return io.MultiReader(strings.NewReader(head), bytes.NewReader(picture.Pix[:w*h]))
	}
	rows := []io.Reader{strings.NewReader(head)}
	for y := range h {
		rows = append(rows, bytes.NewReader(picture.Pix[y*picture.Stride:y*picture.Stride+w]))
	}
	return io.MultiReader(rows...)
}

// bounded keeps what is written up to mostOutput.
type bounded struct{ bytes.Buffer }

var errTooMuch = errors.New("tesseract says too much")

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > mostOutput {
		return 0, errTooMuch
	}
	return b.Buffer.Write(p)
}
