// Package load is the shop's customers: another process, so that the server's is only the server.
package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"time"
)

// Start starts the customers. They end with this process, however it ends.
func Start(server string, clients int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(self, "-load-on", server, "-clients", fmt.Sprint(clients))
	command.Args[0] = "load"
	command.Stderr = os.Stderr
	lifeline, err = command.StdinPipe()
	if err != nil {
		return err
	}
	return command.Start()
}

// lifeline is the customers' standard input. Nothing is ever written to it; its end is how they
// know that the server is gone.
var lifeline io.WriteCloser

// Run is what the customers do, until their standard input ends.
func Run(server string, clients int) {
	for i := 0; i < clients; i++ {
		c := &customer{server: server, number: i, clients: clients}
		c.http.Timeout = 10 * time.Second
		go c.loop()
	}
	io.Copy(io.Discard, os.Stdin)
}

type customer struct {
	server  string
	number  int
	clients int
	http    http.Client
}

// loop sends one request after another, with a little time to think between them.
func (c *customer) loop() {
	words := []string{"folding chair", "bright lamp 7", "woolen jaket", "tent", "quiet keybord 300"}
	for i := c.number; ; i += c.clients {
		switch i % 20 {
		case 0:
			c.send(i, http.MethodGet, "/search?q="+url.QueryEscape(words[i/20%len(words)]), nil)
		case 1, 3, 5, 7, 9, 11, 13:
			c.order(i)
		case 2, 12:
			c.send(i, http.MethodGet, fmt.Sprint("/orders/", i/20), nil)
		case 19:
			c.send(i, http.MethodGet, "/stock", nil)
		default:
			c.send(i, http.MethodGet, fmt.Sprint("/products/", i%3000), nil)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (c *customer) order(i int) {
	type item struct {
		Product  int `json:"product"`
		Quantity int `json:"quantity"`
	}
	body, _ := json.Marshal(map[string]interface{}{
		"customer": fmt.Sprint("customer ", i%500),
		"items":    []item{{i % 3000, 1 + i%3}, {i * 7 % 3000, 1}, {i * 13 % 3000, 2}},
	})
	c.send(i, http.MethodPost, "/orders", body)
}

func (c *customer) send(i int, method, path string, body []byte) {
	request, err := http.NewRequest(method, c.server+path, bytes.NewReader(body))
	if err != nil {
		return
	}
	request.Header.Set("X-Request-Id", fmt.Sprintf("request-%09d", i))
	response, err := c.http.Do(request)
	if err != nil {
		// The server may be stopped in a debugger; try again soon.
		time.Sleep(100 * time.Millisecond)
		return
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
}
