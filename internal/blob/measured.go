package blob

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Measured is the store with its operations counted and timed on a registry. A
// Local one stays Local.
func Measured(s Store, registry prometheus.Registerer) Store {
	m := measured{Store: s, seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "mnemosyne_object_seconds", Help: "Time of operations on the object store, by operation and outcome.",
		Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60},
	}, []string{"operation", "outcome"})}
	if registry != nil {
		registry.MustRegister(m.seconds)
	}
	if local, ok := s.(Local); ok {
		return measuredLocal{m, local}
	}
	return m
}

type measured struct {
	Store

	seconds *prometheus.HistogramVec
}

type measuredLocal struct {
	measured
	Local
}

func (m measured) note(operation string, began time.Time, err error) {
	m.seconds.WithLabelValues(operation, outcome(err)).Observe(time.Since(began).Seconds())
}

// outcome is a word of a fixed set.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrMissing):
		return "missing"
	case errors.Is(err, ErrFull):
		return "full"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	return "failed"
}

// Put writes an object. Its time counts the reading of r.
func (m measured) Put(ctx context.Context, key string, r io.Reader) (Info, error) {
	began := time.Now()
	info, err := m.Store.Put(ctx, key, r)
	m.note("put", began, err)
	return info, err
}

// Open opens an object.
func (m measured) Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error) {
	began := time.Now()
	content, info, err := m.Store.Open(ctx, key)
	m.note("open", began, err)
	return content, info, err
}

// Delete removes an object.
func (m measured) Delete(ctx context.Context, key string) error {
	began := time.Now()
	err := m.Store.Delete(ctx, key)
	m.note("delete", began, err)
	return err
}
