// Command contend waits and makes wait: for a mutex, for a channel, for a wait group; and it allocates.
// None of the runtime's profiles is switched on. On SIGUSR2 it prints the rates that it can see, and
// on SIGHUP it sets the fraction of mutexes to 7.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"testbed/bed"
)

var lock sync.Mutex

func main() {
	bed.Main(func() {
		for i := 0; i < 4; i++ {
			bed.Go("lock", hold)
		}
		work := make(chan int)
		bed.Go("produce", func() { produce(work) })
		bed.Go("consume", func() { consume(work) })
		bed.Go("gather", gather)
		bed.Go("allocate", allocate)
		go tell()
	})
}

func tell() {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGUSR2, syscall.SIGHUP)
	for s := range signals {
		if s == syscall.SIGHUP {
			runtime.SetMutexProfileFraction(7)
		}
		fmt.Printf("rates mutex %d memory %d\n", runtime.SetMutexProfileFraction(-1), runtime.MemProfileRate)
	}
}

//go:noinline
func hold() {
	for {
		lock.Lock()
		time.Sleep(time.Millisecond)
		lock.Unlock()
		bed.Done(1)
		// Long enough for the lock to be free at times: where someone waits without a break since
		// before, Go records nothing.
		time.Sleep(10 * time.Millisecond)
	}
}

//go:noinline
func produce(work chan<- int) {
	for i := 0; ; i++ {
		time.Sleep(2 * time.Millisecond)
		work <- i
	}
}

//go:noinline
func consume(work <-chan int) {
	for range work {
	}
}

//go:noinline
func gather() {
	for {
		var all sync.WaitGroup
		all.Add(1)
		go func() {
			time.Sleep(2 * time.Millisecond)
			all.Done()
		}()
		all.Wait()
	}
}

var kept [][]byte

//go:noinline
func allocate() {
	for i := 0; ; i++ {
		block := make([]byte, 1000)
		if len(kept) < 1000 {
			kept = append(kept, block)
		} else {
			kept[i%len(kept)] = block
		}
		time.Sleep(time.Millisecond)
	}
}
