package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// timeout bounds a connection's set-up, and then each mail.
const timeout = 20 * time.Second

var (
	// errUnreachable says that there is no speaking with the mail server: not
	// reached, not trusted, or it does not let us in.
	errUnreachable = errors.New("the mail server cannot be used")
	// errUndeliverable says that the address takes no mail, now or later.
	errUndeliverable = errors.New("the address takes no mail")
)

// Server is the mail server that takes the mails, over SMTP.
type Server struct {
	host    string
	from    *mail.Address
	options []gomail.Option
	tls     *tls.Config // nil: the machine's certificates; replaced in tests
}

// NewServer reads an address such as smtp://user:password@host:587, or
// smtps:// for TLS from the first byte. The default ports are 587 and 465. A
// password is sent over TLS alone; without one, TLS is used where the server
// offers it. The sender is an address with or without a name.
func NewServer(rawURL, from string) (*Server, error) {
	sender, err := mail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("MAIL_FROM %q is not an e-mail address", from)
	}
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		// The parser's own message would quote the password.
		return nil, errors.New("SMTP_URL must look like smtp://user:password@host:587")
	}
	s := &Server{host: u.Hostname(), from: sender, options: []gomail.Option{gomail.WithTimeout(timeout)}}
	password, hasPassword := u.User.Password()
	if hasPassword {
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	port := 587
	switch {
	case u.Scheme == "smtps":
		port = 465
		s.options = append(s.options, gomail.WithSSL())
	case hasPassword:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	if n, err := strconv.Atoi(u.Port()); err == nil {
		port = n
	}
	s.options = append(s.options, gomail.WithPort(port))
	return s, nil
}

// line is a connection that is opened when the first mail needs it.
type line struct {
	server *Server
	client *gomail.Client // nil: not connected
}

// send hands one letter over. After an error the next one gets a new
// connection: nobody knows what the server made of this one.
func (l *line) send(ctx context.Context, letter Letter) error {
	msg, err := l.server.message(letter)
	if err != nil {
		return err
	}
	if err := l.connect(ctx); err != nil {
		return err
	}
	err = l.client.Send(msg)
	if err == nil {
		return nil
	}
	l.hangUp()
	if msg.IsDelivered() {
		return nil // what failed came after the server had taken it
	}
	var refusal *gomail.SendError
	if errors.As(err, &refusal) && refusal.Reason == gomail.ErrSMTPRcptTo && strings.HasPrefix(refusal.EnhancedStatusCode(), "5.1.") {
		// 5.1.x is about the address, for good; other refusals may be about us.
		// https://datatracker.ietf.org/doc/html/rfc3463#section-3.2
		return fmt.Errorf("%w: %w", errUndeliverable, err)
	}
	return fmt.Errorf("send mail: %w", err)
}

func (l *line) connect(ctx context.Context) error {
	if l.client != nil {
		return nil
	}
	options := l.server.options
	if l.server.tls != nil {
		options = append(options[:len(options):len(options)], gomail.WithTLSConfig(l.server.tls))
	}
	client, err := gomail.NewClient(l.server.host, options...)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreachable, err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return fmt.Errorf("%w: %w", errUnreachable, err)
	}
	l.client = client
	return nil
}

// hangUp ends the connection, if there is one. The server may have done so
// before.
func (l *line) hangUp() {
	if l.client != nil {
		_ = l.client.Close()
		l.client = nil
	}
}

// message puts a letter into its envelope.
func (s *Server) message(letter Letter) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	if err := msg.To(letter.To); err != nil {
		return nil, fmt.Errorf("%w: %w", errUndeliverable, err)
	}
	name := s.from.Name
	if name == "" {
		name = letter.FromName
	}
	if err := msg.FromFormat(name, s.from.Address); err != nil {
		return nil, fmt.Errorf("mail sender: %w", err)
	}
	if letter.ReplyTo != "" {
		if err := msg.ReplyTo(letter.ReplyTo); err != nil {
			return nil, fmt.Errorf("mail reply address: %w", err)
		}
	}
	_, domain, _ := strings.Cut(s.from.Address, "@")
	msg.SetMessageIDWithValue(letter.ID + "@" + domain)
	msg.SetDateWithValue(letter.Date)
	// Out-of-office notes must not answer: https://datatracker.ietf.org/doc/html/rfc3834#section-5
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.Subject(letter.Subject)
	msg.SetBodyString(gomail.TypeTextPlain, letter.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, letter.HTML)
	return msg, nil
}
