//go:build tools

// Package tools names what the go.mod beside it is there to build.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
)
