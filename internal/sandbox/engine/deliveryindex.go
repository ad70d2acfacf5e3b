package engine

import "slices"

// deliveryIndex finds deliveries by what they belong to, oldest first. It is not saved: Restore makes it anew.
type deliveryIndex struct {
	byEvent, byEndpoint map[string][]string
}

func (x *deliveryIndex) add(d *Delivery) {
	if x.byEvent == nil {
		x.byEvent, x.byEndpoint = map[string][]string{}, map[string][]string{}
	}
	x.byEvent[d.Event] = append(x.byEvent[d.Event], d.ID)
	x.byEndpoint[d.Endpoint] = append(x.byEndpoint[d.Endpoint], d.ID)
}

// remove forgets that a delivery goes to an endpoint. It is quick for old ones.
func (x *deliveryIndex) remove(d *Delivery) {
	ids := x.byEndpoint[d.Endpoint]
	switch at := slices.Index(ids, d.ID); {
	case at == 0 && len(ids) == 1:
		delete(x.byEndpoint, d.Endpoint)
	case at == 0:
		x.byEndpoint[d.Endpoint] = ids[1:]
	case at > 0:
		x.byEndpoint[d.Endpoint] = slices.Delete(ids, at, at+1)
	}
}

// deliveriesOf are the deliveries of an event.
func (tx *Tx) deliveriesOf(event string) []*Delivery {
	return tx.deliveriesOfIDs(tx.e.index.byEvent[event])
}

// deliveriesTo are the deliveries to an endpoint.
func (tx *Tx) deliveriesTo(endpoint string) []*Delivery {
	return tx.deliveriesOfIDs(tx.e.index.byEndpoint[endpoint])
}

func (tx *Tx) deliveriesOfIDs(ids []string) []*Delivery {
	var out []*Delivery
	for _, id := range ids {
		if d := tx.Deliveries.get(id); d != nil {
			out = append(out, d)
		}
	}
	return out
}
