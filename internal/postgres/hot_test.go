package postgres

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// Statements are prepared on connections of the same pool. If who needs one had
// to wait for that, transactions that hold all connections would wait forever.
func TestTransactionsThatHoldAllConnectionsDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	users := make([]billing.User, 2*maxHotConns)
	for i := range users {
		users[i] = b.user()
	}
	var begun, done sync.WaitGroup
	begun.Add(maxHotConns)
	for i := range maxHotConns {
		done.Go(func() {
			err := b.hotTx(ctx, func(tx *Tx) error {
				begun.Done()
				begun.Wait() // now no connection is free
				return tx.grant(ctx, []billing.Grant{{UserID: users[i].ID, Amount: 1, Kind: billing.Purchase, Key: fmt.Sprint("session:", i)}})
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
}
