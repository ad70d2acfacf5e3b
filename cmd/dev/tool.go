package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/joho/godotenv"
)

// environmentFile in the data folder holds, while everything is up, the settings that the app was started with.
const environmentFile = "environment"

// keepEnvironment lets the product's commands work on what is up: see runTool.
func (w *world) keepEnvironment() error {
	kept := w.settings.filled()
	for _, name := range []string{"PLANS_FILE", "STRIPE_PRICE_IDS_TIER1", "STRIPE_PRICE_IDS_TIER2", "STRIPE_PORTAL_RETURN_URL"} {
		kept[name] = w.settings.given[name] // they decide what a command compares
	}
	text, err := godotenv.Marshal(kept)
	if err != nil {
		return err
	}
	if err := writeWhole(filepath.Join(w.settings.dataDir, environmentFile), text+"\n"); err != nil {
		return notYours(w.settings.dataDir, err)
	}
	return nil
}

func (w *world) dropEnvironment() { _ = os.Remove(filepath.Join(w.settings.dataDir, environmentFile)) }

// runTool runs a command of the product, such as doctor, with the settings of what is up, and returns its exit code.
func runTool(args []string, in io.Reader, out, errs io.Writer) int {
	code, err := tool(args, in, out, errs)
	if err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	return code
}

func tool(args []string, in io.Reader, out, errs io.Writer) (code int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	dataDir, err := dataDirSetting()
	if err != nil {
		return 0, err
	}
	filled, err := godotenv.Read(filepath.Join(dataDir, environmentFile))
	if errors.Is(err, os.ErrNotExist) {
		return 0, errors.New("Nothing is up here: start `make run` in another terminal first.")
	}
	if err != nil {
		return 0, notYours(dataDir, err)
	}
	cmd := exec.Command(filepath.Join(filepath.Dir(self), "payloop"), args...)
	cmd.Env = os.Environ()
	for name, value := range filled {
		cmd.Env = append(cmd.Env, name+"="+value) // the last one counts
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, errs
	var ended *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ended) {
		return 0, fmt.Errorf("`payloop %s` does not start (%w): `make build` makes it.", strings.Join(args, " "), err)
	}
	return cmd.ProcessState.ExitCode(), nil
}

func dataDirSetting() (string, error) {
	file, err := godotenv.Read()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", errUnreadable
	}
	return orElse(merge(os.Environ(), file)["DATA_DIR"], defaultDataDir), nil
}
