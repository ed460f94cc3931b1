// Command labels has goroutines with pprof labels that do known shares of the work: of a hundred
// units, tenant=red does 50, green 30, blue 15, and 5 are done without a label. Half of each
// tenant's work has the label step=check besides, and is done by a goroutine that inherits its
// labels.
package main

import (
	"context"
	"runtime/pprof"
	"sync"

	"testbed/bed"
)

var tenants = []struct {
	name  string
	units int
}{{"red", 50}, {"green", 30}, {"blue", 15}, {"", 5}}

func main() {
	bed.Main(func() {
		var round sync.WaitGroup
		var starts []chan bool
		for _, tenant := range tenants {
			tenant := tenant
			start := make(chan bool)
			starts = append(starts, start)
			go func() {
				for range start {
					serve(tenant.name, tenant.units)
					round.Done()
				}
			}()
		}
		go func() {
			for {
				round.Add(len(starts))
				for _, start := range starts {
					start <- true
				}
				round.Wait()
				bed.Done(1)
			}
		}()
	})
}

//go:noinline
func serve(tenant string, units int) {
	if tenant == "" {
		work(2 * units)
		return
	}
	pprof.Do(context.Background(), pprof.Labels("tenant", tenant), func(ctx context.Context) {
		work(units)
		pprof.Do(ctx, pprof.Labels("step", "check"), func(context.Context) {
			done := make(chan bool)
			go check(units, done)
			<-done
		})
	})
}

//go:noinline
func check(units int, done chan<- bool) {
	work(units)
	done <- true
}

//go:noinline
func work(units int) {
	x := uint64(1)
	for i := uint64(0); i < uint64(units)*50000; i++ {
		x = x*0x9e3779b97f4a7c15 ^ i
	}
	sink(x)
}

//go:noinline
func sink(uint64) {}
