package rabbitmq_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/queue/rabbitmq"
)

// The methods of AMQP 0-9-1 that matter here, class and number.
var (
	basicPublish      = []byte{0, 60, 0, 40}
	connectionBlocked = []byte{0, 10, 0, 60}
)

const frameHead = 7 // bytes: type, channel, size

// alarmed stands before a broker and does as one does whose memory alarm is
// on: once a client sends a message it says so, where told, and reads no more.
func alarmed(t *testing.T, opt rabbitmq.Options, tells bool) rabbitmq.Options {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	broker := net.JoinHostPort(opt.Host, strconv.Itoa(opt.Port))
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := new(net.Dialer).DialContext(t.Context(), "tcp", broker)
			if err != nil {
				_ = in.Close()
				continue
			}
			t.Cleanup(func() { _ = in.Close(); _ = out.Close() })
			a := &alarm{client: in, broker: out, tells: tells}
			go a.answers()
			go a.requests()
		}
	}()
	opt.Host = "127.0.0.1"
	if opt.Port, err = strconv.Atoi(l.Addr().String()[strings.LastIndex(l.Addr().String(), ":")+1:]); err != nil {
		t.Fatal(err)
	}
	return opt
}

type alarm struct {
	client, broker net.Conn
	tells          bool
	mu             sync.Mutex // of writing to the client
}

func (a *alarm) answers() {
	for {
		frame, err := readFrame(a.broker)
		if err != nil {
			return
		}
		a.write(frame)
	}
}

func (a *alarm) write(frame []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, _ = a.client.Write(frame)
}

func (a *alarm) requests() {
	if _, err := io.CopyN(a.broker, a.client, 8); err != nil { // the protocol's name
		return
	}
	for {
		frame, err := readFrame(a.client)
		if err != nil {
			return
		}
		if frame[0] == 1 && bytes.HasPrefix(frame[frameHead:], basicPublish) {
			if a.tells {
				reason := "low on memory"
				payload := append(bytes.Clone(connectionBlocked), byte(len(reason)))
				payload = append(payload, reason...)
				head := []byte{1, 0, 0, 0, 0, 0, 0}
				binary.BigEndian.PutUint32(head[3:], uint32(len(payload)))
				a.write(append(append(head, payload...), 0xCE))
			}
			return
		}
		if _, err := a.broker.Write(frame); err != nil {
			return
		}
	}
}

func readFrame(from io.Reader) ([]byte, error) {
	head := make([]byte, frameHead)
	if _, err := io.ReadFull(from, head); err != nil {
		return nil, err
	}
	frame := make([]byte, frameHead+int(binary.BigEndian.Uint32(head[3:]))+1)
	copy(frame, head)
	_, err := io.ReadFull(from, frame[frameHead:])
	return frame, err
}

func TestPingSaysThatTheBrokerTakesNoMessages(t *testing.T) {
	t.Parallel()
	opt, _ := broker(t)
	for name, row := range map[string]struct {
		tells bool
		want  string
	}{
		"and says why":      {true, "takes no messages: low on memory"},
		"and does not tell": {false, "does not confirm"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			err := open(t, alarmed(t, opt, row.tells)).Ping(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("Ping = %v, want %q", err, row.want)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	if err := open(t, opt).Ping(t.Context()); err != nil {
		t.Errorf("without an alarm Ping = %v", err)
	}
}
