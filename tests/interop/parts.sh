# The foreign programs that the interop tests run, installed when they are missing. Sourced by `run`.
#
# Sets AZ to the Azure CLI and GO to Go, and makes sure that skopeo and docker-registry are on PATH.

AZURE_CLI_VERSION=2.91.0

install_azure_cli() {
    AZ="$INTEROP_DIR/azure-cli/bin/az"
    if [ ! -x "$AZ" ]; then
        echo "installing azure-cli $AZURE_CLI_VERSION (some minutes, 700 MB) ..."
        python3 -m venv "$INTEROP_DIR/azure-cli"
        "$INTEROP_DIR/azure-cli/bin/pip" install --quiet --disable-pip-version-check "azure-cli==$AZURE_CLI_VERSION"
    fi
    "$AZ" version --query '"azure-cli"' --output tsv 2>/dev/null | grep -qxF "$AZURE_CLI_VERSION" ||
        fail "$AZ is not azure-cli $AZURE_CLI_VERSION"
}

install_debian_packages() {
    local missing=()
    command -v skopeo >/dev/null || missing+=(skopeo)
    command -v docker-registry >/dev/null || missing+=(docker-registry)
    command -v curl >/dev/null || missing+=(curl)
    command -v openssl >/dev/null || missing+=(openssl)
    [ -x /usr/bin/time ] || missing+=(time)
    if [ ${#missing[@]} -gt 0 ]; then
        local as_root=()
        [ "$(id -u)" -eq 0 ] || as_root=(sudo)
        "${as_root[@]}" apt-get update -qq
        "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
    fi
    command -v skopeo >/dev/null || fail "skopeo cannot be had"
    command -v docker-registry >/dev/null || fail "docker-registry cannot be had"
}

# Sets GO to a Go that is recent enough for the foreign programs: the one on PATH, the one of go.dev, or Debian's.
GO_AT_LEAST=1.24

install_go() {
    local candidate
    if ! command -v go >/dev/null && [ ! -x /usr/local/go/bin/go ]; then
        local as_root=()
        [ "$(id -u)" -eq 0 ] || as_root=(sudo)
        "${as_root[@]}" apt-get update -qq
        "${as_root[@]}" apt-get install -y -qq --no-install-recommends golang-go
    fi
    for candidate in "$(command -v go || true)" /usr/local/go/bin/go; do
        [ -x "$candidate" ] || continue
        GO=$candidate
        printf '%s\n' "go$GO_AT_LEAST" "$(GOTOOLCHAIN=local "$GO" env GOVERSION)" | sort -CV && return 0
    done
    fail "Go $GO_AT_LEAST or newer is needed and cannot be had from Debian; see https://go.dev/dl"
}

# go_program NAME MODULE VERSION PACKAGE: builds a program at a pinned version into INTEROP_DIR/go, checked against
# Go's checksum database. By a module of our own rather than by `go install`, which asks for the module's newest
# version as well.
go_program() {
    local name=$1 module=$2 version=$3 package=$4 work
    local program="$INTEROP_DIR/go/$name-$version"
    if [ ! -x "$program" ]; then
        echo "building $name $version ..."
        work=$(mktemp -d "$INTEROP_DIR/go.XXXXXX")
        printf 'module acr-sync.invalid/tool\n\ngo %s\n\nrequire %s %s\n' "$GO_AT_LEAST" "$module" "$version" >"$work/go.mod"
        printf '//go:build tool\n\npackage tool\n\nimport _ "%s"\n' "$package" >"$work/tool.go"
        (cd "$work" && "$GO" mod tidy >log 2>&1 && CGO_ENABLED=0 "$GO" build -o "$program.part" "$package" >>log 2>&1) || {
            cat "$work/log" >&2
            fail "$name $version cannot be built"
        }
        mv "$program.part" "$program"
        rm -rf "$work"
    fi
    ln -sf "$name-$version" "$INTEROP_DIR/go/$name"
}
