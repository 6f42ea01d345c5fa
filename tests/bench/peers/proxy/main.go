// Proxy stands before a registry and counts, delays and disturbs what passes. Plain HTTP/1.1; bodies of known length
// are spliced from socket to socket by the kernel, so that the proxy costs its clients next to nothing.
//
//	proxy serve LISTEN UPSTREAM CONTROL   serves until it is killed
//	proxy load URL REQUESTS CONNECTIONS   asks a URL and prints requests and mebibytes a second
//
// CONTROL answers GET /counts, and POST /set with a Setting as JSON, which also sets the counts to zero.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

func main() {
	switch {
	case len(os.Args) == 5 && os.Args[1] == "serve":
		serve(os.Args[2], os.Args[3], os.Args[4])
	case len(os.Args) == 5 && os.Args[1] == "load":
		requests, _ := strconv.Atoi(os.Args[3])
		connections, _ := strconv.Atoi(os.Args[4])
		load(os.Args[2], requests, connections)
	default:
		fmt.Fprintln(os.Stderr, "usage: proxy serve LISTEN UPSTREAM CONTROL | proxy load URL REQUESTS CONNECTIONS")
		os.Exit(2)
	}
}

func serve(listen, upstream, control string) {
	site := &site{upstream: upstream}
	site.set(Setting{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(site.counts()) })
	mux.HandleFunc("POST /set", func(w http.ResponseWriter, r *http.Request) {
		var setting Setting
		if err := json.NewDecoder(r.Body).Decode(&setting); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := site.set(setting); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	go func() { log.Fatal(http.ListenAndServe(control, mux)) }()
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		log.Fatal(err)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go site.serve(client.(*net.TCPConn))
	}
}

func load(url string, requests, connections int) {
	work := make(chan struct{}, requests)
	for range requests {
		work <- struct{}{}
	}
	close(work)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}}
	var wait sync.WaitGroup
	var lock sync.Mutex
	var bytes int64
	begin := time.Now()
	for range connections {
		wait.Add(1)
		go func() {
			defer wait.Done()
			buffer := make([]byte, 1<<20)
			for range work {
				answer, err := client.Get(url)
				if err != nil {
					log.Fatal(err)
				}
				// Only a reader that is hidden behind an interface uses the large buffer.
				read, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{answer.Body}, buffer)
				if err != nil || answer.StatusCode != http.StatusOK {
					log.Fatal(answer.Status, err)
				}
				answer.Body.Close()
				lock.Lock()
				bytes += read
				lock.Unlock()
			}
		}()
	}
	wait.Wait()
	seconds := time.Since(begin).Seconds()
	fmt.Printf("%.0f %.0f\n", float64(requests)/seconds, float64(bytes)/seconds/(1<<20))
}
