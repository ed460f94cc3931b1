// Command slowserver is the HTTP/JSON service of a small shop, with load on it and with faults that
// are found in real services. README.md lists them. It has no profiling endpoint.
package main

import (
	"flag"
	"net"
	"net/http"
	"time"

	"testbed/bed"
	"testbed/slowserver/audit"
	"testbed/slowserver/catalogue"
	"testbed/slowserver/events"
	"testbed/slowserver/load"
	"testbed/slowserver/notify"
	"testbed/slowserver/orders"
	"testbed/slowserver/sessions"
	"testbed/slowserver/stock"
)

var (
	address = flag.String("addr", "127.0.0.1:0", "listen on this `address`")
	clients = flag.Int("clients", 6, "put the load of `n` clients on the server; 0: none")
	client  = flag.String("load-on", "", "be the clients of the server at `url`, nothing else")
)

func main() {
	flag.Parse()
	if *client != "" {
		load.Run(*client, *clients)
		return
	}
	bed.Main(serve)
}

func serve() {
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		bed.Fail(err)
	}
	log, err := audit.Open()
	if err != nil {
		bed.Fail(err)
	}
	products := catalogue.New(3000)
	ledger := stock.New(products.IDs())
	bus := events.NewBus()
	api := &API{
		products: products,
		orders:   orders.NewBook(products, ledger, bus, notify.New()),
		ledger:   ledger,
		sessions: sessions.NewStore(),
		audit:    log,
	}
	server := &http.Server{Handler: api.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { bed.Fail(server.Serve(listener)) }()
	if *clients > 0 {
		if err := load.Start("http://"+listener.Addr().String(), *clients); err != nil {
			bed.Fail(err)
		}
	}
}
