package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

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
// A filter that is not given means everybody. The database takes UTF-8 alone.
func checkTyped(cmd *cobra.Command, args []string) (err error) {
	check := func(name, text string) {
		switch {
		case err != nil:
		case !utf8.ValidString(text):
			err = fmt.Errorf("%s is not text in UTF-8: %q", name, text)
		case oneLine(text) == "":
			err = fmt.Errorf("%s is empty: say what is meant, or leave it out (is a shell variable not set?)", name)
		}
	}
	cmd.Flags().Visit(func(f *pflag.Flag) { check("--"+f.Name, f.Value.String()) }) // those that were given
	for _, arg := range args {
		check("an argument", arg)
	}
	return err
}

// flagError says in words what is wrong with a flag's value.
func flagError(_ *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	wanted := map[string]string{"int": "a whole number is wanted", "bool": "it is true or false"}
	f := invalid.GetFlag()
	return fmt.Errorf("--%s %s: %s", f.Name, quoted(oneLine(invalid.GetValue())), wanted[f.Value.Type()])
}

// one wants one argument, and says which when it is another number of them.
func one(thing string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return fmt.Errorf("name one %s: %s", thing, strings.TrimSuffix(cmd.UseLine(), " [flags]"))
	}
}
