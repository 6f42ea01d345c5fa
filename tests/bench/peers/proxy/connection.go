package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const buffer = 64 << 10

// serve passes the requests of one connection on, over one connection of its own, until either side ends.
func (s *site) serve(client *net.TCPConn) {
	defer client.Close()
	c := &connection{site: s, client: client, fromClient: bufio.NewReaderSize(client, buffer)}
	defer c.hangUp()
	// A client that tries TLS first is to learn at once, as from the registry itself, that there is none.
	if first, err := c.fromClient.Peek(1); err != nil || first[0] < 'A' || first[0] > 'Z' {
		io.WriteString(client, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request")
		client.CloseWrite()
		client.SetReadDeadline(time.Now().Add(time.Second))
		io.Copy(io.Discard, c.fromClient)
		return
	}
	for c.exchange() == nil {
	}
}

type connection struct {
	site         *site
	client       *net.TCPConn
	fromClient   *bufio.Reader
	upstream     *net.TCPConn
	fromUpstream *bufio.Reader
}

func (c *connection) hangUp() {
	if c.upstream != nil {
		c.upstream.Close()
		c.upstream = nil
	}
}

func (c *connection) reset() error {
	c.client.SetLinger(0)
	c.client.Close()
	c.hangUp()
	return errDone
}

var errDone = errors.New("the connection is to end")

// exchange passes one request and its answer on.
func (c *connection) exchange() error {
	request, err := readHead(c.fromClient)
	if err != nil {
		return err
	}
	method, target := request.first(0), request.first(1)
	delay, strike := c.site.meet(method, target, request.chunked || request.length > 0)
	time.Sleep(delay)
	switch strike.kind {
	case "status":
		return c.refuse(request, strike)
	case "reset-upload":
		n, _ := io.CopyN(io.Discard, c.fromClient, max(request.length/2, 1))
		c.site.bytes(n, 0)
		return c.reset()
	}
	if c.upstream == nil {
		upstream, err := net.Dial("tcp", c.site.upstream)
		if err != nil {
			return err
		}
		c.upstream = upstream.(*net.TCPConn)
		c.fromUpstream = bufio.NewReaderSize(upstream, buffer)
	}
	if _, err := c.upstream.Write(request.raw); err != nil {
		return err
	}
	sent := make(chan error, 1)
	if request.chunked || request.length > 0 {
		go func() {
			up, err := body(c.upstream, c.fromClient, c.client, request, false)
			c.site.bytes(up, 0)
			sent <- err
		}()
	} else {
		sent <- nil
	}
	if err := c.answer(method, strike.kind); err != nil {
		// Either side's end frees the other's copying.
		c.client.Close()
		c.hangUp()
		<-sent
		return err
	}
	return <-sent
}

// refuse answers instead of the registry, after the body was read, so that the connection stays useful.
func (c *connection) refuse(request *head, strike strike) error {
	if !request.expects {
		n, err := body(io.Discard, c.fromClient, nil, request, false)
		c.site.bytes(n, 0)
		if err != nil {
			return err
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "HTTP/1.1 %d %s\r\n", strike.status, http.StatusText(strike.status))
	if strike.retryAfter > 0 {
		fmt.Fprintf(&out, "Retry-After: %d\r\n", strike.retryAfter)
	}
	text := `{"errors":[{"code":"UNAVAILABLE","message":"disturbed"}]}`
	if strike.status == http.StatusTooManyRequests {
		text = `{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}`
	}
	if request.expects {
		out.WriteString("Connection: close\r\n")
	}
	fmt.Fprintf(&out, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(text))
	if request.first(0) != http.MethodHead {
		out.WriteString(text)
	}
	if _, err := c.client.Write(out.Bytes()); err != nil || request.expects {
		return errDone
	}
	return nil
}

func (c *connection) answer(method, fault string) error {
	response, err := readHead(c.fromUpstream)
	for err == nil && response.first(1) == "100" {
		if _, err = c.client.Write(response.raw); err == nil {
			response, err = readHead(c.fromUpstream)
		}
	}
	if err != nil {
		return err
	}
	if _, err := c.client.Write(response.raw); err != nil {
		return err
	}
	status := response.first(1)
	if method == http.MethodHead || status == "204" || status == "304" {
		return nil
	}
	switch fault {
	case "close-body", "reset-body":
		n, _ := io.CopyN(c.client, c.fromUpstream, response.length/2)
		c.site.bytes(0, n)
		// What was sent must arrive before the end overtakes it.
		time.Sleep(20 * time.Millisecond)
		if fault == "reset-body" {
			return c.reset()
		}
		return errDone
	case "corrupt":
		whole, err := io.ReadAll(io.LimitReader(c.fromUpstream, response.length))
		if err != nil {
			return err
		}
		if len(whole) > 0 {
			whole[len(whole)/2] ^= 1
		}
		n, err := c.client.Write(whole)
		c.site.bytes(0, int64(n))
		return err
	}
	down, err := body(c.client, c.fromUpstream, c.upstream, response, true)
	c.site.bytes(0, down)
	if err == nil && response.closes {
		return errDone
	}
	return err
}

// head is the first part of a request or a response, as it came.
type head struct {
	raw     []byte
	words   []string
	length  int64 // -1 when unknown
	chunked bool
	expects bool
	closes  bool
}

func (h *head) first(word int) string {
	if word < len(h.words) {
		return h.words[word]
	}
	return ""
}

func readHead(from *bufio.Reader) (*head, error) {
	h := &head{length: -1}
	for {
		line, err := from.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		h.raw = append(h.raw, line...)
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			return h, nil
		}
		if h.words == nil {
			h.words = strings.SplitN(text, " ", 3)
			continue
		}
		name, value, _ := strings.Cut(text, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			if h.length, err = strconv.ParseInt(value, 10, 64); err != nil {
				return nil, err
			}
		case "transfer-encoding":
			h.chunked = strings.EqualFold(value, "chunked")
		case "expect":
			h.expects = true
		case "connection":
			h.closes = strings.EqualFold(value, "close")
		}
	}
}

// body copies the body that follows a head, and returns how many bytes of content it had. What is not in the reader's
// buffer goes from socket to socket.
func body(to io.Writer, from *bufio.Reader, socket *net.TCPConn, h *head, untilEnd bool) (int64, error) {
	switch {
	case h.chunked:
		return chunks(to, from)
	case h.length >= 0:
		return exactly(to, from, socket, h.length)
	case untilEnd:
		n, err := io.Copy(to, from)
		if err == nil {
			err = errDone
		}
		return n, err
	default:
		return 0, nil
	}
}

func exactly(to io.Writer, from *bufio.Reader, socket *net.TCPConn, length int64) (int64, error) {
	first, err := io.CopyN(to, from, min(length, int64(from.Buffered())))
	if err != nil || first == length {
		return first, err
	}
	if socket == nil {
		rest, err := io.CopyN(to, from, length-first)
		return first + rest, err
	}
	rest, err := io.CopyN(to, socket, length-first)
	return first + rest, err
}

func chunks(to io.Writer, from *bufio.Reader) (int64, error) {
	var total int64
	for {
		line, err := from.ReadSlice('\n')
		if err != nil {
			return total, err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(strings.SplitN(string(line), ";", 2)[0]), 16, 64)
		if err != nil {
			return total, err
		}
		if _, err := to.Write(line); err != nil {
			return total, err
		}
		// The chunk and the line's end behind it; behind the last chunk that is the empty line of no trailers.
		n, err := io.CopyN(to, from, size+2)
		total += min(n, size)
		if err != nil || size == 0 {
			return total, err
		}
	}
}
