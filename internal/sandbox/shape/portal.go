package shape

// PortalConfiguration is what customers may do in the billing portal.
type PortalConfiguration struct {
	ID               string          `json:"id"`
	Object           string          `json:"object"`
	Active           bool            `json:"active"`
	Application      Null            `json:"application"`
	BusinessProfile  BusinessProfile `json:"business_profile"`
	Created          int64           `json:"created"`
	DefaultReturnURL Str             `json:"default_return_url"`
	Features         PortalFeatures  `json:"features"`
	IsDefault        bool            `json:"is_default"`
	Livemode         bool            `json:"livemode"`
	LoginPage        PortalLogin     `json:"login_page"`
	Metadata         Metadata        `json:"metadata"`
	Updated          int64           `json:"updated"`
}

// BusinessProfile is what the portal says about the merchant.
type BusinessProfile struct {
	Headline          Str `json:"headline"`
	PrivacyPolicyURL  Str `json:"privacy_policy_url"`
	TermsOfServiceURL Str `json:"terms_of_service_url"`
}

// PortalLogin is the portal's own sign-in page, which the sandbox has not.
type PortalLogin struct {
	Enabled bool `json:"enabled"`
	URL     Str  `json:"url"`
}

// PortalFeatures are the portal's parts, each with its switch.
type PortalFeatures struct {
	CustomerUpdate      PortalCustomerUpdate     `json:"customer_update"`
	InvoiceHistory      PortalSwitch             `json:"invoice_history"`
	PaymentMethodUpdate PortalSwitch             `json:"payment_method_update"`
	SubscriptionCancel  PortalSubscriptionCancel `json:"subscription_cancel"`
	SubscriptionUpdate  PortalSubscriptionUpdate `json:"subscription_update"`
}

// PortalSwitch is a feature that is only on or off.
type PortalSwitch struct {
	Enabled bool `json:"enabled"`
}

// PortalCustomerUpdate lists which of their details customers may change.
type PortalCustomerUpdate struct {
	AllowedUpdates Array[string] `json:"allowed_updates"`
	Enabled        bool          `json:"enabled"`
}

// PortalSubscriptionCancel is how customers may cancel.
type PortalSubscriptionCancel struct {
	CancellationReason PortalCancelReason `json:"cancellation_reason"`
	Enabled            bool               `json:"enabled"`
	Mode               string             `json:"mode"`
	ProrationBehavior  string             `json:"proration_behavior"`
}

// PortalCancelReason says whether customers are asked why, and what they may answer.
type PortalCancelReason struct {
	Enabled bool          `json:"enabled"`
	Options Array[string] `json:"options"`
}

// PortalSubscriptionUpdate is what customers may change their plan to. Products are told only when expand[] asks for them.
type PortalSubscriptionUpdate struct {
	DefaultAllowedUpdates Array[string]         `json:"default_allowed_updates"`
	Enabled               bool                  `json:"enabled"`
	Products              *Array[PortalProduct] `json:"products,omitempty"`
	ProrationBehavior     string                `json:"proration_behavior"`
}

// PortalProduct is a product with the prices customers may pick.
type PortalProduct struct {
	Prices  Array[string] `json:"prices"`
	Product string        `json:"product"`
}

// PortalSession is one customer's visit to the portal.
type PortalSession struct {
	ID            string      `json:"id"`
	Object        string      `json:"object"`
	Configuration Ref         `json:"configuration"`
	Created       int64       `json:"created"`
	Customer      string      `json:"customer"`
	Flow          *PortalFlow `json:"flow"`
	Livemode      bool        `json:"livemode"`
	Locale        Str         `json:"locale"`
	OnBehalfOf    Null        `json:"on_behalf_of"`
	ReturnURL     Str         `json:"return_url"`
	URL           string      `json:"url"`
}

// PortalFlow is the one thing a visit is for.
type PortalFlow struct {
	AfterCompletion           FlowAfter          `json:"after_completion"`
	SubscriptionCancel        *FlowCancel        `json:"subscription_cancel"`
	SubscriptionUpdate        *FlowUpdate        `json:"subscription_update"`
	SubscriptionUpdateConfirm *FlowUpdateConfirm `json:"subscription_update_confirm"`
	Type                      string             `json:"type"`
}

// FlowAfter is where the customer goes when the thing is done.
type FlowAfter struct {
	HostedConfirmation *FlowConfirmation `json:"hosted_confirmation"`
	Redirect           *FlowRedirect     `json:"redirect"`
	Type               string            `json:"type"`
}

// FlowConfirmation is a page of the portal's own.
type FlowConfirmation struct {
	CustomMessage Str `json:"custom_message"`
}

// FlowRedirect is an address of the merchant's.
type FlowRedirect struct {
	ReturnURL string `json:"return_url"`
}

// FlowCancel names the subscription to cancel.
type FlowCancel struct {
	Retention    Null   `json:"retention"`
	Subscription string `json:"subscription"`
}

// FlowUpdate names the subscription to change.
type FlowUpdate struct {
	Subscription string `json:"subscription"`
}

// FlowUpdateConfirm names the subscription and what it is to become.
type FlowUpdateConfirm struct {
	Discounts    Null            `json:"discounts"`
	Items        Array[FlowItem] `json:"items"`
	Subscription string          `json:"subscription"`
}

// FlowItem is one item and the price it is to have.
type FlowItem struct {
	ID       string `json:"id"`
	Price    Str    `json:"price"`
	Quantity int64  `json:"quantity,omitempty"`
}
