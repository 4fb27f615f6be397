# One image for every process of Mnemosyne, with nginx beside it: `make image` builds it
# and tells it which version it is.
#
# The program is static, and of Debian there is only what nginx needs to run: no shell, no
# package manager. Needs BuildKit, which Docker uses by itself since 23 (before it:
# DOCKER_BUILDKIT=1). The network is used for Go modules and Debian's packages alone.

ARG GO_IMAGE=golang:1.26-trixie
ARG DEBIAN_IMAGE=debian:trixie-slim

FROM ${GO_IMAGE} AS program
WORKDIR /src
ARG GOPROXY
ENV CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false" GOTOOLCHAIN=local
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=unknown
ARG COMMIT=unknown
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -ldflags "-s -w -X main.version=$VERSION -X main.commit=$COMMIT" -o /mnemosyne ./cmd/mnemosyne

FROM ${DEBIAN_IMAGE} AS files
COPY scripts/image-files /usr/local/sbin/
# OCR names the languages of Tesseract that pictures of text are read in, as "eng deu".
# Without it, there is no Tesseract.
ARG OCR=
RUN image-files /image $OCR

FROM scratch
COPY --from=files /image /
# New volumes take their owner from here.
COPY --from=files --chown=10001:10001 /image/srv /srv/static
COPY --from=files --chown=10001:10001 --chmod=0700 /image/srv /var/lib/mnemosyne
COPY NOTICE /usr/share/doc/mnemosyne/NOTICE
COPY --from=program /mnemosyne /usr/local/bin/mnemosyne

ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin MNEMOSYNE_DATA_DIR=/var/lib/mnemosyne
WORKDIR /var/lib/mnemosyne
USER 10001:10001
EXPOSE 80 8000 8001
ENTRYPOINT ["mnemosyne"]
CMD ["--help"]

ARG VERSION=unknown
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="Mnemosyne" \
      org.opencontainers.image.description="The self-hosted memory of people and their agents" \
      org.opencontainers.image.source="https://git.helu.ca/r/mnemosyne" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT"
