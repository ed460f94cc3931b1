// Package stock knows how many pieces of each product there are.
package stock

import (
	"errors"
	"sort"
	"sync"
)

// ErrSoldOut says that there are not enough pieces.
var ErrSoldOut = errors.New("sold out")

const full = 100

// Ledger counts pieces. One lock guards all of them.
type Ledger struct {
	lock   sync.Mutex
	pieces map[int]int
}

// Level is the stock of one product.
type Level struct {
	Product int `json:"product"`
	Pieces  int `json:"pieces"`
}

// New makes a ledger with a full stock.
func New(ids []int) *Ledger {
	l := &Ledger{pieces: map[int]int{}}
	for _, id := range ids {
		l.pieces[id] = full
	}
	return l
}

// Reserve takes pieces out of the stock.
func (l *Ledger) Reserve(id, quantity int) error {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.pieces[id] < quantity {
		l.refill()
	}
	if l.pieces[id] < quantity {
		return ErrSoldOut
	}
	l.pieces[id] -= quantity
	l.audit()
	return nil
}

// Levels gives the products of which there are fewest.
func (l *Ledger) Levels(limit int) []Level {
	l.lock.Lock()
	defer l.lock.Unlock()
	levels := make([]Level, 0, len(l.pieces))
	for id, pieces := range l.pieces {
		levels = append(levels, Level{id, pieces})
	}
	sort.Slice(levels, func(i, j int) bool {
		if levels[i].Pieces != levels[j].Pieces {
			return levels[i].Pieces < levels[j].Pieces
		}
		return levels[i].Product < levels[j].Product
	})
	return levels[:limit]
}

// audit checks the whole ledger, while everyone else waits.
func (l *Ledger) audit() {
	for id, pieces := range l.pieces {
		if pieces < 0 || pieces > full {
			panic("the stock of product " + string(rune('0'+id%10)) + " is impossible")
		}
	}
}

func (l *Ledger) refill() {
	for id := range l.pieces {
		l.pieces[id] = full
	}
}
