// Package audit keeps a log of every request.
package audit

import (
	"os"
	"strconv"
	"sync"
	"time"
)

// most is the size at which the log starts again, so that it never fills the disk.
const most = 16 << 20

// Log is a file without a buffer in front: each field is a write of its own.
type Log struct {
	lock sync.Mutex
	file *os.File
	size int
}

// Open makes a log in the temporary folder. It has no name there, so it is gone with the process.
func Open() (*Log, error) {
	file, err := os.CreateTemp("", "audit")
	if err != nil {
		return nil, err
	}
	return &Log{file: file}, os.Remove(file.Name())
}

// Request logs one request.
func (l *Log) Request(method, path, from string, took time.Duration) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.field("time=", time.Now().Format(time.RFC3339Nano))
	l.field(" method=", method)
	l.field(" path=", path)
	l.field(" from=", from)
	l.field(" us=", strconv.FormatInt(took.Microseconds(), 10))
	l.field("\n", "")
	if l.size > most {
		l.size = 0
		l.file.Truncate(0)
		l.file.Seek(0, 0)
	}
}

func (l *Log) field(name, value string) {
	n, _ := l.file.WriteString(name)
	m, _ := l.file.WriteString(value)
	l.size += n + m
}
