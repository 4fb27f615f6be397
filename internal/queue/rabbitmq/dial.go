package rabbitmq

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

func (o Options) address() string { return net.JoinHostPort(o.Host, strconv.Itoa(o.Port)) }

// dial connects. use says what for, in the broker's list of connections.
func (o Options) dial(ctx context.Context, use string) (*amqp.Connection, error) {
	scheme := "amqp"
	if o.TLS {
		scheme = "amqps"
	}
	host, _ := os.Hostname() // only for people
	u := url.URL{Scheme: scheme, Host: o.address()}
	conn, err := amqp.DialConfig(u.String(), amqp.Config{
		SASL:  []amqp.Authentication{&amqp.PlainAuth{Username: o.User, Password: o.Password}},
		Vhost: o.VHost, Heartbeat: heartbeat,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, ServerName: o.Host},
		Properties:      amqp.Table{"connection_name": fmt.Sprintf("mnemosyne %s %s/%d", use, host, os.Getpid()), "product": "Mnemosyne"},
		Dial: func(network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			// Until the connection is open; the client clears it then.
			return bounded{conn}, conn.SetDeadline(time.Now().Add(dialTimeout))
		},
	})
	if err != nil {
		return nil, o.explainLogin(err)
	}
	return conn, nil
}

// bounded is a connection whose writes do not hang on a broker that has
// stopped reading.
type bounded struct{ net.Conn }

func (b bounded) Write(p []byte) (int, error) {
	if err := b.SetWriteDeadline(time.Now().Add(dialTimeout)); err != nil {
		return 0, err
	}
	return b.Conn.Write(p)
}

// deliveryLimit is how often a wake-up may be given back before the broker
// drops it. From RabbitMQ 4 on that is 20 unless told otherwise, and a worker
// gives back whatever comes while it is busy. Only a large number means "never"
// to every version: RabbitMQ 3 drops a message at once when told -1.
const deliveryLimit = math.MaxInt32

// declare makes a queue, or sees that the one that is there is as it must be.
func (o Options) declare(ch *amqp.Channel, name string) error {
	_, err := ch.QueueDeclare(o.Prefix+name, true, false, false, false, amqp.Table{
		amqp.QueueTypeArg: amqp.QueueTypeQuorum, "x-delivery-limit": deliveryLimit,
	})
	if refused, ok := errors.AsType[*amqp.Error](err); ok && refused.Code == amqp.PreconditionFailed {
		return errs.Wrap(errs.Unavailable, err, fmt.Sprintf("The queue %[1]s of the virtual host %[2]s exists and is no durable quorum queue "+
			"with x-delivery-limit %[3]d, as one of the service before this one: stop what uses it and remove it with "+
			"`rabbitmqctl delete_queue --vhost %[2]s %[1]s` (jobs are in the database, none is lost), or set MNEMOSYNE_QUEUE_PREFIX "+
			"so that queues of other names are made.", o.Prefix+name, o.VHost, deliveryLimit))
	}
	return o.explain(err)
}

// missing tells that a queue is not there.
func missing(err error) bool {
	refused, ok := errors.AsType[*amqp.Error](err)
	return ok && refused.Code == amqp.NotFound
}

// explainLogin says what to do when the broker does not let us in.
func (o Options) explainLogin(err error) error {
	refused, ok := errors.AsType[*amqp.Error](err)
	switch {
	case !ok:
		return errs.Wrap(errs.Unavailable, err, fmt.Sprintf("RabbitMQ cannot be reached at %s.", o.address()))
	case errors.Is(err, amqp.ErrVhost), refused.Code == amqp.NotAllowed:
		return errs.Wrap(errs.Unavailable, err, fmt.Sprintf("RabbitMQ at %[1]s does not let the user %[2]s into the virtual host %[3]s: "+
			"make it with `rabbitmqctl add_vhost %[3]s` and %[4]s, or put another one at the end of CELERY_BROKER_URL.",
			o.address(), o.User, o.VHost, o.permit()))
	case refused.Code == amqp.AccessRefused:
		return errs.Wrap(errs.Unavailable, err, fmt.Sprintf("RabbitMQ at %s refuses the user %s: check user and password in CELERY_BROKER_URL. "+
			"The password there must be percent-encoded (@ is %%40, : is %%3A, / is %%2F, # is %%23, %% is %%25).", o.address(), o.User))
	}
	return o.explain(err)
}

// explain says what to do about what the broker says once we are in.
func (o Options) explain(err error) error {
	if err == nil || errs.As(err) != nil {
		return err
	}
	if refused, ok := errors.AsType[*amqp.Error](err); ok && refused.Code == amqp.AccessRefused {
		return errs.Wrap(errs.Unavailable, err, fmt.Sprintf("RabbitMQ at %s does not allow the user %s what is needed in the virtual host %s: run %s.",
			o.address(), o.User, o.VHost, o.permit()))
	}
	return errs.Wrap(errs.Unavailable, err, fmt.Sprintf("RabbitMQ at %s broke off.", o.address()))
}

func (o Options) permit() string {
	return fmt.Sprintf("`rabbitmqctl set_permissions --vhost %s %s '.*' '.*' '.*'`", o.VHost, o.User)
}

// pause is how long to wait before the next try after n that failed.
func pause(n int) time.Duration {
	limit := min(maxRetry, firstRetry<<min(n, 10))
	return limit/2 + rand.N(limit/2) //nolint:gosec // nothing is secret about when to try again
}
