// A day in the life of a SaaS, told by Stripe's own Node library. It ends with exit code 0 when all of it came true.
import assert from 'node:assert/strict';
import http from 'node:http';
import Stripe from 'stripe';

const sandbox = new URL(process.env.SANDBOX_URL);
const stripe = new Stripe('sk_test_node', {
  protocol: 'http', host: sandbox.hostname, port: Number(sandbox.port), maxNetworkRetries: 0, telemetry: false,
});

// The program's webhook endpoint: it verifies with Stripe's code, and waits for what it is told to wait for.
const received = new Map();
const waiting = new Map();
let secret;
const receiver = http.createServer((req, res) => {
  const chunks = [];
  req.on('data', (c) => chunks.push(c));
  req.on('end', () => {
    try {
      const event = stripe.webhooks.constructEvent(Buffer.concat(chunks), req.headers['stripe-signature'], secret);
      received.set(event.type, event);
      waiting.get(event.type)?.(event);
      res.end();
    } catch (err) {
      res.writeHead(400).end(err.message);
    }
  });
});
await new Promise((ready) => receiver.listen(0, '127.0.0.1', ready));
const arrival = (type) => received.get(type) ?? new Promise((arrived) => waiting.set(type, arrived));

const endpoint = await stripe.webhookEndpoints.create({
  url: `http://127.0.0.1:${receiver.address().port}/`, enabled_events: ['checkout.session.completed', 'customer.subscription.deleted'],
});
secret = endpoint.secret;

const price = await stripe.prices.create({
  currency: 'eur', unit_amount: 900, recurring: { interval: 'month' }, product_data: { name: 'Solo' }, lookup_key: 'solo_monthly',
});
const customer = await stripe.customers.create({ email: 'grace@example.com', metadata: { team: 'navy' } }, { idempotencyKey: 'node-1' });
const again = await stripe.customers.create({ email: 'grace@example.com', metadata: { team: 'navy' } }, { idempotencyKey: 'node-1' });
assert.equal(again.id, customer.id);
assert.match(customer.lastResponse.requestId, /^req_/);
assert.equal(customer.lastResponse.apiVersion, '2024-06-20');

await assert.rejects(stripe.customers.create({ email: 'x@example.com' }, { idempotencyKey: 'node-1' }), Stripe.errors.StripeIdempotencyError);
await assert.rejects(stripe.customers.create({ colour: 'blue' }), (err) => err instanceof Stripe.errors.StripeInvalidRequestError
  && err.code === 'parameter_unknown' && err.param === 'colour');
await assert.rejects(stripe.paymentIntents.create({ amount: 900, currency: 'eur', payment_method: 'pm_card_chargeDeclined', payment_method_types: ['card'], confirm: true }),
  (err) => err instanceof Stripe.errors.StripeCardError && err.decline_code === 'generic_decline');

const session = await stripe.checkout.sessions.create({
  mode: 'subscription', customer: customer.id, line_items: [{ price: price.id, quantity: 1 }],
  success_url: 'http://app.example/welcome?session_id={CHECKOUT_SESSION_ID}', cancel_url: 'http://app.example/pricing',
});
const paid = await fetch(new URL(`/_sandbox/pay/${session.id}`, sandbox), { method: 'POST', body: new URLSearchParams({ card: '4242424242424242' }) });
assert.equal((await paid.json()).redirect_url, `http://app.example/welcome?session_id=${session.id}`);
const completed = await arrival('checkout.session.completed');
assert.equal(completed.data.object.id, session.id);
assert.equal(completed.data.object.payment_status, 'paid');

const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription.latest_invoice.payment_intent', 'line_items'] });
assert.equal(done.subscription.status, 'active');
assert.equal(done.subscription.latest_invoice.payment_intent.status, 'succeeded');
assert.equal(done.line_items.data[0].price.lookup_key, 'solo_monthly');

const portal = await stripe.billingPortal.sessions.create({ customer: customer.id, return_url: 'http://app.example/account' });
assert.equal((await fetch(portal.url)).status, 200);

let invoices = 0;
await fetch(new URL('/_sandbox/clock/advance', sandbox), { method: 'POST', body: JSON.stringify({ seconds: 100 * 86400 }) });
for await (const invoice of stripe.invoices.list({ customer: customer.id, limit: 1 })) { // one a page, so that it has to turn pages
  assert.equal(invoice.status, 'paid');
  invoices += 1;
}
assert.equal(invoices, 4);

await stripe.subscriptions.cancel(done.subscription.id);
const ended = await arrival('customer.subscription.deleted');
assert.equal(ended.data.object.status, 'canceled');
receiver.close();
receiver.closeAllConnections();
