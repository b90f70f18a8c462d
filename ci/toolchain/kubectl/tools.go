//go:build tools

// Package tools pins kubectl: go.mod names the version, go.sum the hash of everything it is built from.
package tools

import _ "k8s.io/kubernetes/cmd/kubectl"
