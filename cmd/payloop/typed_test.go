package main

import (
	"strings"
	"testing"
	"time"
)

func TestAMistypedCommandIsRefused(t *testing.T) {
	t.Parallel()
	for mistyped, code := range map[string]int{
		"bogus": 1, "events bogus": 1, "events lst evt_1": 1, "webhooks bogus": 1, "catalog bogus": 1,
		"credits bogus": 2, "credits audit all": 2, "reconcile all": 2, "reconcile --sicne 3d": 2, // where 1 tells what was found
	} {
		cmd, out := payloop(t, nil, strings.Fields(mistyped)...)
		if cmd.Run(); cmd.ProcessState.ExitCode() != code || !strings.HasPrefix(out.String(), "payloop: unknown ") {
			t.Errorf("%s: exit code %d, want %d:\n%s", mistyped, cmd.ProcessState.ExitCode(), code, out)
		}
	}
	for _, alone := range []string{"", "events", "webhooks", "credits", "catalog"} {
		cmd, out := payloop(t, nil, strings.Fields(alone)...)
		if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "Available Commands:") {
			t.Errorf("%s: %v:\n%s", alone, err, out)
		}
	}
}

func TestATimeThatHasNotBegunIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.wantDelivered(event("evt_1", "made.up", "2024-06-20", time.Now(), `{"id":"x_1"}`))
	b.exec(`UPDATE stripe_events SET received_at = now() - interval '2 hours'`)
	tomorrow := time.Now().Add(day).Format(time.RFC3339)
	for _, since := range []string{tomorrow, "0", "0d"} {
		wants(t, b.command(1, "", "events", "list", "--since", since), "--since "+since+" is not in the past")
		wants(t, b.command(1, "", "events", "retry", "--all-failed", "--since", since), "--since "+since+" is not in the past")
		wants(t, b.command(1, "", "timeline", c.email, "--since", since), "--since "+since+" is not in the past")
		wants(t, b.command(2, "", "reconcile", "--since", since), "--since "+since+" is not in the past")
	}
	wants(t, b.command(1, "", "events", "replay", "--since", "1h", "--until", "2d"), "--since 1h is not before --until 2d")
	wants(t, b.command(1, "", "events", "list", "--since", "1h", "--before", "evt_1"), "--since 1h is after --before evt_1, which was received ")
	wants(t, b.command(0, "", "events", "list", "--since", "3h", "--before", "evt_1"), "No event matches.")
	wants(t, b.command(0, "", "events", "list", "--since", "1d", "--until", tomorrow), "evt_1")
}

func TestAnEmptyFlagIsRefusedBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		flag string
		code int
	}{
		{[]string{"credits", "adjust", "ada@example.com", "2", "--reason", "again", "--key", ""}, "--key", 1},
		{[]string{"credits", "adjust", "ada@example.com", "2", "--reason", "again", "--key= \x01"}, "--key", 1},
		{[]string{"credits", "adjust", "ada@example.com", "2", "--reason", ""}, "--reason", 1},
		{[]string{"events", "retry", "--all-failed", "--customer", ""}, "--customer", 1},
		{[]string{"events", "replay", "--type", "x", "--customer="}, "--customer", 1},
		{[]string{"events", "list", "--state", ""}, "--state", 1},
		{[]string{"events", "list", "--since", ""}, "--since", 1},
		{[]string{"events", "list", "--until", ""}, "--until", 1},
		{[]string{"events", "list", "--before", ""}, "--before", 1},
		{[]string{"events", "list", "--type", ""}, "--type", 1},
		{[]string{"timeline", "ada@example.com", "--since", ""}, "--since", 1},
		{[]string{"reconcile", "--since", ""}, "--since", 2},
		{[]string{"events", "show", ""}, "an argument", 1},
		{[]string{"events", "replay", "evt_1", " "}, "an argument", 1},
		{[]string{"credits", "adjust", "", "2", "--reason", "again"}, "an argument", 1},
	} {
		cmd, out := payloop(t, nil, tt.args...) // nothing is configured: nothing else can have been looked at
		cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != tt.code || !strings.HasPrefix(out.String(), "payloop: "+tt.flag+" is empty: ") || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%q: exit code %d, want %d:\n%s", tt.args, got, tt.code, out)
		}
	}
}

func TestWhatIsMistypedIsSaidInWords(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"events list --limit abc":             "--limit abc: a whole number is wanted",
		"timeline ada@example.com --limit=5x": "--limit 5x: a whole number is wanted",
		"doctor --json=perhaps":               "--json perhaps: it is true or false",
		"events show":                         "name one event: payloop events show evt_…",
		"events show evt_1 evt_2":             "name one event: payloop events show evt_…",
		"events show evt_1 --raw --json":      "of --payload, --raw and --json only one can be given: each prints something else",
		"timeline":                            "name one customer: payloop timeline e-mail | cus_…",
		"credits show":                        "name one customer: payloop credits show e-mail | cus_…",
		"events list --type \xff":             `--type is not text in UTF-8: "\xff"`,
		"events list --customer ada\xff@x":    `--customer is not text in UTF-8: "ada\xff@x"`,
		"events show evt_\xff":                `an argument is not text in UTF-8: "evt_\xff"`,
		"credits adjust a@x 5 --reason \xff":  `--reason is not text in UTF-8: "\xff"`,
	} {
		cmd, out := payloop(t, nil, strings.Fields(typed)...)
		if cmd.Run(); cmd.ProcessState.ExitCode() != 1 || out.String() != "payloop: "+want+"\n" {
			t.Errorf("%q: exit code %d, want %q, got:\n%s", typed, cmd.ProcessState.ExitCode(), want, out)
		}
	}
}
