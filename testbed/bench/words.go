// Package bench counts words, with tests and benchmarks that use the CPU, allocate, wait and lock.
// Built with the tag slow it does the same with more work and more garbage.
package bench

import (
	"strings"
	"sync"
)

// Count says how often each word is in a text.
func Count(text string) map[string]int {
	counts := make(map[string]int)
	for _, word := range split(text) {
		counts[word]++
	}
	return counts
}

// CountAll counts the words of several texts, each in a goroutine of its own.
func CountAll(texts []string) map[string]int {
	var (
		mu    sync.Mutex
		all   = make(map[string]int)
		group sync.WaitGroup
	)
	for _, text := range texts {
		group.Add(1)
		go func(text string) {
			defer group.Done()
			mu.Lock()
			defer mu.Unlock()
			for word, n := range Count(text) {
				all[word] += n
			}
		}(text)
	}
	group.Wait()
	return all
}

// Text is a text of so many words.
func Text(words int) string {
	var b strings.Builder
	for i := 0; i < words; i++ {
		b.WriteString("word")
		b.WriteByte(byte('a' + i%20))
		b.WriteByte(' ')
	}
	return b.String()
}
