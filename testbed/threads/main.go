// Command threads has OS threads that come and go: many short-lived ones that compute, many that do
// little, and some that start late.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"testbed/bed"
)

var (
	short     = flag.Int("short", 0, "keep `n` short-lived threads that burn CPU")
	light     = flag.Int("light", 0, "keep `n` threads that each burn a little and sleep")
	late      = flag.Bool("late", false, "start threads that burn CPU some time after being ready")
	burn      = flag.Duration("burn", 10*time.Millisecond, "CPU `time` in the life of a short-lived thread")
	nap       = flag.Duration("nap", time.Second, "`time` that a lightly used thread sleeps")
	lateAfter = flag.Duration("late-after", 3*time.Second, "`time` until the late threads start")
)

func main() {
	flag.Parse()
	if *short == 0 && *light == 0 && !*late {
		*short = 40
	}
	bed.Main(func() {
		for i := 0; i < *short; i++ {
			bed.Go(fmt.Sprint("short", i), keepShort)
		}
		for i := 0; i < *light; i++ {
			wait := *nap * time.Duration(i) / time.Duration(*light)
			bed.Go(fmt.Sprint("light", i), func() { keepLight(wait) })
		}
		if *late {
			for i := 0; i < 4; i++ {
				bed.Go(fmt.Sprint("late", i), keepLate)
			}
		}
	})
}

// keepShort starts one thread after another. A goroutine that ends while locked ends its thread.
func keepShort() {
	for {
		done := make(chan bool)
		go func() {
			defer close(done)
			runtime.LockOSThread()
			shortBurn(*burn)
			bed.Done(1)
		}()
		<-done
	}
}

func keepLight(wait time.Duration) {
	runtime.LockOSThread()
	time.Sleep(wait)
	for {
		lightBurn(time.Millisecond)
		bed.Done(1)
		time.Sleep(*nap)
	}
}

func keepLate() {
	time.Sleep(*lateAfter)
	runtime.LockOSThread()
	for {
		lateBurn(10 * time.Millisecond)
		bed.Done(1)
	}
}

//go:noinline
func shortBurn(cpu time.Duration) { spin(cpu) }

//go:noinline
func lightBurn(cpu time.Duration) { spin(cpu) }

//go:noinline
func lateBurn(cpu time.Duration) { spin(cpu) }

// spin computes until the calling thread has used so much more CPU time.
func spin(cpu time.Duration) {
	end := threadTime() + cpu
	for threadTime() < end {
		compute(1)
	}
}

//go:noinline
func compute(x uint64) uint64 {
	for i := uint64(0); i < 50000; i++ {
		x = x*0x9e3779b97f4a7c15 ^ i
	}
	return x
}

func threadTime() time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var usage syscall.Rusage
	if err := syscall.Getrusage(thread, &usage); err != nil {
		bed.Fail(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
