package rabbitmq

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	published   *prometheus.CounterVec
	redelivered *prometheus.CounterVec
	reconnects  *prometheus.CounterVec
	listening   prometheus.Gauge
}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		published: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mnemosyne_queue_published_total", Help: "Wake-ups sent to RabbitMQ, by queue and whether they were confirmed.",
		}, []string{"queue", "outcome"}),
		redelivered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mnemosyne_queue_redelivered_total", Help: "Wake-ups that RabbitMQ brought not for the first time, by queue.",
		}, []string{"queue"}),
		reconnects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mnemosyne_queue_reconnects_total", Help: "Connections to RabbitMQ made in place of one that broke, by what for.",
		}, []string{"use"}),
		listening: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "mnemosyne_queue_listening", Help: "1 while RabbitMQ hands wake-ups over to this process.",
		}),
	}
	if registry != nil {
		registry.MustRegister(m.published, m.redelivered, m.reconnects, m.listening)
	}
	return m
}

func (m *metrics) sent(queue string, err error) {
	outcome := "confirmed"
	if err != nil {
		outcome = "failed"
	}
	m.published.WithLabelValues(queue, outcome).Inc()
}
