# The image that action.yml names: the static program and nothing else. It embeds its certificate authorities.
# The compiler runs on the builder's own platform; only what it makes is for the target's. Its version is named in full, so
# that a release can be made again (.ci/reproducible).
FROM --platform=$BUILDPLATFORM rust:1.95.0-bookworm AS build
ARG TARGETARCH
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY src src
COPY .ci/static .ci/static.ld .ci/
RUN .ci/static "$TARGETARCH" /acr-sync

FROM scratch
COPY --from=build /acr-sync /acr-sync
# Exec form: a shell in between would lose the inputs with a hyphen in their names.
ENTRYPOINT ["/acr-sync"]
