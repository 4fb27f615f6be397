package testkit

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"
)

// AMQP is the address of a RabbitMQ that tests share, with credentials and
// virtual host.
func AMQP(t testing.TB) string {
	t.Helper()
	return Need(t, "MNEMOSYNE_TEST_AMQP_URL", "RabbitMQ")
}

// QueuePrefix is what stands before the names of a test's queues on the
// shared RabbitMQ, and a connection to it. The queues go when the test ends.
func QueuePrefix(t testing.TB) (string, *amqp.Connection) {
	t.Helper()
	conn, err := amqp.Dial(AMQP(t))
	if err != nil {
		t.Fatalf("reach RabbitMQ: %v", err)
	}
	prefix := "test-" + strings.ReplaceAll(uuid.NewString(), "-", "") + "-"
	t.Cleanup(func() {
		for _, name := range []string{"celery", "embedding", "batch"} {
			ch, err := conn.Channel()
			if err == nil {
				_, err = ch.QueueDelete(prefix+name, false, false, false)
			}
			if err != nil {
				t.Logf("the queue %s%s is left behind: %v", prefix, name, err)
			}
		}
		_ = conn.Close()
	})
	return prefix, conn
}
