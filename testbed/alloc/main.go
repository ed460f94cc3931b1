// Command alloc allocates: its time goes into making objects and into collecting them.
package main

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"testbed/bed"
)

func main() {
	bed.Main(func() {
		for i := 0; i < runtime.GOMAXPROCS(0)+1; i++ {
			w := &worker{index: map[string]*record{}}
			bed.Go(fmt.Sprint(i), w.loop)
		}
	})
}

// record is small, holds pointers, and is linked to others.
type record struct {
	name string
	next *record
	tags []string
	data []byte
}

// tree has many small objects, all reachable from one.
type tree struct{ left, right *tree }

// worker keeps some tens of megabytes alive, and replaces them again and again.
type worker struct {
	index map[string]*record
	list  *record
	kept  [64]*tree
	round int
}

func (w *worker) loop() {
	for {
		bed.Do(w.fillIndex, "task", "index")
		bed.Do(w.growSlices, "task", "slices")
		bed.Do(w.joinStrings, "task", "strings")
		bed.Do(w.plantTree, "task", "tree")
		bed.Do(w.boxValues, "task", "boxes")
		bed.Do(w.finalise, "task", "finalizers")
		w.round++
		bed.Done(1)
	}
}

//go:noinline
func (w *worker) fillIndex() {
	if w.round%50 == 0 {
		w.index, w.list = map[string]*record{}, nil
	}
	for i := 0; i < 200; i++ {
		r := &record{name: "record-" + strconv.Itoa(w.round*200+i), next: w.list}
		r.tags = append(r.tags, r.name[:6], "round")
		r.data = make([]byte, 100+i)
		w.index[r.name] = r
		w.list = r
	}
}

//go:noinline
func (w *worker) growSlices() {
	for i := 0; i < 20; i++ {
		var numbers []int
		for j := 0; j < 2000; j++ {
			numbers = append(numbers, j)
		}
		grid := make([][]float64, 30)
		for j := range grid {
			grid[j] = make([]float64, 64)
		}
		grid[i][0] = float64(numbers[i])
	}
}

//go:noinline
func (w *worker) joinStrings() {
	var parts []string
	for i := 0; i < 400; i++ {
		parts = append(parts, fmt.Sprintf("%d:%s", i, "value"))
	}
	line := strings.Join(parts, ",")
	w.kept[0] = &tree{}
	for _, part := range strings.Split(strings.ToUpper(line), ",") {
		if len(part) > 100 {
			panic(part)
		}
	}
}

//go:noinline
func plant(depth int) *tree {
	if depth == 0 {
		return &tree{}
	}
	return &tree{plant(depth - 1), plant(depth - 1)}
}

//go:noinline
func (w *worker) plantTree() { w.kept[w.round%len(w.kept)] = plant(10) }

var boxes atomic.Value

//go:noinline
func (w *worker) boxValues() {
	values := make([]interface{}, 0, 500)
	for i := 0; i < 500; i++ {
		values = append(values, i*1000, float64(i), [3]int{i, i, i})
	}
	boxes.Store(values)
}

var finalised atomic.Int64

//go:noinline
func (w *worker) finalise() {
	for i := 0; i < 10; i++ {
		r := &record{data: make([]byte, 64)}
		runtime.SetFinalizer(r, func(*record) { finalised.Add(1) })
	}
}
