//go:build tools

// Package tools pins Helm 3, for the tests that compare it with Helm 4: go.mod names the version, go.sum the hash of everything it is built from.
package tools

import _ "helm.sh/helm/v3/cmd/helm"
