//go:build suite

// Package suite names the conformance suite of the OCI distribution specification, v1.1.1, so that Go's tools fetch it
// by its pinned version, the commit of the tag v1.1.1, and check it against go.sum.
package suite

import _ "github.com/opencontainers/distribution-spec/conformance"
