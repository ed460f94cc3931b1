// Command httpd is a JSON service over net/http, with clients in the same process that keep it busy
// over the loopback interface.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"testbed/bed"
)

var clients = flag.Int("clients", 8, "`n` clients that send one request after another")

func main() {
	bed.Main(func() {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			bed.Fail(err)
		}
		s := &service{accounts: map[int]*account{}}
		mux := http.NewServeMux()
		mux.HandleFunc("/accounts/", s.show)
		mux.HandleFunc("/transfer", s.transfer)
		mux.HandleFunc("/report", s.report)
		for i := 0; i < 200; i++ {
			s.accounts[i] = &account{ID: i, Owner: "owner " + strconv.Itoa(i), Balance: 1000}
		}
		go func() { bed.Fail(http.Serve(listener, mux)) }()
		base := "http://" + listener.Addr().String()
		for i := 0; i < *clients; i++ {
			c := &client{base: base, number: i}
			c.http.Timeout = 30 * time.Second
			c.http.Transport = &http.Transport{MaxIdleConnsPerHost: 1}
			bed.Go("client", c.loop)
		}
	})
}

type account struct {
	ID      int      `json:"id"`
	Owner   string   `json:"owner"`
	Balance int64    `json:"balance"`
	History []string `json:"history,omitempty"`
}

type order struct {
	From   int   `json:"from"`
	To     int   `json:"to"`
	Amount int64 `json:"amount"`
}

type service struct {
	lock     sync.RWMutex
	accounts map[int]*account
}

func (s *service) show(w http.ResponseWriter, r *http.Request) {
	bed.Do(func() {
		id, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/accounts/"))
		s.lock.RLock()
		defer s.lock.RUnlock()
		found := s.accounts[id]
		if err != nil || found == nil {
			http.NotFound(w, r)
			return
		}
		reply(w, found)
	}, "endpoint", "show")
}

func (s *service) transfer(w http.ResponseWriter, r *http.Request) {
	bed.Do(func() {
		var o order
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.lock.Lock()
		defer s.lock.Unlock()
		from, to := s.accounts[o.From], s.accounts[o.To]
		if from == nil || to == nil {
			http.NotFound(w, r)
			return
		}
		from.Balance -= o.Amount
		to.Balance += o.Amount
		to.History = append(to.History, fmt.Sprintf("%d from %s", o.Amount, from.Owner))
		if len(to.History) > 20 {
			to.History = to.History[10:]
		}
		reply(w, from)
	}, "endpoint", "transfer")
}

func (s *service) report(w http.ResponseWriter, r *http.Request) {
	bed.Do(func() {
		s.lock.RLock()
		defer s.lock.RUnlock()
		sums := map[string]int64{}
		for _, a := range s.accounts {
			sums[a.Owner[:7]] += a.Balance
		}
		reply(w, sums)
	}, "endpoint", "report")
}

func reply(w http.ResponseWriter, value interface{}) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}

type client struct {
	base   string
	number int
	http   http.Client
}

func (c *client) loop() {
	for i := c.number; ; i++ {
		var response *http.Response
		var err error
		switch {
		case i%10 == 9:
			response, err = c.http.Get(c.base + "/report")
		case i%3 == 0:
			body, _ := json.Marshal(order{From: i % 200, To: i * 7 % 200, Amount: int64(i % 50)})
			response, err = c.http.Post(c.base+"/transfer", "application/json", bytes.NewReader(body))
		default:
			response, err = c.http.Get(c.base + "/accounts/" + strconv.Itoa(i*13%200))
		}
		if err != nil {
			bed.Fail(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		bed.Done(1)
	}
}
