package billing

import (
	"testing"
	"time"
)

func TestAScheduleThatIsGivenAgainGoesOnWhereItIs(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	grant := func() Grant { // of nothing now, as of a change of plan that costs as much as it gives back
		return Grant{UserID: "u", Kind: PlanGrant, Key: "invoice:in_1", SubscriptionID: "sub_1", Since: began, Monthly: &Schedule{
			Key: "invoice:in_1", SubscriptionID: "sub_1", Amount: 10, Anchor: began, Since: began, Until: AddMonths(began, 12), Month: 2}}
	}
	c := Credits{UserID: "u", RefillAt: began.AddDate(5, 0, 0)}
	c.Give(grant())
	subs := []Subscription{{ID: "sub_1", Status: Active, CreatedAt: began}}
	c.grantMonths(subs, AddMonths(began, 2))
	c.Give(grant())
	if len(c.Schedules) != 1 || c.Schedules[0].Month != 4 || c.Balance != 20 {
		t.Errorf("got %+v, %d credits: want one schedule, at its fourth month, and 20", c.Schedules, c.Balance)
	}
}
