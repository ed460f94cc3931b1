// Package events tells the rest of the company what happens in the shop.
package events

import (
	"hash/fnv"
	"strconv"
	"time"
)

// Event is something that happened.
type Event struct {
	Kind    string
	Subject int
	Amount  int
}

// Bus hands events on. Nobody can publish while it is busy with an event.
type Bus struct {
	events chan Event
	seen   map[string]int
	sums   uint64
}

// NewBus makes a bus and starts it.
func NewBus() *Bus {
	b := &Bus{events: make(chan Event), seen: map[string]int{}}
	go b.run()
	return b
}

// Publish returns when the event is taken.
func (b *Bus) Publish(e Event) { b.events <- e }

func (b *Bus) run() {
	for e := range b.events {
		b.seen[e.Kind]++
		b.sums += sign(e)
		b.deliver()
	}
}

// deliver is as slow as the network is.
func (b *Bus) deliver() { time.Sleep(time.Millisecond) }

// sign makes a signature that is hard to guess.
func sign(e Event) uint64 {
	hash := fnv.New64a()
	text := []byte(e.Kind + strconv.Itoa(e.Subject) + ":" + strconv.Itoa(e.Amount))
	for i := 0; i < 3000; i++ {
		hash.Write(text[i%len(text):])
	}
	return hash.Sum64()
}
