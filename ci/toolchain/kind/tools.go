//go:build tools

// Package tools names what the go.mod beside it is there to build.
package tools

import (
	_ "sigs.k8s.io/kind"
)
