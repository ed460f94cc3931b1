package main

import (
	"sync"
	"time"
)

type guarded struct {
	sync.Mutex
	n int
}

// add is small enough to be inlined, and its lock is promoted.
func (g *guarded) add(n int) {
	g.Lock()
	g.n += n
	g.Unlock()
}

func contend() {
	var all sync.WaitGroup
	start := func(work func()) {
		all.Add(1)
		go func() {
			defer all.Done()
			work()
		}()
	}
	var g guarded
	var shared sync.RWMutex
	values := make(chan int)
	for i := 0; i < 4; i++ {
		start(func() {
			for j := 0; j < 50; j++ {
				g.add(j)
				g.Lock()
				time.Sleep(20 * time.Microsecond)
				g.Unlock()
			}
		})
		start(func() {
			for j := 0; j < 20; j++ {
				shared.RLock()
				time.Sleep(20 * time.Microsecond)
				shared.RUnlock()
				shared.Lock()
				shared.Unlock()
			}
		})
		start(func() {
			for j := 0; j < 30; j++ {
				nested(40, func() { values <- j })
			}
		})
	}
	start(func() {
		for j := 0; j < 4*30; j++ {
			time.Sleep(10 * time.Microsecond)
			select {
			case <-values:
			case <-time.After(10 * time.Second):
			}
		}
	})
	all.Wait()
	var once sync.Mutex
	cond := sync.NewCond(&once)
	done := false
	go func() {
		time.Sleep(time.Millisecond)
		once.Lock()
		done = true
		once.Unlock()
		cond.Broadcast()
	}()
	once.Lock()
	for !done {
		cond.Wait()
	}
	once.Unlock()
}

//go:noinline
func nested(n int, work func()) int {
	if n == 0 {
		work()
		return 0
	}
	return nested(n-1, work) + 1
}
