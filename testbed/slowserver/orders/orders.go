// Package orders takes orders and keeps them.
package orders

import (
	"errors"
	"fmt"
	"sync"

	"testbed/slowserver/catalogue"
	"testbed/slowserver/events"
	"testbed/slowserver/notify"
	"testbed/slowserver/stock"
)

// ErrInvalid is what is wrong with an order that cannot be placed at all.
var ErrInvalid = errors.New("invalid order")

// keep is how many orders are remembered.
const keep = 5000

// Request is what a customer sends.
type Request struct {
	Customer string `json:"customer"`
	Items    []Item `json:"items"`
}

// Item is one line of a request.
type Item struct {
	Product  int `json:"product"`
	Quantity int `json:"quantity"`
}

// Order is a request that was accepted.
type Order struct {
	ID       int                      `json:"id"`
	Customer string                   `json:"customer"`
	Total    int                      `json:"total_cents"`
	Invoice  []map[string]interface{} `json:"invoice"`
}

// Book is where orders are placed and found.
type Book struct {
	products *catalogue.Catalogue
	ledger   *stock.Ledger
	bus      *events.Bus
	mail     *notify.Mailer

	lock   sync.Mutex
	orders map[int]*Order
	last   int
}

// NewBook makes an empty book.
func NewBook(p *catalogue.Catalogue, l *stock.Ledger, b *events.Bus, m *notify.Mailer) *Book {
	return &Book{products: p, ledger: l, bus: b, mail: m, orders: map[int]*Order{}}
}

// Place checks a request, reserves the goods, and makes an order of it.
func (b *Book) Place(r Request) (*Order, error) {
	if r.Customer == "" || len(r.Items) == 0 {
		return nil, fmt.Errorf("%w: it needs a customer and items", ErrInvalid)
	}
	order := &Order{Customer: r.Customer}
	for _, item := range r.Items {
		product, ok := b.products.Get(item.Product)
		if !ok || item.Quantity < 1 {
			return nil, fmt.Errorf("%w: product %d × %d", ErrInvalid, item.Product, item.Quantity)
		}
		if err := b.ledger.Reserve(item.Product, item.Quantity); err != nil {
			return nil, err
		}
		order.Total += product.Price * item.Quantity
		order.Invoice = append(order.Invoice, invoiceLine(product, item.Quantity))
	}
	b.lock.Lock()
	b.last++
	order.ID = b.last
	b.orders[order.ID] = order
	delete(b.orders, order.ID-keep)
	b.lock.Unlock()
	b.bus.Publish(events.Event{Kind: "order", Subject: order.ID, Amount: order.Total})
	b.mail.Confirm(order.Customer, order.ID)
	return order, nil
}

// Get finds an order among the latest.
func (b *Book) Get(id int) (*Order, bool) {
	b.lock.Lock()
	defer b.lock.Unlock()
	order, ok := b.orders[id]
	return order, ok
}
