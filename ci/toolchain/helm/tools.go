//go:build tools

// Package tools pins helm: go.mod names the version, go.sum the hash of everything it is built from.
package tools

import _ "helm.sh/helm/v4/cmd/helm"
