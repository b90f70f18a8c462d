// Command renderer renders many Helm releases in one process, on all cores, from Helm's own packages: what it gives is byte for
// byte what `helm template` prints, without the start of a process for each.
//
//	renderer fleet < jobs.json              one line of JSON for each release, in the order they are ready
//	renderer template NAME CHART FLAGS…     as `helm template`; any other command goes to the helm that $HELM_REAL names
//	renderer branches < folders.json        the branches of these library charts' templates, a line of JSON each
//
// With TEMPLATE_COVERAGE=FOLDER it also writes down, into a file of its own there, which branches the libraries' templates took.
package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
)

func main() {
	debug.SetGCPercent(400) // lives for a second: memory is cheaper than collecting it
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "Error: %v\n", err)
		os.Exit(1)
	}
}

func command(arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("say what to do: renderer fleet, renderer template or renderer branches")
	}
	switch arguments[0] {
	case "fleet":
		return fleet(os.Stdin, os.Stdout)
	case "branches":
		return branches(os.Stdin, os.Stdout)
	case "template":
		return templateCommand(arguments, os.Stdin, os.Stdout)
	default:
		return realHelm(arguments)
	}
}
