package engine

import (
	"errors"
	"slices"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// ProductInput makes or changes a product.
type ProductInput struct {
	Active              *bool             `form:"active"`
	DefaultPrice        *string           `form:"default_price,clear"`
	Description         *string           `form:"description,clear"`
	Images              *[]string         `form:"images,clear"`
	MarketingFeatures   *[]FeatureInput   `form:"marketing_features,clear"`
	Metadata            map[string]string `form:"metadata"`
	Name                *string           `form:"name"`
	StatementDescriptor *string           `form:"statement_descriptor"`
	TaxCode             *string           `form:"tax_code,clear"`
	UnitLabel           *string           `form:"unit_label,clear"`
	URL                 *string           `form:"url,clear"`
}

// FeatureInput is one selling point.
type FeatureInput struct {
	Name string `form:"name,required"`
}

// NewProduct makes a product.
type NewProduct struct {
	ProductInput     `without:"default_price"`
	DefaultPriceData *DefaultPriceData `form:"default_price_data"`
	ID               string            `form:"id"`
	Type             string            `form:"type" enum:"service|good"`
}

// DefaultPriceData makes the product's default price along with it.
type DefaultPriceData struct {
	Currency    string          `form:"currency,required"`
	Recurring   *RecurringInput `form:"recurring" without:"usage_type"`
	TaxBehavior *string         `form:"tax_behavior" enum:"exclusive|inclusive|unspecified"`
	UnitAmount  *int64          `form:"unit_amount"`
}

// ProductList asks for products.
type ProductList struct {
	Page
	Made
	Active *bool    `form:"active"`
	IDs    []string `form:"ids"`
	URL    string   `form:"url"`
}

// CreateProduct makes a product, under a given id if one is given.
func (tx *Tx) CreateProduct(in NewProduct) (any, error) {
	if in.Name == nil {
		return nil, shape.Invalid("name", "parameter_missing", "Missing required param: name.")
	}
	if in.ID != "" && tx.Products.get(in.ID) != nil {
		return nil, shape.Invalid("id", "resource_already_exists", "Product already exists.")
	}
	p := &shape.Product{
		ID: or(in.ID, tx.shortID("prod")), Object: "product", Active: true, Created: tx.now, Updated: tx.now, Type: or(in.Type, "service"),
	}
	in.apply(p)
	tx.Products.add(p.ID, p)
	price, err := tx.defaultPrice(p, in.DefaultPriceData)
	if err != nil {
		tx.Products.remove(p.ID)
		return nil, err
	}
	tx.emit("product.created", p)
	if price != nil {
		tx.Prices.add(price.ID, price)
		tx.emit("price.created", price)
	}
	return p, nil
}

// defaultPrice is the price that a new product begins with, if one is wanted. It is not kept yet.
func (tx *Tx) defaultPrice(p *shape.Product, data *DefaultPriceData) (*shape.Price, error) {
	if data == nil {
		return nil, nil
	}
	price, err := tx.newPrice(NewPrice{
		PriceInput: PriceInput{TaxBehavior: data.TaxBehavior}, Currency: data.Currency, Product: p.ID, Recurring: data.Recurring, UnitAmount: data.UnitAmount,
	})
	var refused *shape.Error
	if errors.As(err, &refused) && refused.Param != "" {
		refused.Param = "default_price_data[" + refused.Param + "]"
	}
	if err == nil {
		p.DefaultPrice = shape.Ref(price.ID)
	}
	return price, err
}

func (in ProductInput) apply(p *shape.Product) {
	set(&p.Active, in.Active)
	setRef(&p.DefaultPrice, in.DefaultPrice)
	setStr(&p.Description, in.Description)
	if in.Images != nil {
		p.Images = *in.Images
	}
	if in.MarketingFeatures != nil {
		p.MarketingFeatures = nil
		for _, f := range *in.MarketingFeatures {
			p.MarketingFeatures = append(p.MarketingFeatures, shape.MarketingFeature{Name: f.Name})
		}
	}
	set(&p.Name, in.Name)
	setStr(&p.StatementDescriptor, in.StatementDescriptor)
	setRef(&p.TaxCode, in.TaxCode)
	setStr(&p.UnitLabel, in.UnitLabel)
	setStr(&p.URL, in.URL)
	p.Metadata = p.Metadata.Merge(in.Metadata)
}

// GetProduct answers a product.
func (tx *Tx) GetProduct(id string, _ NoInput) (any, error) {
	return found(tx.Products.get(id), "id", "product", id)
}

// UpdateProduct changes a product.
func (tx *Tx) UpdateProduct(id string, in ProductInput) (any, error) {
	p := tx.Products.get(id)
	if p == nil {
		return nil, shape.NotFound("id", "product", id)
	}
	if in.DefaultPrice != nil && *in.DefaultPrice != "" {
		if price := tx.Prices.get(*in.DefaultPrice); price == nil || string(price.Product) != id {
			return nil, shape.Missing("default_price", "price", *in.DefaultPrice)
		}
	}
	update(tx, "product.updated", p, func() {
		before := encode(p)
		in.apply(p)
		if previous(before, encode(p)) != nil {
			p.Updated = tx.now
		}
	})
	return p, nil
}

// DeleteProduct removes a product that has no prices.
func (tx *Tx) DeleteProduct(id string, _ NoInput) (any, error) {
	p := tx.Products.get(id)
	if p == nil {
		return nil, shape.NotFound("id", "product", id)
	}
	for range tx.Prices.of(id) {
		return nil, shape.Invalid("", "", "This product cannot be deleted because it has one or more user-created prices.")
	}
	tx.Products.remove(id)
	tx.emit("product.deleted", p)
	return shape.Deleted{ID: id, Object: "product", Deleted: true}, nil
}

// ListProducts answers products, newest first.
func (tx *Tx) ListProducts(in ProductList) (any, error) {
	return list("/v1/products", in.Page, tx.Products.newest(), func(p *shape.Product) bool {
		return is(in.Active, p.Active) && matches(in.URL, string(p.URL)) && in.Created.Has(p.Created) &&
			(len(in.IDs) == 0 || slices.Contains(in.IDs, p.ID))
	})
}
