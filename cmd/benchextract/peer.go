package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"time"
)

//go:embed peers.py
var peersScript string

// peer reads files with a Python package, each file in a process forked from
// one that has the package loaded.
type peer struct {
	label, python string
	cmd           *exec.Cmd
	in            io.WriteCloser
	out           *bufio.Reader
}

func (p *peer) name() string { return p.label }

func (p *peer) start(ctx context.Context) error {
	p.cmd = exec.CommandContext(ctx, p.python, "-c", peersScript, p.label) //nolint:gosec // the user's interpreter
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.python, err)
	}
	if line, err := p.out.ReadString('\n'); err != nil {
		return fmt.Errorf("%s cannot be measured: its package does not load", p.label)
	} else if line != "ready\n" {
		return fmt.Errorf("%s answers %q", p.label, line)
	}
	return nil
}

func (p *peer) stop() {
	_ = p.in.Close()
	_ = p.cmd.Wait() // whatever it says, the figures are there
}

func (p *peer) read(_ context.Context, c testCase) (result, error) {
	request, err := json.Marshal(c.path)
	if err != nil {
		return result{}, err
	}
	if _, err := p.in.Write(append(request, '\n')); err != nil {
		return result{}, fmt.Errorf("%s is gone: %w", p.label, err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return result{}, fmt.Errorf("%s is gone: %w", p.label, err)
	}
	var answer struct {
		Markdown string
		Error    string
		CPU      float64 // seconds
		Peak     int64   // bytes
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		return result{}, fmt.Errorf("%s: %w", p.label, err)
	}
	return result{
		content: readMarkdown(answer.Markdown), failed: answer.Error,
		cpu: time.Duration(answer.CPU * float64(time.Second)), peak: answer.Peak,
	}, nil
}
