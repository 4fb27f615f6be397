package rabbitmq_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/queue/queuetest"
	"git.helu.ca/r/mnemosyne/internal/queue/rabbitmq"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// broker is the broker that tests share, with queues of the test's own, which
// go when it ends.
func broker(t *testing.T) (rabbitmq.Options, *amqp.Connection) {
	t.Helper()
	prefix, conn := testkit.QueuePrefix(t)
	u, err := url.Parse(testkit.AMQP(t))
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	return rabbitmq.Options{
		Host: u.Hostname(), Port: port, VHost: strings.TrimPrefix(u.Path, "/"), User: u.User.Username(), Password: password, Prefix: prefix,
	}, conn
}

// testLog shows what the engine says when asked to.
func testLog() *slog.Logger {
	if os.Getenv("MNEMOSYNE_TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

func open(t *testing.T, opt rabbitmq.Options) *rabbitmq.Queue {
	t.Helper()
	opt.Log = testLog()
	q := rabbitmq.New(opt)
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

func TestRabbitMQIsAQueue(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, func(t *testing.T) queue.Queue {
		opt, _ := broker(t)
		return open(t, opt)
	})
}

func TestWhatIsWrongIsSaidWithWhatToDo(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(t *testing.T, o *rabbitmq.Options, conn *amqp.Connection)
		want   []string
	}{
		"a wrong password": {
			change: func(_ *testing.T, o *rabbitmq.Options, _ *amqp.Connection) { o.Password = "p@ss" },
			want:   []string{"percent-encoded", "%40", "CELERY_BROKER_URL", "refuses the user "},
		},
		"no such virtual host": {
			change: func(_ *testing.T, o *rabbitmq.Options, _ *amqp.Connection) { o.VHost = "elsewhere" },
			want:   []string{"rabbitmqctl add_vhost elsewhere"},
		},
		"nobody listens": {
			change: func(_ *testing.T, o *rabbitmq.Options, _ *amqp.Connection) { o.Port = 1 },
			want:   []string{"cannot be reached", ":1", "refused"},
		},
		"a server of another kind": {
			change: func(t *testing.T, o *rabbitmq.Options, _ *amqp.Connection) {
				t.Helper()
				o.TLS = true
			},
			want: []string{"cannot be reached"},
		},
		"a classic queue in the way": {
			change: func(t *testing.T, o *rabbitmq.Options, conn *amqp.Connection) {
				t.Helper()
				ch, err := conn.Channel()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := ch.QueueDeclare(o.Prefix+queue.General, true, false, false, false, nil); err != nil {
					t.Fatal(err)
				}
			},
			want: []string{"no durable quorum queue", "rabbitmqctl delete_queue", "MNEMOSYNE_QUEUE_PREFIX"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opt, conn := broker(t)
			row.change(t, &opt, conn)
			q := open(t, opt)
			heard := make(chan struct{})
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				defer close(heard)
				if err := q.Consume(ctx, queue.Names(), 1, func(context.Context, string) {}); err != nil {
					t.Error(err)
				}
			}()
			errors := map[string]error{"Ping": q.Ping(t.Context()), "Wake": q.Wake(t.Context(), queue.General, "a")}
			for strings.Contains(errors["Wake"].Error(), "in time") { // a broker is slow to refuse
				errors["Wake"] = q.Wake(t.Context(), queue.General, "a")
			}
			for errors["Listening"] == nil || strings.Contains(errors["Listening"].Error(), "nobody") {
				errors["Listening"] = q.Listening()
			}
			cancel()
			<-heard
			for from, err := range errors {
				for _, want := range row.want {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("%s gave %v, which lacks %q", from, err, want)
					}
				}
				if given, parsed := amqp.ParseURI(testkit.AMQP(t)); parsed != nil || strings.Contains(fmt.Sprint(err), given.Password) {
					t.Errorf("%s shows the password: %v", from, err)
				}
			}
		})
	}
}

