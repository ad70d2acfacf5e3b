package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/views"
)

// maxAdjustmentKey is how many bytes of an adjustment's key the ledger keeps.
const maxAdjustmentKey = 200

func adjustCreditsCommand() *cobra.Command {
	var reason, key string
	cmd := &cobra.Command{
		Use:   "adjust e-mail amount --reason …",
		Short: "Give a customer credits, or take some away, with a reason",
		Long: `Adds an entry to a customer's ledger. A negative amount takes credits away, and
never more than there are. What is given does not expire. The reason is shown
to you on the timeline, and to the customer beside the entry.

With --key the same command can be run again, by a script for instance: the
second time changes nothing.`,
		Example: `  payloop credits adjust ada@example.com 500 --reason "sorry for the outage"
  payloop credits adjust ada@example.com -20 --reason "given twice" --key ticket-1742`,
		DisableFlagParsing: true, // or else -20 would be a flag
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, in a few words; it must be given")
	cmd.Flags().StringVar(&key, "key", "", "a name for this adjustment, which can be made once (default a random one)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		flags, amounts := splitAmounts(args)
		if err := cmd.Flags().Parse(flags); err != nil {
			return err
		}
		if help, _ := cmd.Flags().GetBool("help"); help {
			return cmd.Help()
		}
		if err := checkTyped(cmd, cmd.Flags().Args()); err != nil {
			return err
		}
		a, email, err := adjustment(cmd.Flags().Args(), amounts, reason, key)
		if err != nil {
			return err
		}
		return withLedger(cmd.Context(), func(store *postgres.Store) error { return adjustCredits(cmd, store, email, a) })
	}
	return cmd
}

var wholeNumber = regexp.MustCompile(`^[+-]?[0-9]+$`)

// splitAmounts takes the numbers out of arguments, but for those that are a
// flag's value.
func splitAmounts(args []string) (rest, amounts []string) {
	for i, arg := range args {
		if wholeNumber.MatchString(arg) && (i == 0 || args[i-1] != "--reason" && args[i-1] != "--key") {
			amounts = append(amounts, arg)
			continue
		}
		rest = append(rest, arg)
	}
	return rest, amounts
}

func adjustment(names, amounts []string, reason, key string) (a postgres.Adjustment, email string, err error) {
	if len(names) != 1 || len(amounts) != 1 {
		return a, "", errors.New("name one customer by e-mail address, and one whole number of credits: payloop credits adjust ada@example.com 500 --reason \"…\"")
	}
	a.Reason, a.Key = oneLine(reason), oneLine(key)
	if a.Amount, err = strconv.ParseInt(amounts[0], 10, 64); err != nil || a.Amount == 0 || a.Amount > billing.MaxCredits || a.Amount < -billing.MaxCredits {
		return a, "", fmt.Errorf("%s: the amount must be a whole number other than 0, of at most %s", amounts[0], views.Number(billing.MaxCredits))
	}
	if a.Reason == "" || len([]rune(a.Reason)) > billing.MaxReason {
		return a, "", fmt.Errorf("--reason: say why, in at most %d characters", billing.MaxReason)
	}
	if len(a.Key) > maxAdjustmentKey {
		return a, "", fmt.Errorf("--key: take a name of at most %d characters", maxAdjustmentKey)
	}
	if a.Key == "" {
		a.Key = rand.Text()
	}
	return a, names[0], nil
}

func adjustCredits(cmd *cobra.Command, store *postgres.Store, email string, a postgres.Adjustment) error {
	who, err := findIdentity(cmd.Context(), store, email)
	if err != nil {
		return err
	}
	if who.User.ID == "" {
		return nobody("%s is a Stripe customer who is nobody's here, and has no credits", email)
	}
	a.UserID = who.User.ID
	after, made, err := store.Adjust(cmd.Context(), a)
	if err != nil {
		return err
	}
	if !made {
		fmt.Fprintf(cmd.OutOrStdout(), "This adjustment has been made before; nothing is changed. %s has %s.\n", oneLine(who.User.Email), creditsText(after.Available()))
		return nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s credits for %s, who has %s now.\n", signed(a.Amount), oneLine(who.User.Email), creditsText(after.Available()))
	return nil
}
