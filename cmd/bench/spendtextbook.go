package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// spendTextbook is the spend endpoint that one would write by the book, with care: the key looked up by its hash, a guarded
// update and a ledger entry in one transaction, then the answer. Nothing in it is slow on purpose: a pool of connections
// that fits the machine, statements prepared once, no round trip that is not needed, no framework.
type spendTextbook struct {
	db     *sql.DB
	spend  *sql.Stmt
	enter  *sql.Stmt
	byHash *sql.Stmt
}

// What the textbook may refuse a spend for.
var (
	errNoCredits  = errors.New("not enough credits")
	errUnknownKey = errors.New("unknown or revoked API key")
)

// spendOrder is a request's body.
type spendOrder struct {
	Amount int64  `json:"amount"`
	Reason string `json:"reason"`
}

func (t *spendTextbook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		http.Error(w, errUnknownKey.Error(), http.StatusUnauthorized)
		return
	}
	var order spendOrder
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&order)
	if err != nil || order.Amount < 1 {
		http.Error(w, "the amount must be a whole number above zero", http.StatusUnprocessableEntity)
		return
	}
	credits, err := t.take(r.Context(), key, order)
	switch {
	case errors.Is(err, errNoCredits):
		http.Error(w, err.Error(), http.StatusPaymentRequired)
	case errors.Is(err, errUnknownKey):
		http.Error(w, err.Error(), http.StatusUnauthorized)
	case err != nil:
		log.Printf("spending: %v", err)
		http.Error(w, "spending failed", http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]int64{"credits": credits})
	}
}

// take takes credits from the key's owner and enters it into the ledger, both or neither.
func (t *spendTextbook) take(ctx context.Context, key string, o spendOrder) (credits int64, err error) {
	hash := sha256.Sum256([]byte(key))
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	var user int64
	err = tx.StmtContext(ctx, t.spend).QueryRowContext(ctx, hash[:], o.Amount).Scan(&user, &credits)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, t.whyNot(ctx, tx, hash[:])
	}
	if err != nil {
		return 0, err
	}
	if _, err := tx.StmtContext(ctx, t.enter).ExecContext(ctx, user, -o.Amount, o.Reason, credits); err != nil {
		return 0, err
	}
	return credits, tx.Commit()
}

// whyNot tells why nothing was updated.
func (t *spendTextbook) whyNot(ctx context.Context, tx *sql.Tx, hash []byte) error {
	var user int64
	err := tx.StmtContext(ctx, t.byHash).QueryRowContext(ctx, hash).Scan(&user)
	if errors.Is(err, sql.ErrNoRows) {
		return errUnknownKey
	}
	if err != nil {
		return err
	}
	return errNoCredits
}

func spendTextbookCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "textbook-spends",
		Short:  "Serve the textbook's spends, as DATABASE_URL and LISTEN_ADDR say",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := newSpendTextbook(cmd.Context(), os.Getenv("DATABASE_URL"))
			if err != nil {
				return err
			}
			defer t.db.Close()
			mux := http.NewServeMux()
			mux.Handle("POST "+spendPath, t)
			return serve(cmd.Context(), mux)
		},
	}
}
