# Two stages: a tool chain that builds the one binary, and an image that holds nothing else.
# SQLite, libpq and OpenSSL are built by cargo, so neither stage needs their packages; perl and make are for OpenSSL.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc g++ make perl libc6-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# the same command as in .ci/run
RUN cargo build --release --locked --bin tandem

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /data --create-home tandem
COPY --from=build /src/target/release/tandem /usr/local/bin/tandem
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
