// Command waits has goroutines that wait in every way there is, and then does nothing.
//
// On SIGUSR2 it writes the text of its goroutines (debug=2) to the file -dump, the one with debug=1
// and the profile to files beside it, and prints "dumped".
// With -many n it has n more goroutines of five kinds, -depth calls deep; with -churn w, w workers
// start and end goroutines as fast as they can, with garbage collections and growing stacks.
package main

import (
	"context"
	"flag"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"

	"testbed/bed"
)

var (
	dumpTo = flag.String("dump", "", "write goroutines to `file` on SIGUSR2")
	many   = flag.Int("many", 0, "`n` more goroutines")
	depth  = flag.Int("depth", 8, "`calls` on the stack of each of them")
	churn  = flag.Int("churn", 0, "`workers` that start and end goroutines")
	quiet  = flag.Bool("quiet", false, "none but the goroutines of -many and -churn")
)

func main() {
	bed.Main(func() {
		go dumper()
		if !*quiet {
			startWaits()
			startForVersion()
			startCgo()
		}
		startMany(*many)
		for i := 0; i < *churn; i++ {
			go churner(i)
		}
		if *churn > 0 {
			go collector()
		}
	})
}

func dumper() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR2)
	for range signals {
		if *dumpTo == "" {
			continue
		}
		for debug, ending := range []string{".pb.gz", ".1", ""} {
			file, err := os.Create(*dumpTo + ending)
			if err != nil {
				bed.Fail(err)
			}
			pprof.Lookup("goroutine").WriteTo(file, debug)
			file.Close()
		}
		os.Stdout.WriteString("dumped\n")
	}
}

type box struct {
	lock   sync.Mutex
	shared sync.RWMutex
	all    sync.WaitGroup
	cond   *sync.Cond
	never  chan int
}

func startWaits() {
	b := &box{never: make(chan int)}
	b.cond = sync.NewCond(&sync.Mutex{})
	b.all.Add(1)
	b.lock.Lock()
	b.shared.Lock()
	go receive(b.never)
	go send(b.never2())
	go receive(nil)
	go send(nil)
	go rangeOver(b.never)
	go choose(b.never)
	go chooseNone()
	go sleep()
	go b.lockIt()
	go b.readIt()
	go b.writeIt()
	go b.waitAll()
	go b.waitCond()
	go accept()
	go readPipe()
	go timer()
	go locked(b.never)
	go deep(3000, b.never)
	go generic(b.never, "x")
	go generic(b.never, 1)
	go outer(b.never)
	go panicking(b.never)
	go parent(b.never)
	go pprof.Do(context.Background(), pprof.Labels("kind", "wait", "tier", "gold"), func(context.Context) {
		receive(b.never)
	})
	pprof.Do(context.Background(), pprof.Labels("kind", "inherited"), func(context.Context) {
		go receive(b.never)
	})
	go interfaced(value{3}, b.never)
	go func() {
		func() {
			defer func() { <-b.never }()
		}()
	}()
	finalized(b.never)
	for i := 0; i < 3; i++ {
		// Preempted where it was, by the garbage collection or sysmon, or not yet run.
		go receive(b.never)
	}
}

func (b *box) never2() chan int { return make(chan int) }

//go:noinline
func receive(c chan int) { <-c }

//go:noinline
func send(c chan int) { c <- 1 }

//go:noinline
func rangeOver(c chan int) {
	for range c {
		bed.Done(1)
	}
}

//go:noinline
func choose(c chan int) {
	select {
	case <-c:
	case c <- 1:
	case <-time.After(time.Hour):
	}
}

func chooseNone() { select {} }

func sleep() { time.Sleep(time.Hour) }

func (b *box) lockIt() {
	b.lock.Lock()
	defer b.lock.Unlock()
}

func (b *box) readIt() {
	b.shared.RLock()
	defer b.shared.RUnlock()
}

