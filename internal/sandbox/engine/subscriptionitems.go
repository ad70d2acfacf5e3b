package engine

import (
	"slices"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// SubscriptionItemChange is how a change of one item is billed.
type SubscriptionItemChange struct {
	PaymentBehavior   string `form:"payment_behavior" enum:"allow_incomplete|default_incomplete|error_if_incomplete|pending_if_incomplete"`
	ProrationBehavior string `form:"proration_behavior" enum:"create_prorations|none|always_invoice"`
	ProrationDate     *int64 `form:"proration_date"`
}

// SubscriptionItemNew adds an item to a subscription.
type SubscriptionItemNew struct {
	SubscriptionItemChange
	Metadata     map[string]string `form:"metadata"`
	Price        string            `form:"price"`
	PriceData    *ItemPriceData    `form:"price_data"`
	Quantity     *int64            `form:"quantity"`
	Subscription string            `form:"subscription,required"`
}

// SubscriptionItemUpdate changes an item.
type SubscriptionItemUpdate struct {
	SubscriptionItemChange
	Metadata  map[string]string `form:"metadata"`
	Price     string            `form:"price"`
	PriceData *ItemPriceData    `form:"price_data"`
	Quantity  *int64            `form:"quantity"`
}

// SubscriptionItemDelete takes an item off its subscription.
type SubscriptionItemDelete struct {
	ProrationBehavior string `form:"proration_behavior" enum:"create_prorations|none|always_invoice"`
	ProrationDate     *int64 `form:"proration_date"`
}

// SubscriptionItemList asks for the items of a subscription.
type SubscriptionItemList struct {
	Page
	Subscription string `form:"subscription,required"`
}

// item finds an item and its subscription.
func (tx *Tx) item(id string) (*shape.Subscription, *shape.SubscriptionItem) {
	for _, s := range tx.Subscriptions.newest() {
		if i := indexOf(s.Items.Data, id); i >= 0 {
			return s, &s.Items.Data[i]
		}
	}
	return nil, nil
}

// GetSubscriptionItem answers an item.
func (tx *Tx) GetSubscriptionItem(id string, _ NoInput) (any, error) {
	_, item := tx.item(id)
	return found(item, "item", "subscription_item", id)
}

// ListSubscriptionItems answers the items of a subscription.
func (tx *Tx) ListSubscriptionItems(in SubscriptionItemList) (any, error) {
	s := tx.Subscriptions.get(in.Subscription)
	if s == nil {
		return nil, shape.Missing("subscription", "subscription", in.Subscription)
	}
	var items table[shape.SubscriptionItem]
	for _, it := range s.Items.Data {
		items.add(it.ID, &it)
	}
	return list("/v1/subscription_items", in.Page, items.all(), func(*shape.SubscriptionItem) bool { return true })
}

// CreateSubscriptionItem adds an item, as an update of the subscription does.
func (tx *Tx) CreateSubscriptionItem(in SubscriptionItemNew) (any, error) {
	s := tx.Subscriptions.get(in.Subscription)
	if s == nil {
		return nil, shape.Missing("subscription", "subscription", in.Subscription)
	}
	before := slices.Clone(s.Items.Data)
	item := ItemInput{Metadata: in.Metadata, Price: in.Price, PriceData: in.PriceData, Quantity: in.Quantity}
	if err := tx.updateItem(s, item, in.SubscriptionItemChange); err != nil {
		return nil, err
	}
	items := s.Items.Data
	if s.PendingUpdate != nil {
		items = s.PendingUpdate.SubscriptionItems
	}
	for _, it := range items {
		if indexOf(before, it.ID) < 0 {
			return &it, nil
		}
	}
	return nil, shape.Invalid("price", "", "No item was added.")
}

// UpdateSubscriptionItem changes an item, as an update of its subscription does.
func (tx *Tx) UpdateSubscriptionItem(id string, in SubscriptionItemUpdate) (any, error) {
	s, _ := tx.item(id)
	if s == nil {
		return nil, shape.NotFound("item", "subscription_item", id)
	}
	item := ItemInput{ID: id, Metadata: in.Metadata, Price: in.Price, PriceData: in.PriceData, Quantity: in.Quantity}
	if err := tx.updateItem(s, item, in.SubscriptionItemChange); err != nil {
		return nil, err
	}
	_, now := tx.item(id)
	return now, nil
}

// DeleteSubscriptionItem takes an item off its subscription, as an update of that does.
func (tx *Tx) DeleteSubscriptionItem(id string, in SubscriptionItemDelete) (any, error) {
	s, _ := tx.item(id)
	if s == nil {
		return nil, shape.NotFound("item", "subscription_item", id)
	}
	change := SubscriptionItemChange{ProrationBehavior: in.ProrationBehavior, ProrationDate: in.ProrationDate}
	if err := tx.updateItem(s, ItemInput{ID: id, Deleted: true}, change); err != nil {
		return nil, err
	}
	return shape.Deleted{ID: id, Object: "subscription_item", Deleted: true}, nil
}

func (tx *Tx) updateItem(s *shape.Subscription, item ItemInput, how SubscriptionItemChange) error {
	_, err := tx.UpdateSubscription(s.ID, SubscriptionUpdate{
		Items: []ItemInput{item}, PaymentBehavior: how.PaymentBehavior, ProrationBehavior: how.ProrationBehavior, ProrationDate: how.ProrationDate,
	})
	return err
}
