// Package catalogue knows the products.
package catalogue

import (
	"fmt"
	"sort"
)

// Product is something to buy. Prices are in cents.
type Product struct {
	ID    int      `json:"id"`
	Name  string   `json:"name"`
	Price int      `json:"price_cents"`
	Tags  []string `json:"tags"`
}

// Catalogue holds every product; it does not change.
type Catalogue struct {
	products []Product
}

// New makes a catalogue of n products.
func New(n int) *Catalogue {
	adjectives := []string{"solid", "folding", "quiet", "bright", "woollen", "waterproof", "tiny"}
	things := []string{"lamp", "chair", "kettle", "jacket", "keyboard", "bicycle", "notebook", "tent"}
	c := &Catalogue{}
	for i := 0; i < n; i++ {
		adjective, thing := adjectives[i%len(adjectives)], things[i%len(things)]
		c.products = append(c.products, Product{
			ID:    i,
			Name:  fmt.Sprintf("%s %s %d", adjective, thing, i),
			Price: 199 + i*37%9000,
			Tags:  []string{adjective, thing},
		})
	}
	return c
}

// IDs lists the products.
func (c *Catalogue) IDs() []int {
	ids := make([]int, len(c.products))
	for i, p := range c.products {
		ids[i] = p.ID
	}
	return ids
}

// Get finds a product.
func (c *Catalogue) Get(id int) (Product, bool) {
	if id < 0 || id >= len(c.products) {
		return Product{}, false
	}
	return c.products[id], true
}

// Search gives the products whose names are most like the query.
func (c *Catalogue) Search(query string, limit int) []Product {
	type match struct {
		product  Product
		distance int
	}
	matches := make([]match, 0, len(c.products))
	for _, p := range c.products {
		matches = append(matches, match{p, editDistance(query, p.Name)})
	}
	sort.Slice(matches, func(i, j int) bool { return matches[i].distance < matches[j].distance })
	var found []Product
	for _, m := range matches[:limit] {
		found = append(found, m.product)
	}
	return found
}
