package testkit

import (
	"crypto/tls"
	"io"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// MailServer is an SMTP server that keeps what it is given.
// https://datatracker.ietf.org/doc/html/rfc5321
type MailServer struct {
	Addr string // host:port

	// Answer, when it is set, decides on a command: a reply such as
	// "550 5.1.1 nobody here", or "" for the usual one. An end of the message
	// is asked as ".". "hang up" ends the connection without a reply.
	Answer func(command string) string

	tls *tls.Config // nil: no STARTTLS, and no sign-in

	mu       sync.Mutex
	commands []string
	received []ReceivedMail
}

// ReceivedMail is a mail that the server took.
type ReceivedMail struct {
	To     string // of the envelope
	Header mail.Header
	Body   string // as it was sent, encodings and all
}

// NewMailServer starts a server that runs until the test ends. With a
// certificate it offers STARTTLS, and asks for a sign-in over it.
func NewMailServer(t testing.TB, certificates ...tls.Certificate) *MailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &MailServer{Addr: listener.Addr().String()}
	if len(certificates) > 0 {
		s.tls = &tls.Config{Certificates: certificates}
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			go s.serve(conn)
		}
	}()
	return s
}

// Received returns the mails taken so far.
func (s *MailServer) Received() []ReceivedMail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]ReceivedMail(nil), s.received...)
}

// Commands returns what clients said so far, outside of messages.
func (s *MailServer) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.commands...)
}

func (s *MailServer) serve(raw net.Conn) {
	defer raw.Close()
	conn := textproto.NewConn(raw)
	conn.PrintfLine("220 mail.test ESMTP")
	encrypted, to := false, ""
	for {
		command, err := conn.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(command, " ")
		reply := s.answer(command)
		switch verb = strings.ToUpper(verb); {
		case reply == hangUp:
			return
		case reply != "":
		case verb == "EHLO":
			reply = s.greeting(encrypted)
		case verb == "STARTTLS" && s.tls != nil:
			conn.PrintfLine("220 2.0.0 go ahead")
			raw = tls.Server(raw, s.tls)
			conn, encrypted = textproto.NewConn(raw), true
			continue
		case verb == "AUTH":
			reply = "235 2.7.0 signed in"
		case verb == "RCPT":
			to = recipient(rest)
			reply = "250 2.1.5 ok"
		case verb == "DATA":
			conn.PrintfLine("354 go ahead")
			if reply = s.take(conn, to); reply == hangUp {
				return
			}
		case verb == "QUIT":
			conn.PrintfLine("221 2.0.0 bye")
			return
		default:
			reply = "250 2.0.0 ok"
		}
		conn.PrintfLine("%s", reply)
	}
}

// recipient reads the address in "TO:<ada@example.com> SIZE=1".
func recipient(rest string) string {
	_, address, _ := strings.Cut(rest, "<")
	address, _, _ = strings.Cut(address, ">")
	return address
}

const hangUp = "hang up"

func (s *MailServer) greeting(encrypted bool) string {
	lines := []string{"250-mail.test", "250-ENHANCEDSTATUSCODES", "250-8BITMIME", "250-SMTPUTF8"}
	switch {
	case s.tls != nil && !encrypted:
		lines = append(lines, "250-STARTTLS")
	case s.tls != nil:
		lines = append(lines, "250-AUTH PLAIN")
	}
	return strings.Join(append(lines, "250 SIZE 10000000"), "\r\n")
}

// take reads a message and keeps it, unless it is answered otherwise.
func (s *MailServer) take(conn *textproto.Conn, to string) (reply string) {
	msg, err := mail.ReadMessage(conn.DotReader())
	if err != nil {
		return "554 5.6.0 this is no message"
	}
	body, err := io.ReadAll(msg.Body)
	if err != nil {
		return "554 5.6.0 this is no message"
	}
	if reply := s.answer("."); reply != "" {
		return reply
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = append(s.received, ReceivedMail{To: to, Header: msg.Header, Body: string(body)})
	return "250 2.0.0 kept"
}

func (s *MailServer) answer(command string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, command)
	if s.Answer == nil {
		return ""
	}
	return s.Answer(command)
}
