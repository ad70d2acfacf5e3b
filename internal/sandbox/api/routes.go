package api

import (
	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/form"
)

// Route is one endpoint of Stripe's API that the sandbox has.
type Route struct {
	Method, Pattern string
	handler         handler
}

// endpoint names the route, as package version knows it.
func (r Route) endpoint() string { return r.Method + " " + r.Pattern }

// Params are the parameters the endpoint takes; any other is refused. expand[] is taken everywhere.
func (r Route) Params() []string { return form.Names(r.handler.params) }

type tx = *engine.Tx

// Routes are all endpoints the sandbox has.
func Routes() []Route { return routes }

// routes are the endpoints, one line each.
var routes = []Route{
	{"GET", "/v1/account", all(tx.GetAccount)},
	{"GET", "/v1/balance", all(tx.GetBalance)},
	{"GET", "/v1/balance_transactions", all(tx.ListBalanceTransactions)},
	{"GET", "/v1/balance_transactions/{id}", one(tx.GetBalanceTransaction)},

	{"GET", "/v1/billing_portal/configurations", all(tx.ListPortalConfigs)},
	{"POST", "/v1/billing_portal/configurations", all(tx.CreatePortalConfig)},
	{"GET", "/v1/billing_portal/configurations/{id}", one(tx.GetPortalConfig)},
	{"POST", "/v1/billing_portal/configurations/{id}", one(tx.UpdatePortalConfig)},
	{"POST", "/v1/billing_portal/sessions", all(tx.CreatePortalSession)},

	{"GET", "/v1/charges", all(tx.ListCharges)},
	{"GET", "/v1/charges/{id}", one(tx.GetCharge)},
	{"POST", "/v1/charges/{id}", one(tx.UpdateCharge)},

	{"GET", "/v1/checkout/sessions", all(tx.ListSessions)},
	{"POST", "/v1/checkout/sessions", all(tx.CreateSession)},
	{"GET", "/v1/checkout/sessions/{id}", one(tx.GetSession)},
	{"POST", "/v1/checkout/sessions/{id}", one(tx.UpdateSession)},
	{"POST", "/v1/checkout/sessions/{id}/expire", one(tx.ExpireSession)},
	{"GET", "/v1/checkout/sessions/{id}/line_items", one(tx.ListSessionItems)},

	{"GET", "/v1/coupons", all(tx.ListCoupons)},
	{"POST", "/v1/coupons", all(tx.CreateCoupon)},
	{"GET", "/v1/coupons/{id}", one(tx.GetCoupon)},
	{"POST", "/v1/coupons/{id}", one(tx.UpdateCoupon)},
	{"DELETE", "/v1/coupons/{id}", one(tx.DeleteCoupon)},

	{"GET", "/v1/customers", all(tx.ListCustomers)},
	{"POST", "/v1/customers", all(tx.CreateCustomer)},
	{"GET", "/v1/customers/{id}", one(tx.GetCustomer)},
	{"POST", "/v1/customers/{id}", one(tx.UpdateCustomer)},
	{"DELETE", "/v1/customers/{id}", one(tx.DeleteCustomer)},
	{"DELETE", "/v1/customers/{id}/discount", one(tx.DeleteCustomerDiscount)},
	{"GET", "/v1/customers/{id}/payment_methods", one(tx.ListCustomerMethods)},

	{"GET", "/v1/disputes", all(tx.ListDisputes)},
	{"GET", "/v1/disputes/{id}", one(tx.GetDispute)},
	{"POST", "/v1/disputes/{id}", one(tx.UpdateDispute)},
	{"POST", "/v1/disputes/{id}/close", one(tx.AcceptDispute)},
	{"GET", "/v1/events", all(tx.ListEvents)},
	{"GET", "/v1/events/{id}", one(tx.GetEvent)},

	{"GET", "/v1/invoice_payments", all(tx.ListInvoicePayments)},
	{"GET", "/v1/invoice_payments/{id}", one(tx.GetInvoicePayment)},

	{"GET", "/v1/invoiceitems", all(tx.ListInvoiceItems)},
	{"POST", "/v1/invoiceitems", all(tx.CreateInvoiceItem)},
	{"GET", "/v1/invoiceitems/{id}", one(tx.GetInvoiceItem)},
	{"POST", "/v1/invoiceitems/{id}", one(tx.UpdateInvoiceItem)},
	{"DELETE", "/v1/invoiceitems/{id}", one(tx.DeleteInvoiceItem)},

	{"GET", "/v1/invoices", all(tx.ListInvoices)},
	{"POST", "/v1/invoices", all(tx.CreateInvoice)},
	{"POST", "/v1/invoices/create_preview", all(tx.CreatePreview)},
	{"GET", "/v1/invoices/upcoming", all(tx.UpcomingInvoice)},
	{"GET", "/v1/invoices/upcoming/lines", all(tx.ListUpcomingLines)},
	{"GET", "/v1/invoices/{id}", one(tx.GetInvoice)},
	{"POST", "/v1/invoices/{id}", one(tx.UpdateInvoice)},
	{"DELETE", "/v1/invoices/{id}", one(tx.DeleteInvoice)},
	{"POST", "/v1/invoices/{id}/finalize", one(tx.FinalizeInvoice)},
	{"GET", "/v1/invoices/{id}/lines", one(tx.ListInvoiceLines)},
	{"POST", "/v1/invoices/{id}/mark_uncollectible", one(tx.MarkUncollectible)},
	{"POST", "/v1/invoices/{id}/pay", one(tx.PayInvoice)},
	{"POST", "/v1/invoices/{id}/send", one(tx.SendInvoice)},
	{"POST", "/v1/invoices/{id}/void", one(tx.VoidInvoice)},

	{"GET", "/v1/payment_intents", all(tx.ListIntents)},
	{"GET", "/v1/payment_intents/{id}", one(tx.GetIntent)},
	{"POST", "/v1/payment_intents", all(tx.CreateIntent)},
	{"POST", "/v1/payment_intents/{id}", one(tx.UpdateIntent)},
	{"POST", "/v1/payment_intents/{id}/cancel", one(tx.CancelIntent)},
	{"POST", "/v1/payment_intents/{id}/capture", one(tx.CaptureIntent)},
	{"POST", "/v1/payment_intents/{id}/confirm", one(tx.ConfirmIntent)},

	{"GET", "/v1/payment_methods", all(tx.ListMethods)},
	{"POST", "/v1/payment_methods", all(tx.CreateMethod)},
	{"GET", "/v1/payment_methods/{id}", one(tx.GetMethod)},
	{"POST", "/v1/payment_methods/{id}", one(tx.UpdateMethod)},
	{"POST", "/v1/payment_methods/{id}/attach", one(tx.AttachMethod)},
	{"POST", "/v1/payment_methods/{id}/detach", one(tx.DetachMethod)},

	{"GET", "/v1/prices", all(tx.ListPrices)},
	{"POST", "/v1/prices", all(tx.CreatePrice)},
	{"GET", "/v1/prices/{id}", one(tx.GetPrice)},
	{"POST", "/v1/prices/{id}", one(tx.UpdatePrice)},

	{"GET", "/v1/products", all(tx.ListProducts)},
	{"POST", "/v1/products", all(tx.CreateProduct)},
	{"GET", "/v1/products/{id}", one(tx.GetProduct)},
	{"POST", "/v1/products/{id}", one(tx.UpdateProduct)},
	{"DELETE", "/v1/products/{id}", one(tx.DeleteProduct)},

	{"GET", "/v1/promotion_codes", all(tx.ListPromotionCodes)},
	{"POST", "/v1/promotion_codes", all(tx.CreatePromotionCode)},
	{"GET", "/v1/promotion_codes/{id}", one(tx.GetPromotionCode)},
	{"POST", "/v1/promotion_codes/{id}", one(tx.UpdatePromotionCode)},

	{"GET", "/v1/refunds", all(tx.ListRefunds)},
	{"POST", "/v1/refunds", all(tx.CreateRefund)},
	{"GET", "/v1/refunds/{id}", one(tx.GetRefund)},
	{"POST", "/v1/refunds/{id}", one(tx.UpdateRefund)},
	{"POST", "/v1/refunds/{id}/cancel", one(tx.CancelRefund)},

	{"GET", "/v1/setup_intents", all(tx.ListSetups)},
	{"POST", "/v1/setup_intents", all(tx.CreateSetup)},
	{"GET", "/v1/setup_intents/{id}", one(tx.GetSetup)},
	{"POST", "/v1/setup_intents/{id}", one(tx.UpdateSetup)},
	{"POST", "/v1/setup_intents/{id}/cancel", one(tx.CancelSetup)},
	{"POST", "/v1/setup_intents/{id}/confirm", one(tx.ConfirmSetup)},

	{"GET", "/v1/subscription_items", all(tx.ListSubscriptionItems)},
	{"POST", "/v1/subscription_items", all(tx.CreateSubscriptionItem)},
	{"GET", "/v1/subscription_items/{id}", one(tx.GetSubscriptionItem)},
	{"POST", "/v1/subscription_items/{id}", one(tx.UpdateSubscriptionItem)},
	{"DELETE", "/v1/subscription_items/{id}", one(tx.DeleteSubscriptionItem)},

	{"GET", "/v1/subscription_schedules", all(tx.ListSchedules)},
	{"POST", "/v1/subscription_schedules", all(tx.CreateSchedule)},
	{"GET", "/v1/subscription_schedules/{id}", one(tx.GetSchedule)},
	{"POST", "/v1/subscription_schedules/{id}", one(tx.UpdateSchedule)},
	{"POST", "/v1/subscription_schedules/{id}/cancel", one(tx.CancelSchedule)},
	{"POST", "/v1/subscription_schedules/{id}/release", one(tx.ReleaseSchedule)},

	{"GET", "/v1/subscriptions", all(tx.ListSubscriptions)},
	{"POST", "/v1/subscriptions", all(tx.CreateSubscription)},
	{"GET", "/v1/subscriptions/{id}", one(tx.GetSubscription)},
	{"POST", "/v1/subscriptions/{id}", one(tx.UpdateSubscription)},
	{"DELETE", "/v1/subscriptions/{id}", one(tx.CancelSubscription)},
	{"DELETE", "/v1/subscriptions/{id}/discount", one(tx.DeleteSubscriptionDiscount)},
	{"POST", "/v1/subscriptions/{id}/resume", one(tx.ResumeSubscription)},

	{"GET", "/v1/test_helpers/test_clocks", all(tx.ListClocks)},
	{"POST", "/v1/test_helpers/test_clocks", all(tx.CreateClock)},
	{"GET", "/v1/test_helpers/test_clocks/{id}", one(tx.GetClock)},
	{"DELETE", "/v1/test_helpers/test_clocks/{id}", one(tx.DeleteClock)},
	{"POST", "/v1/test_helpers/test_clocks/{id}/advance", one(tx.AdvanceClock)},

	{"POST", "/v1/tokens", all(tx.CreateToken)},
	{"GET", "/v1/tokens/{id}", one(tx.GetToken)},

	{"GET", "/v1/tax_rates", all(tx.ListTaxRates)},
	{"GET", "/v1/tax_rates/{id}", one(tx.GetTaxRate)},

	{"GET", "/v1/webhook_endpoints", all(tx.ListEndpoints)},
	{"POST", "/v1/webhook_endpoints", all(tx.CreateEndpoint)},
	{"GET", "/v1/webhook_endpoints/{id}", one(tx.GetEndpoint)},
	{"POST", "/v1/webhook_endpoints/{id}", one(tx.UpdateEndpoint)},
	{"DELETE", "/v1/webhook_endpoints/{id}", one(tx.DeleteEndpoint)},
}
