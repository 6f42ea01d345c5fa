# The image that action.yml names: the static program and nothing else. It embeds its certificate authorities.
FROM rust:1-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY src src
RUN cargo build --release --locked --no-default-features --bin acr-sync

FROM scratch
COPY --from=build /src/target/release/acr-sync /acr-sync
# Exec form: a shell in between would lose the inputs with a hyphen in their names.
ENTRYPOINT ["/acr-sync"]
