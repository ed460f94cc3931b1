// Command chans has hundreds of goroutines that mostly hand things to each other: over buffered and
// unbuffered channels, with select, timers, mutexes and condition variables.
package main

import (
	"flag"
	"fmt"
	"sync"
	"time"

	"testbed/bed"
)

var goroutines = flag.Int("goroutines", 240, "about `n` goroutines")

func main() {
	bed.Main(func() {
		pipelines := *goroutines / 24
		for i := 0; i < pipelines; i++ {
			startPipeline(fmt.Sprintf("unbuffered-%d", i), 12, 0)
			startPipeline(fmt.Sprintf("buffered-%d", i), 8, 16)
		}
		h := &hub{counts: map[int]int{}}
		h.changed = sync.NewCond(&h.lock)
		for i := 0; i < pipelines*2; i++ {
			i := i
			bed.Go("lock", func() { h.contend(i) })
			bed.Go("wait", func() { h.await(i) })
		}
		bed.Go("timers", runTimers)
	})
}

// startPipeline starts a ring of stages with a few messages that go round for ever.
func startPipeline(name string, stages, buffer int) {
	links := make([]chan uint64, stages)
	for i := range links {
		links[i] = make(chan uint64, buffer)
	}
	quit := make(chan bool)
	for i := range links {
		in, out, last := links[i], links[(i+1)%stages], i == stages-1
		switch i % 3 {
		case 0:
			bed.Go(name, func() { forward(in, out, last) })
		case 1:
			bed.Go(name, func() { choose(in, out, quit, last) })
		default:
			bed.Go(name, func() { batch(in, out, last) })
		}
	}
	messages := stages / 3
	go func() {
		for i := 0; i < messages; i++ {
			links[0] <- uint64(i)
		}
	}()
}

//go:noinline
func digest(x uint64) uint64 {
	for i := uint64(0); i < 300; i++ {
		x = x*0x9e3779b97f4a7c15 ^ i
	}
	return x
}

//go:noinline
func forward(in <-chan uint64, out chan<- uint64, last bool) {
	for x := range in {
		out <- digest(x)
		if last {
			bed.Done(1)
		}
	}
}

//go:noinline
func choose(in <-chan uint64, out chan<- uint64, quit <-chan bool, last bool) {
	for {
		select {
		case x := <-in:
			select {
			case out <- digest(x):
			case <-quit:
				return
			}
			if last {
				bed.Done(1)
			}
		case <-quit:
			return
		}
	}
}

// batch passes on what there is without waiting for more.
//
//go:noinline
func batch(in <-chan uint64, out chan<- uint64, last bool) {
	for {
		x := <-in
		for more := true; more; {
			out <- digest(x)
			if last {
				bed.Done(1)
			}
			select {
			case x = <-in:
			default:
				more = false
			}
		}
	}
}

// hub is what the lock and wait goroutines fight for.
type hub struct {
	lock    sync.Mutex
	changed *sync.Cond
	counts  map[int]int
	total   int
}

//go:noinline
func (h *hub) contend(id int) {
	for {
		h.lock.Lock()
		h.counts[id]++
		h.total += int(digest(uint64(id)) & 1)
		h.changed.Signal()
		h.lock.Unlock()
		digest(uint64(id))
		time.Sleep(2 * time.Millisecond)
	}
}

//go:noinline
func (h *hub) await(id int) {
	for {
		h.lock.Lock()
		h.changed.Wait()
		h.counts[-id]++
		h.lock.Unlock()
	}
}

//go:noinline
func runTimers() {
	ticker := time.NewTicker(time.Millisecond)
	for range ticker.C {
		done := make(chan uint64, 1)
		timer := time.AfterFunc(time.Second, func() { done <- 0 })
		go func() { done <- digest(1) }()
		<-done
		timer.Stop()
	}
}
