package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// How long each may take to come up on a slow and busy machine. The database may have to be fetched from the network.
const (
	databaseWithin = 3 * time.Minute
	answerWithin   = time.Minute
)

const (
	answerEvery = 50 * time.Millisecond
	oneAnswer   = 5 * time.Second
)

// answers waits until a URL answers 200, or the context ends, as it does when the program that should answer has ended.
func answers(ctx context.Context, who, url string) error {
	client := &http.Client{Timeout: oneAnswer, Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	deadline := time.Now().Add(answerWithin)
	for {
		saw := ask(ctx, client, url)
		switch {
		case saw == "":
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case time.Now().After(deadline):
			return fmt.Errorf("%s did not answer within %s at %s: %s.", who, answerWithin, url, saw)
		}
		select {
		case <-ctx.Done():
		case <-time.After(answerEvery):
		}
	}
}

// ask returns what was wrong with the answer, or nothing.
func ask(ctx context.Context, client *http.Client, url string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	resp, err := client.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return resp.Status
	}
	return ""
}
