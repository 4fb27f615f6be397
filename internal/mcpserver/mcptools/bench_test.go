package mcptools_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

const benchServer = "MNEMOSYNE_TEST_MCP_BENCH_SERVER"

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestServeForTheBenchmark is the server of BenchmarkWhoami in a process of
// its own, so that its processor time is told apart from the clients'. Bearer,
// store and index are the real ones.
func TestServeForTheBenchmark(t *testing.T) {
	t.Parallel()
	if os.Getenv(benchServer) == "" {
		t.Skip("started by BenchmarkWhoami")
	}
	e := newEngines(t)
	e.put("handbook.md", handbook)
	token := e.token(mcpserver.TokenSpec{AllowedLibraries: []string{accounts.AllLibraries}})
	used := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(rw, int64(cpu()))
	})}
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = used.Serve(listener) }()
	fmt.Printf("serving %s http://%s %s\n", e.url, listener.Addr(), token)
	_, _ = io.Copy(io.Discard, os.Stdin) // until the benchmark is done
}

// BenchmarkWhoami measures the server's processor time a call, with eight
// clients that keep their connections.
func BenchmarkWhoami(b *testing.B) {
	for _, gogc := range []string{"100", "400"} {
		for _, version := range []string{"2025-11-25", "2026-07-28"} {
			b.Run("GOGC="+gogc+"/"+version, func(b *testing.B) { benchWhoami(b, gogc, version) })
		}
	}
}

func benchWhoami(b *testing.B, gogc, version string) {
	b.Helper()
	mcpURL, cpuURL, token := startBenchServer(b, gogc)
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{}%s}}`, newMeta(version))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	call := func() error {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, mcpURL+"/mcp/", strings.NewReader(body))
		if err != nil {
			return err
		}
		req.Header = http.Header{
			"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
			"Authorization": {"Bearer " + token}, "Mcp-Protocol-Version": {version}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {"whoami"},
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		if answer, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(answer), `"structuredContent"`) {
			return fmt.Errorf("%s %s: %w", res.Status, answer, err)
		}
		return nil
	}
	for range 100 {
		if err := call(); err != nil {
			b.Fatal(err)
		}
	}
	before := used(b, cpuURL)
	b.ResetTimer()
	var wg sync.WaitGroup
	calls := make(chan struct{})
	for range 8 {
		wg.Go(func() {
			for range calls {
				if err := call(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range b.N {
		calls <- struct{}{}
	}
	close(calls)
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(used(b, cpuURL)-before)/float64(b.N)/1e6, "server-cpu-ms/call")
}

func startBenchServer(b *testing.B, gogc string) (mcpURL, cpuURL, token string) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestServeForTheBenchmark$", "-test.v")
	cmd.Env = append(os.Environ(), benchServer+"=1", "GOGC="+gogc)
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, _ := fmt.Sscanf(lines.Text(), "serving %s %s %s", &mcpURL, &cpuURL, &token); n == 3 {
			return mcpURL, cpuURL, token
		}
	}
	b.Fatal("the server did not start")
	return "", "", ""
}

func used(b *testing.B, url string) time.Duration {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	n, err := strconv.ParseInt(read(b, res), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(n)
}
