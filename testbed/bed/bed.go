// Package bed is what the programs of testbed/ share: their flags, the line "ready", a CPU profile
// taken by the program itself, and a count of the work done.
//
// A program that was started by a test (TESTBED_STDIN is set) reads its standard input: the line
// "ops" asks for the work done so far, and the end of the input ends the program.
package bed

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	runFor     = flag.Duration("for", 0, "end after this `time`; 0: run until killed")
	procs      = flag.Int("procs", 0, "set GOMAXPROCS to `n`; 0: leave it")
	warm       = flag.Duration("warm", 200*time.Millisecond, "work for this `time` before being ready")
	cpuProfile = flag.String("cpuprofile", "", "write a CPU profile of the run to `file`")
	profileFor = flag.Duration("profile-for", 8*time.Second, "`time` to profile, from being ready")
	labels     = flag.Bool("labels", false, "put pprof labels on the work")
)

var (
	ops   atomic.Uint64
	start time.Time
	print sync.Mutex
)

// Main parses the flags, starts the work, says that it is ready and stays until the end.
func Main(work func()) {
	if !flag.Parsed() {
		flag.Parse()
	}
	if *procs > 0 {
		runtime.GOMAXPROCS(*procs)
	}
	work()
	time.Sleep(*warm)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGINT)
	start = time.Now()
	ops.Store(0)
	say("ready")
	if *cpuProfile != "" {
		go profile()
	}
	ended := make(chan bool)
	if os.Getenv("TESTBED_STDIN") != "" {
		go listen(ended)
	}
	var end <-chan time.Time
	if *runFor > 0 {
		end = time.After(*runFor)
	}
	for {
		select {
		case s := <-signals:
			tell()
			if s != syscall.SIGUSR1 {
				signal.Reset(s)
				syscall.Kill(os.Getpid(), s.(syscall.Signal))
			}
		case <-end:
			tell()
			return
		case <-ended:
			tell()
			return
		}
	}
}

// Go starts one goroutine of the work. With -labels it carries the pprof label worker=name.
func Go(name string, work func()) {
	go Do(work, "worker", name)
}

// Do does work, with pprof labels (key, value, …) where -labels is set.
func Do(work func(), keyValues ...string) {
	if !*labels {
		work()
		return
	}
	pprof.Do(context.Background(), pprof.Labels(keyValues...), func(context.Context) { work() })
}

// Done counts n units of work.
func Done(n int) { ops.Add(uint64(n)) }

// Fail ends the program with a message.
func Fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func say(format string, args ...interface{}) {
	print.Lock()
	defer print.Unlock()
	fmt.Printf(format+"\n", args...)
}

func tell() {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	cpu := usage.Utime.Nano() + usage.Stime.Nano()
	say("ops %d cpu_ns %d wall_ns %d", ops.Load(), cpu, time.Since(start).Nanoseconds())
}

func listen(ended chan<- bool) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() == "ops" {
			tell()
		}
	}
	close(ended)
}

func profile() {
	// A reader of the file sees a whole profile or none; but a device is never replaced.
	part := *cpuProfile + ".part"
	if info, err := os.Stat(*cpuProfile); err == nil && !info.Mode().IsRegular() {
		part = *cpuProfile
	}
	file, err := os.Create(part)
	if err != nil {
		Fail(err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		Fail(err)
	}
	time.Sleep(*profileFor)
	pprof.StopCPUProfile()
	if err := file.Close(); err != nil {
		Fail(err)
	}
	if part != *cpuProfile {
		if err := os.Rename(part, *cpuProfile); err != nil {
			Fail(err)
		}
	}
	say("profiled")
}
