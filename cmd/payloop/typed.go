package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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

// checkTyped refuses flags and arguments without anything in them: they come
// from a shell variable that is not set, and would mean as much as not given.
// A filter that is not given means everybody.
func checkTyped(cmd *cobra.Command, args []string) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) { // those that were given
		if err == nil && oneLine(f.Value.String()) == "" {
			err = fmt.Errorf("--%s is empty: say what is meant, or leave it out (is a shell variable not set?)", f.Name)
		}
	})
	for _, arg := range args {
		if err == nil && oneLine(arg) == "" {
			err = errors.New("an argument is empty: say what is meant (is a shell variable not set?)")
		}
	}
	return err
}
