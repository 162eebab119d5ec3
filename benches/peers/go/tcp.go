// The server of the work tcp: a minimal HTTP reply by net/http or, with -raw, by a loop over net.Conn; and an echo.
//
// It prints its port, serves until its standard input ends, and prints how many connections it served and how
// many of them fell to its busiest thread, as our own program does.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

var (
	workers = flag.Int("workers", runtime.GOMAXPROCS(0), "threads that run goroutines (GOMAXPROCS)")
	variant = flag.String("variant", "http-64", "http-N, echo, idle or storm")
	raw     = flag.Bool("raw", false, "answer http-N without net/http")
)

const bufferBytes = 1024

var reply = []byte("HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\r\nHello, world!")

// served counts connections for each thread they began on.
var served = struct {
	sync.Mutex
	threads map[int]int
}{threads: map[int]int{}}

func count() {
	thread := syscall.Gettid()
	served.Lock()
	served.threads[thread]++
	served.Unlock()
}

func echo(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, bufferBytes)
	for {
		length, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if _, err := conn.Write(buffer[:length]); err != nil {
			return
		}
	}
}

// answer replies to each request that ends in an empty line; a request longer than the buffer ends the connection.
func answer(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, bufferBytes)
	filled := 0
	for filled < len(buffer) {
		length, err := conn.Read(buffer[filled:])
		if err != nil {
			return
		}
		filled += length
		begin := 0
		for {
			end := bytes.Index(buffer[begin:filled], []byte("\r\n\r\n"))
			if end < 0 {
				break
			}
			begin += end + 4
			if _, err := conn.Write(reply); err != nil {
				return
			}
		}
		copy(buffer, buffer[begin:filled])
		filled -= begin
	}
}

func accept(listener net.Listener, converse func(net.Conn)) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			count()
			converse(conn)
		}()
	}
}

func hello(response http.ResponseWriter, _ *http.Request) {
	response.Header().Set("Content-Type", "text/plain")
	io.WriteString(response, "Hello, world!")
}

func main() {
	flag.Parse()
	runtime.GOMAXPROCS(*workers)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	switch {
	case *variant == "echo" || *variant == "idle":
		go accept(listener, echo)
	case *raw || !strings.HasPrefix(*variant, "http"):
		go accept(listener, answer)
	default:
		go http.Serve(listener, http.HandlerFunc(hello))
	}
	fmt.Println("port:", listener.Addr().(*net.TCPAddr).Port)

	io.Copy(io.Discard, os.Stdin)
	served.Lock()
	total, most := 0, 0
	for _, connections := range served.threads {
		total += connections
		most = max(most, connections)
	}
	fmt.Println("connections:", total)
	if total > 0 {
		fmt.Println("busiest_percent:", 100*float64(most)/float64(total))
	}
}
