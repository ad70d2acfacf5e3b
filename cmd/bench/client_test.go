package main

import "testing"

func TestAnswersAreReadToTheirEnd(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 5\r\n\r\nhello"
	for n := range len(ok) {
		if _, done, err := parseAnswer([]byte(ok[:n])); done || err != nil {
			t.Fatalf("%q: done %v, %v", ok[:n], done, err)
		}
	}
	for answer, want := range map[string]int{
		ok: 200,
		"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\n\r\n": 503,
		"HTTP/1.1 204 No Content\r\n\r\n":                                                 204,
	} {
		if status, done, err := parseAnswer([]byte(answer)); status != want || !done || err != nil {
			t.Errorf("%q: got %d, done %v, %v", answer, status, done, err)
		}
	}
	for _, answer := range []string{"HTTP/1.1 200 OK\r\n\r\n", "\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"} {
		if _, _, err := parseAnswer([]byte(answer)); err == nil {
			t.Errorf("%q passes for an answer", answer)
		}
	}
}
