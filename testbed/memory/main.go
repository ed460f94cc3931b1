// Command memory allocates, blocks and contends in many ways, and then does nothing but answer, so
// that what is read of it can be compared with what it says itself. It prints "ready", and takes
// lines on its standard input:
//
//	read           reads its MemStats without allocating anything, and prints "read"
//	print          prints what it read: "memstats " and JSON
//	save NAME FILE writes a profile of runtime/pprof, and prints "saved"
//
// With -busy n it has n goroutines that allocate and collect meanwhile.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"syscall"

	"testbed/bed"
)

var (
	rate     = flag.Int("rate", 4096, "MemProfileRate in `bytes`; 0: no heap profile")
	share    = flag.Int("mutex", 1, "record one in `n` mutex contentions; 0: none")
	block    = flag.Int("block", 1, "record blocking of so many `nanoseconds`; 0: none")
	busy     = flag.Int("busy", 0, "`n` goroutines that allocate all the time")
	collects = flag.Bool("collect", true, "collect garbage before being ready")
)

// What reading needs is there from the beginning.
var (
	stats  runtime.MemStats
	input  [4096]byte
	answer = []byte("read\n")
)

func main() {
	flag.Parse()
	runtime.MemProfileRate = *rate
	runtime.SetBlockProfileRate(*block)
	runtime.SetMutexProfileFraction(*share)
	allocate()
	contend()
	startCgo()
	for i := 0; i < *busy; i++ {
		go churn(i)
	}
	if *collects {
		// Twice, so that profiles of memory are of the present; and nothing is left to give back.
		runtime.GC()
		debug.FreeOSMemory()
	}
	fmt.Println("ready")
	for {
		for _, line := range strings.Split(next(), "\n") {
			words := strings.Fields(line)
			switch {
			case len(words) == 1 && words[0] == "print":
				text, err := json.Marshal(&stats)
				check(err)
				fmt.Printf("memstats %s\n", text)
			case len(words) == 3 && words[0] == "save":
				file, err := os.Create(words[2])
				check(err)
				check(pprof.Lookup(words[1]).WriteTo(file, 0))
				check(file.Close())
				fmt.Println("saved")
			}
		}
	}
}

// next answers reads, and returns any other line. It allocates only what it returns.
func next() string {
	end := 0
	for {
		n, err := syscall.Read(0, input[end:])
		if err == syscall.EINTR || err == syscall.EAGAIN {
			continue
		}
		if n <= 0 || err != nil {
			os.Exit(0)
		}
		end += n
		if input[end-1] != '\n' {
			continue
		}
		if end != len("read\n") || input[0] != 'r' {
			return string(input[:end])
		}
		end = 0
		runtime.ReadMemStats(&stats)
		syscall.Write(1, answer)
	}
}

func check(err error) {
	if err != nil {
		bed.Fail(err)
	}
}
