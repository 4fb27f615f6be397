package rabbitmq

import "time"

// DoubtEvery makes a consumer ask more often whether it misses messages.
func (o *Options) DoubtEvery(d time.Duration) { o.doubtEvery = d }
