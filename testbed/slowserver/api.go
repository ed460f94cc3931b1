package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"testbed/bed"
	"testbed/slowserver/audit"
	"testbed/slowserver/catalogue"
	"testbed/slowserver/orders"
	"testbed/slowserver/sessions"
	"testbed/slowserver/stock"
)

// API answers the shop's requests.
type API struct {
	products *catalogue.Catalogue
	orders   *orders.Book
	ledger   *stock.Ledger
	sessions *sessions.Store
	audit    *audit.Log
}

// Handler routes the requests.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/search", a.search)
	mux.HandleFunc("/products/", a.product)
	mux.HandleFunc("/orders", a.placeOrder)
	mux.HandleFunc("/orders/", a.order)
	mux.HandleFunc("/stock", a.stock)
	return a.observe(mux)
}

// observe is the middleware: it knows who asked, and keeps the audit log.
func (a *API) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		a.sessions.Touch(r.Header.Get("X-Request-Id"), r.URL.Path)
		next.ServeHTTP(w, r)
		a.audit.Request(r.Method, r.URL.Path, r.RemoteAddr, time.Since(started))
		bed.Done(1)
	})
}

func (a *API) search(w http.ResponseWriter, r *http.Request) {
	reply(w, a.products.Search(r.URL.Query().Get("q"), 10))
}

func (a *API) product(w http.ResponseWriter, r *http.Request) {
	product, ok := a.products.Get(number(r.URL.Path))
	if !ok {
		http.NotFound(w, r)
		return
	}
	reply(w, product)
}

func (a *API) placeOrder(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "POST an order", http.StatusMethodNotAllowed)
		return
	}
	var request orders.Request
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	order, err := a.orders.Place(request)
	switch {
	case errors.Is(err, orders.ErrInvalid):
		http.Error(w, err.Error(), http.StatusBadRequest)
	case errors.Is(err, stock.ErrSoldOut):
		http.Error(w, err.Error(), http.StatusConflict)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		w.WriteHeader(http.StatusCreated)
		reply(w, order)
	}
}

func (a *API) order(w http.ResponseWriter, r *http.Request) {
	order, ok := a.orders.Get(number(r.URL.Path))
	if !ok {
		http.NotFound(w, r)
		return
	}
	reply(w, order)
}

func (a *API) stock(w http.ResponseWriter, r *http.Request) {
	reply(w, a.ledger.Levels(50))
}

// number is the last part of a path, or -1.
func number(path string) int {
	n, err := strconv.Atoi(path[strings.LastIndexByte(path, '/')+1:])
	if err != nil {
		return -1
	}
	return n
}

func reply(w http.ResponseWriter, value interface{}) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}
