// Command endpoint serves net/http/pprof: over HTTP, over HTTPS with a certificate of its own making,
// and over HTTPS to clients that prove who they are.
//
// Into -dir it writes a line "http|https|mutual|unix ADDRESS" for each (addresses), and the certificates:
// the authority's (ca.pem) and a client's (client.pem, client.key). Without -dir it is HTTP only, and the
// line is printed.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"path/filepath"
	"time"

	"testbed/bed"
)

var (
	dir   = flag.String("dir", "", "write certificates, and a socket, into this `folder`")
	token = flag.String("token", "", "answer only requests with the header Authorization: Bearer `token`")
)

// where is a line for each listener.
var where string

func main() {
	bed.Main(func() {
		bed.Go("busy", func() {
			for i := 0; ; i++ {
				if sum(i) == 1 {
					fmt.Println()
				}
				bed.Done(1)
			}
		})
		serve("http", listen("tcp", "127.0.0.1:0"), nil)
		if *dir == "" {
			fmt.Print(where)
			return
		}
		authority := issue("authority", nil)
		write("ca.pem", "CERTIFICATE", authority.cert.Raw)
		client := issue("client", authority)
		write("client.pem", "CERTIFICATE", client.cert.Raw)
		key, err := x509.MarshalPKCS8PrivateKey(client.key)
		check(err)
		write("client.key", "PRIVATE KEY", key)

		server := issue("server", authority)
		pair := tls.Certificate{Certificate: [][]byte{server.cert.Raw}, PrivateKey: server.key}
		serve("https", listen("tcp", "127.0.0.1:0"), &tls.Config{Certificates: []tls.Certificate{pair}})
		pool := x509.NewCertPool()
		pool.AddCert(authority.cert)
		serve("mutual", listen("tcp", "127.0.0.1:0"), &tls.Config{
			Certificates: []tls.Certificate{pair},
			ClientAuth:   tls.RequireAndVerifyClientCert,
			ClientCAs:    pool,
		})
		serve("unix", listen("unix", filepath.Join(*dir, "endpoint.sock")), nil)
		check(os.WriteFile(filepath.Join(*dir, "addresses"), []byte(where), 0o600))
	})
}

func listen(network, address string) net.Listener {
	listener, err := net.Listen(network, address)
	check(err)
	return listener
}

func serve(name string, listener net.Listener, config *tls.Config) {
	where += fmt.Sprintln(name, listener.Addr())
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	server := &http.Server{
		Handler:  http.HandlerFunc(guard),
		ErrorLog: log.New(discard{}, "", 0),
	}
	go func() { check(server.Serve(listener)) }()
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func guard(w http.ResponseWriter, r *http.Request) {
	if *token != "" && r.Header.Get("Authorization") != "Bearer "+*token {
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	http.DefaultServeMux.ServeHTTP(w, r)
}

type identity struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue makes a certificate for this machine, signed by the authority, or by itself.
func issue(name string, authority *identity) *identity {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	check(err)
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if authority == nil {
		template.IsCA = true
		template.KeyUsage |= x509.KeyUsageCertSign
		authority = &identity{template, key}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, authority.cert, &key.PublicKey, authority.key)
	check(err)
	cert, err := x509.ParseCertificate(raw)
	check(err)
	return &identity{cert, key}
}

func write(name, kind string, raw []byte) {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
	check(os.WriteFile(filepath.Join(*dir, name), text, 0o600))
}

func check(err error) {
	if err != nil {
		bed.Fail(err)
	}
}

// sum is work with an inlined call in it.
//
//go:noinline
func sum(n int) int {
	total := 0
	for i := 0; i < 1000; i++ {
		total += step(i, n)
	}
	return total
}

func step(i, n int) int { return i*i ^ n }
