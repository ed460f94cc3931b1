// Command profiles does a bit of everything for some time and leaves every profile that
// runtime/pprof knows in a folder: cpu.pb.gz, heap.pb.gz, allocs.pb.gz, block.pb.gz, mutex.pb.gz,
// goroutine.pb.gz, threadcreate.pb.gz. With -text also as text: heap.txt and so on, and
// goroutine.debug2.txt.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sort"
	"strings"
	"sync"
	"time"

	"testbed/bed"
)

var (
	dir    = flag.String("dir", ".", "`folder` for the profiles")
	runFor = flag.Duration("work", time.Second, "work for this `time`")
	text   = flag.Bool("text", false, "profiles also as text")
	share1 = flag.Int("mutex", 1, "record one in `n` mutex contentions")
)

var kept sync.Map

func main() {
	flag.Parse()
	runtime.MemProfileRate = 4 << 10
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(*share1)
	cpu, err := os.Create(filepath.Join(*dir, "cpu.pb.gz"))
	check(err)
	check(pprof.StartCPUProfile(cpu))

	end := time.Now().Add(*runFor)
	var all sync.WaitGroup
	for i, work := range []func(){encode, search, walk, share, order} {
		all.Add(1)
		labels := pprof.Labels("worker", fmt.Sprint(i), "kind", []string{"fast", "slow"}[i%2])
		go pprof.Do(context.Background(), labels, func(context.Context) {
			defer all.Done()
			for time.Now().Before(end) {
				work()
			}
		})
	}
	// Some stay, so that there are goroutines to see.
	block := make(chan bool)
	for i := 0; i < 5; i++ {
		go wait(block)
	}
	for i := 0; i < 4; i++ {
		labels := pprof.Labels("waits", "for \"ever\"", "group", fmt.Sprint(i%2))
		go pprof.Do(context.Background(), labels, func(context.Context) { wait(block) })
	}
	all.Wait()
	if *text {
		contend()
	}
	pprof.StopCPUProfile()
	check(cpu.Close())
	// Twice, so that the profiles of memory are of the present; and none comes between them.
	runtime.GC()
	runtime.GC()
	debug.SetGCPercent(-1)
	for _, name := range []string{"heap", "allocs", "block", "mutex", "goroutine", "threadcreate"} {
		file, err := os.Create(filepath.Join(*dir, name+".pb.gz"))
		check(err)
		check(pprof.Lookup(name).WriteTo(file, 0))
		check(file.Close())
	}
	if !*text {
		return
	}
	for _, name := range []string{"heap", "allocs", "block", "mutex", "goroutine", "threadcreate"} {
		write(name+".txt", name, 1)
	}
	write("goroutine.debug2.txt", "goroutine", 2)
}

func write(as, name string, debug int) {
	file, err := os.Create(filepath.Join(*dir, as))
	check(err)
	check(pprof.Lookup(name).WriteTo(file, debug))
	check(file.Close())
}

// contend has a hundred goroutines that want the same lock at once.
func contend() {
	var all sync.WaitGroup
	var lock sync.Mutex
	for i := 0; i < 100; i++ {
		all.Add(1)
		go func() {
			lock.Lock()
			time.Sleep(500 * time.Microsecond)
			lock.Unlock()
			all.Done()
		}()
	}
	all.Wait()
}

func check(err error) {
	if err != nil {
		bed.Fail(err)
	}
}

func wait(block <-chan bool) { <-block }

type order1 struct {
	ID    int
	Lines []line
	Note  string
}

type line struct {
	Product string
	Price   float64
}

// encode goes through JSON, reflection and many small objects.
func encode() {
	o := order1{ID: 7, Note: strings.Repeat("n", 50)}
	for i := 0; i < 20; i++ {
		o.Lines = append(o.Lines, line{fmt.Sprintf("product %d", i), float64(i)})
	}
	text, err := json.Marshal(o)
	check(err)
	var back order1
	check(json.Unmarshal(text, &back))
	kept.Store(len(text)%64, back)
}

var pattern = regexp.MustCompile(`(\w+)@(\w+)\.(com|org)`)

func search() {
	text := strings.Repeat("someone@example.org, nobody; ", 20)
	total := 0
	for _, m := range pattern.FindAllString(text, -1) {
		total += twice(len(m))
	}
	kept.Store("search", total)
}

// twice is small enough to be inlined.
func twice(n int) int { return add(n, n) }

func add(a, b int) int { return a + b }

type tree struct{ left, right *tree }

func plant(depth int) *tree {
	if depth == 0 {
		return &tree{}
	}
	return &tree{plant(depth - 1), plant(depth - 1)}
}

// walk is recursive over two functions.
func walk() {
	t := plant(10)
	kept.Store("tree", t)
	kept.Store("count", even(t))
}

func even(t *tree) int {
	if t == nil {
		return 0
	}
	return 1 + odd(t.left) + odd(t.right)
}

func odd(t *tree) int {
	if t == nil {
		return 1
	}
	return even(t.left) + even(t.right)
}

var (
	lock  sync.Mutex
	count int
)

// share has goroutines wait for a lock and for channels.
func share() {
	results := make(chan int)
	for i := 0; i < 4; i++ {
		go func() {
			lock.Lock()
			for j := 0; j < 20000; j++ {
				count += j
			}
			lock.Unlock()
			results <- count
		}()
	}
	for i := 0; i < 4; i++ {
		<-results
	}
}

func order() {
	numbers := make([]string, 2000)
	for i := range numbers {
		numbers[i] = fmt.Sprint(i * 7919 % 2003)
	}
	sort.Slice(numbers, func(i, j int) bool { return largest(numbers[i], numbers[j]) == numbers[j] })
	kept.Store("numbers", numbers)
}

func largest[T ~string](a, b T) T {
	if a > b {
		return a
	}
	return b
}
