# The foreign programs that the interop tests run, installed when they are missing. Sourced by `run`.
#
# Sets AZ to the Azure CLI, and makes sure that skopeo and docker-registry are on PATH.

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
    if [ ${#missing[@]} -gt 0 ]; then
        local as_root=()
        [ "$(id -u)" -eq 0 ] || as_root=(sudo)
        "${as_root[@]}" apt-get update -qq
        "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
    fi
    command -v skopeo >/dev/null || fail "skopeo cannot be had"
    command -v docker-registry >/dev/null || fail "docker-registry cannot be had"
}