func TestPingMakesNoQueue(t *testing.T) {
	t.Parallel()
	opt, conn := broker(t)
	q := open(t, opt)
	for range 2 {
		if err := q.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		ch, err := conn.Channel()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ch.QueueDeclarePassive(opt.Prefix+queue.General, true, false, false, false, nil); err == nil {
			t.Error("Ping made a queue")
		}
	}
	queuetest.Wake(t, q, queue.General, "a")
	if err := q.Ping(t.Context()); err != nil {
		t.Errorf("Ping = %v with queues that are as they must be", err)
	}
}

func TestAMessageThatNoQueueTakesIsNotTakenForSent(t *testing.T) {
	t.Parallel()
	opt, conn := broker(t)
	q := open(t, opt)
	queuetest.Wake(t, q, queue.General, "a")
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ch.QueueDelete(opt.Prefix+queue.General, false, false, false); err != nil {
		t.Fatal(err)
	}
	if err := q.Wake(t.Context(), queue.General, "b"); err == nil {
		t.Error("Wake gave no error though the queue is gone")
	}
	for err = q.Wake(t.Context(), queue.General, "c"); err != nil; err = q.Wake(t.Context(), queue.General, "c") {
		if t.Context().Err() != nil {
			t.Fatal("the queue is not made again:", err)
		}
	}
	heard := make(chan string, 2)
	queuetest.Consume(t, q, queue.Names(), 1, func(_ context.Context, id string) { heard <- id })
	if got := queuetest.Next(t, heard); got != "c" {
		t.Errorf("heard %s, want c", got)
	}
}

func TestAWakeUpThatIsGivenBackOverAndOverStays(t *testing.T) {
	t.Parallel()
	opt, conn := broker(t)
	q := open(t, opt)
	queuetest.Wake(t, q, queue.Batch, "a")
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Qos(1, 0, false); err != nil {
		t.Fatal(err)
	}
	messages, err := ch.Consume(opt.Prefix+queue.Batch, "", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	const more = 30 // RabbitMQ 4 drops a message after 20 by itself
	for range more {
		m := queuetest.Next(t, messages)
		if err := m.Nack(false, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := ch.Close(); err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 1)
	queuetest.Consume(t, q, queue.Names(), 1, func(_ context.Context, id string) { heard <- id })
	if got := queuetest.Next(t, heard); got != "a" {
		t.Errorf("heard %s, want a", got)
	}
}

func TestAConsumerWhoseQueueIsDeletedMakesItAgain(t *testing.T) {
	t.Parallel()
	opt, conn := broker(t)
	opt.DoubtEvery(time.Second)
	q := open(t, opt)
	heard := make(chan string, 1000)
	queuetest.Consume(t, q, queue.Names(), 1, func(_ context.Context, id string) { heard <- id })
	queuetest.Wake(t, q, queue.Batch, "a")
	queuetest.Next(t, heard)
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ch.QueueDelete(opt.Prefix+queue.Batch, false, false, false); err != nil {
		t.Fatal(err)
	}
	// What comes while the queue goes may go with it: it is sent again, as the relay does.
	for again := time.NewTicker(200 * time.Millisecond); ; {
		_ = q.Wake(t.Context(), queue.Batch, "b")
		select {
		case got := <-heard:
			if got != "b" {
				t.Errorf("heard %s, want b", got)
			}
			return
		case <-again.C:
		case <-t.Context().Done():
			t.Fatal("the consumer hears nothing any more")
		}
	}
}

func TestABusyConsumerLeavesWhatItCannotHandleToOthers(t *testing.T) {
	t.Parallel()
	opt, _ := broker(t)
	busy, idle := open(t, opt), open(t, opt)
	began, release := make(chan string), make(chan struct{})
	queuetest.Consume(t, busy, queue.Names(), 2, func(_ context.Context, id string) {
		began <- id
		<-release
	})
	defer close(release)
	for i := range 8 { // more than it may work on, on every queue
		queuetest.Wake(t, busy, queue.Names()[i%3], fmt.Sprint(i))
	}
	first := []string{queuetest.Next(t, began), queuetest.Next(t, began)}
	heard := make(chan string, 10)
	queuetest.Consume(t, idle, queue.Names(), 1, func(_ context.Context, id string) { heard <- id })
	for range 8 - len(first) {
		if id := queuetest.Next(t, heard); id == first[0] || id == first[1] {
			t.Errorf("%s is at work and was given to another", id)
		}
	}
}
