# Three stages: the libraries, which change seldom and are kept as a layer; the one binary; and an image that holds nothing else.
# SQLite, libpq and OpenSSL are built by cargo, so no stage needs their packages; perl and make are for OpenSSL.
FROM rust:1.95-slim-bookworm AS libraries
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc g++ make perl libc6-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# the manifests alone, with empty crates behind them: this layer is built anew only when a dependency changes
COPY Cargo.toml Cargo.lock ./
COPY crates/domain/Cargo.toml crates/domain/
COPY crates/persistence/Cargo.toml crates/persistence/
COPY crates/platform/Cargo.toml crates/platform/
COPY crates/crm/Cargo.toml crates/crm/
COPY crates/erp/Cargo.toml crates/erp/
COPY crates/gateway/Cargo.toml crates/gateway/
COPY tests/Cargo.toml tests/
RUN for crate in crates/* tests; do \
        mkdir -p "$crate/src" && touch "$crate/src/lib.rs"; \
        grep -q '^\[\[bench\]\]' "$crate/Cargo.toml" && mkdir -p "$crate/benches" \
            && sed -n '/^\[\[bench\]\]/,/^$/s/^name = "\(.*\)"/\1/p' "$crate/Cargo.toml" | while read -r b; do echo 'fn main() {}' > "$crate/benches/$b.rs"; done; \
        true; \
    done \
 && echo 'fn main() {}' > crates/gateway/src/main.rs \
 && cargo build --release --locked --bin tandem

FROM libraries AS build
COPY . .
# the files of the crates are newer than what was built from the empty ones; cargo goes by their times
RUN find crates tests -name '*.rs' -exec touch {} + \
 && cargo build --release --locked --bin tandem

FROM debian:bookworm-slim
# certificates to trust a mail server or PostgreSQL with
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /data --create-home tandem
COPY --from=build /src/target/release/tandem /usr/local/bin/tandem
COPY LICENSE /usr/share/doc/tandem/LICENSE
USER 10001:10001
WORKDIR /data
VOLUME /data
ENV TANDEM_BIND=0.0.0.0:8080 \
    DATABASE_URL=sqlite:/data/tandem.db
EXPOSE 8080
STOPSIGNAL SIGTERM
# the image has no curl, so the server asks itself
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["tandem", "health"]
ENTRYPOINT ["tandem"]
CMD ["serve"]
