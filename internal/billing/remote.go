package billing

// RemoteCatalog is what Stripe has of the catalog: what an earlier sync made,
// and what a sync would take over because it carries one of our lookup keys.
type RemoteCatalog struct {
	Products []RemoteProduct
	Prices   []RemotePrice
	Portal   *RemotePortal // nil: no sync has made one
}

// RemoteProduct is a Stripe product.
type RemoteProduct struct {
	ID          string
	Name        string
	Description string
	Plan        string // metadata; empty: not one of ours
	Active      bool
}

// RemotePrice is a Stripe price.
type RemotePrice struct {
	ID        string // price_…; empty: to be created
	ProductID string
	Nickname  string // what the operator reads in Stripe's dashboard
	LookupKey string
	Plan      string   // metadata; empty: not one of ours
	Interval  Interval // one that we do not sell ("3 month", "metered") is kept as text and equals none of ours
	Money     Money
	Active    bool
	Default   bool // the default price of its product, which Stripe does not let go inactive
}

// RemotePortal is the customer portal's configuration.
type RemotePortal struct {
	ID       string // bpc_…; empty: to be created
	Headline string
	Products []PortalProduct // what a subscriber can change to
	Current  bool            // everything that is not said here is as the product wants it
}

// PortalProduct is a product that a subscriber can change to, and its
// recurring prices.
type PortalProduct struct {
	ProductID string
	PriceIDs  []string
}

// Codes of errors that tell the caller of Stripe what to do next.
const (
	CodeRateLimited     = "stripe_rate_limited" // Stripe is asked too often: the same will do later
	CodeCustomerMissing = "customer_missing"    // Stripe does not know the customer, or it was deleted: make a new one
	CodePriceMissing    = "price_missing"       // Stripe has no such price: the operator has to sync the catalog
	CodePriceChanged    = "price_changed"       // the price was replaced a moment ago: look it up again, with a new checkout
)