func (b *box) writeIt() {
	b.shared.Lock()
	defer b.shared.Unlock()
}

func (b *box) waitAll() { b.all.Wait() }

func (b *box) waitCond() {
	b.cond.L.Lock()
	b.cond.Wait()
}

func accept() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		bed.Fail(err)
	}
	listener.Accept()
}

func readPipe() {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		bed.Fail(err)
	}
	syscall.Read(fds[0], make([]byte, 1))
}

func timer() { <-time.NewTimer(time.Hour).C }

func locked(c chan int) {
	runtime.LockOSThread()
	receive(c)
}

//go:noinline
func deep(n int, c chan int) int {
	if n == 0 {
		return <-c
	}
	return deep(n-1, c) + n
}

//go:noinline
func generic[T any](c chan int, x T) T {
	<-c
	return x
}

func outer(c chan int)  { middle(c) }
func middle(c chan int) { inner(c) }
func inner(c chan int)  { <-c }

func panicking(c chan int) {
	defer func() {
		<-c
		recover()
	}()
	var nothing *box
	nothing.all.Add(1)
}

func parent(c chan int) {
	go child(c)
	receive(c)
}

func child(c chan int) { receive(c) }

type receiver interface{ receive(c chan int) }

type value struct{ n int }

//go:noinline
func (v value) receive(c chan int) { <-c }

//go:noinline
func interfaced(r receiver, c chan int) { r.receive(c) }

// finalized makes the goroutine that runs finalizers wait in one.
func finalized(c chan int) {
	started := make(chan bool)
	runtime.SetFinalizer(&box{}, func(*box) {
		close(started)
		receive(c)
	})
	for i := 0; i < 10; i++ {
		runtime.GC()
		select {
		case <-started:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func startMany(n int) {
	if n == 0 {
		return
	}
	var (
		c, d    = make(chan int), make(chan int)
		all     sync.WaitGroup
		cond    = sync.NewCond(&sync.Mutex{})
		started sync.WaitGroup
	)
	all.Add(1)
	debug.SetGCPercent(400)
	for i := 0; i < n; i++ {
		i := i
		started.Add(1)
		work := func() {
			started.Done()
			switch i % 5 {
			case 0:
				<-c
			case 1:
				select {
				case <-c:
				case <-d:
				}
			case 2:
				cond.L.Lock()
				cond.Wait()
			case 3:
				time.Sleep(time.Hour)
			default:
				all.Wait()
			}
		}
		go climb(*depth, work)
	}
	started.Wait()
}

//go:noinline
func climb(n int, work func()) {
	if n > 0 {
		climb(n-1, work)
		return
	}
	work()
}

// churner starts goroutines that call one another in ways a reader knows, and end.
func churner(id int) {
	for {
		var done sync.WaitGroup
		c := make(chan int, 1)
		for i := 0; i < 16; i++ {
			done.Add(1)
			go func(i int) {
				defer done.Done()
				churnA(i, c)
			}(i)
		}
		done.Wait()
		bed.Done(16)
	}
}

//go:noinline
func churnA(n int, c chan int) {
	if n%2 == 0 {
		churnB(n, c)
	} else {
		churnC(n*10, c)
	}
}

//go:noinline
func churnB(n int, c chan int) {
	select {
	case c <- n:
	case <-c:
	}
	churnC(n, c)
}

// churnC grows the stack.
//
//go:noinline
func churnC(n int, c chan int) int {
	var room [64]int
	if n <= 0 {
		select {
		case <-c:
		default:
			runtime.Gosched()
		}
		time.Sleep(time.Duration(n&3) * time.Microsecond)
		return 0
	}
	room[n%64] = n
	return churnC(n-1, c) + room[(n+1)%64]
}

func collector() {
	var keep [][]byte
	for {
		keep = append(keep, make([]byte, 64<<10))
		if len(keep) > 100 {
			keep = nil
			runtime.GC()
		}
		time.Sleep(100 * time.Microsecond)
	}
}
