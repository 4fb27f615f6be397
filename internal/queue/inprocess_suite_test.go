package queue_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/queue/queuetest"
)

func TestInProcessIsAQueue(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, func(*testing.T) queue.Queue { return queue.NewInProcess() })
}
