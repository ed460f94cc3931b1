package bench

import (
	"os"
	"testing"
	"time"
)

func TestCount(t *testing.T) {
	if n := Count(Text(2000))["worda"]; n != 100 {
		t.Fatalf("worda is there %d times", n)
	}
}

func TestCountAll(t *testing.T) {
	texts := []string{Text(5000), Text(5000), Text(5000), Text(5000)}
	if n := CountAll(texts)["wordb"]; n != 1000 {
		t.Fatalf("wordb is there %d times", n)
	}
}

func TestWait(t *testing.T) {
	done := make(chan bool)
	go func() {
		time.Sleep(20 * time.Millisecond)
		done <- true
	}()
	waitFor(done)
}

//go:noinline
func waitFor(done chan bool) { <-done }

// TestOutcome fails, panics or hangs if the environment says so.
func TestOutcome(t *testing.T) {
	switch os.Getenv("BENCH_OUTCOME") {
	case "fail":
		t.Fatal("as asked for")
	case "panic":
		panic("as asked for")
	case "hang":
		time.Sleep(time.Hour)
	}
}

func BenchmarkCount(b *testing.B) {
	for _, size := range []struct {
		name  string
		words int
	}{{"words=10", 10}, {"words=1000", 1000}} {
		text := Text(size.words)
		b.Run(size.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				Count(text)
			}
			b.ReportMetric(float64(size.words), "words/op")
		})
	}
}

func BenchmarkCountAll(b *testing.B) {
	texts := []string{Text(500), Text(500), Text(500), Text(500)}
	for i := 0; i < b.N; i++ {
		CountAll(texts)
	}
}
