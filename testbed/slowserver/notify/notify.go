// Package notify writes to customers.
package notify

import (
	"sync/atomic"
	"time"
)

const (
	// most bounds the leak, so that a server that is forgotten does not eat its machine.
	most = 3000
	// every is how many confirmations there are to one that is not answered.
	every = 50
)

// Mailer sends confirmations.
type Mailer struct {
	sent   atomic.Int64
	leaked atomic.Int64
}

// New makes a mailer.
func New() *Mailer { return &Mailer{} }

// Confirm tells the customer that the order was placed, and does not wait long for it.
func (m *Mailer) Confirm(customer string, order int) {
	lost := m.sent.Add(1)%every == 0 && m.leaked.Load() < most
	if !lost {
		return
	}
	m.leaked.Add(1)
	answer := make(chan error)
	go m.deliver(customer, order, answer)
	select {
	case <-answer:
	case <-time.After(time.Millisecond):
	}
}

// deliver takes longer than its caller waits: nobody receives the answer, so it never ends.
func (m *Mailer) deliver(customer string, order int, answer chan<- error) {
	time.Sleep(20 * time.Millisecond)
	answer <- nil
}
