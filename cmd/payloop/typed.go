package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// tellsByExit marks a command that says with exit code 1 what it found. What
// keeps it from looking, a mistyped flag too, must be told apart from that.
var tellsByExit = map[string]string{"tells": "by exit code"}

// withExitCode gives an error the code that its command ends with.
func withExitCode(cmd *cobra.Command, err error) error {
	var exit *exitError
	if err == nil || errors.As(err, &exit) || cmd.Annotations["tells"] == "" {
		return err
	}
	return &exitError{exitCannotRun, err}
}

// group makes a command that only holds others. Alone it prints its help;
// cobra would do so for a mistyped one, too, and exit with 0.
func group(cmd *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	cmd.DisableFlagsInUseLine = true
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return fmt.Errorf("unknown command %q for %q; `%s --help` lists them", args[0], cmd.CommandPath(), cmd.CommandPath())
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.AddCommand(commands...)
	return cmd
}
