// Package sessions remembers who did what.
package sessions

import (
	"sync"
	"time"
)

// most bounds the growth, so that a server that is forgotten does not eat its machine.
const most = 300000

// Session is a visit to the shop.
type Session struct {
	id      string
	started time.Time
	path    string
	cart    [8]int
}

// Store holds sessions. They are never removed.
type Store struct {
	lock     sync.Mutex
	sessions map[string]*Session
}

// NewStore makes an empty store.
func NewStore() *Store { return &Store{sessions: map[string]*Session{}} }

// Touch notes a request. Each request's id is taken for a session's.
func (s *Store) Touch(id, path string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	session := s.sessions[id]
	if session == nil && len(s.sessions) < most {
		session = &Session{id: id, started: time.Now()}
		s.sessions[id] = session
	}
	if session != nil {
		session.path = path
	}
}
