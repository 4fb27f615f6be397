# MinIO, built from its source: there is no package of it. The binary stays in
# .cache/tools. Two buckets, each with a key that can do no more than it must.
MINIO=v0.0.0-20260212201848-7aac2a2c5b7c

packages_minio() { :; }
given_minio() { [ -n "${MNEMOSYNE_TEST_S3_URL:-}${AWS_S3_ENDPOINT_URL:-}" ]; }
minio_path() { echo "$tools/minio-$MINIO"; }
have_minio() {
  [ -x "$(minio_path)" ] || command -v "${GO:-go}" >/dev/null || { say "minio is built with Go, and there is none on PATH"; return 1; }
}

up_minio() { [ -s "$root/minio.port" ] && running "$root/minio.pid" "127.0.0.1:$(port_of minio) " >/dev/null && minio_ready; }
minio_ready() {
  local status=""
  { exec 3<>"/dev/tcp/127.0.0.1/$(port_of minio)" && printf 'GET /minio/health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3 && read -r -t 5 _ status _ <&3; exec 3>&-; } 2>/dev/null
  [ "$status" = 200 ]
}

build_minio() {
  local dir=$tools/minio.build
  [ -x "$(minio_path)" ] && return 0
  say "minio: building it, which takes some minutes the first time"
  mkdir -p "$dir"
  GOBIN=$dir CGO_ENABLED=0 GOFLAGS='-trimpath -buildvcs=false' "${GO:-go}" install -ldflags '-s -w' "github.com/minio/minio@$MINIO" >"$root/minio.log" 2>&1 &&
    mv "$dir/minio" "$(minio_path)" && return 0
  say "minio: could not be built ($(tail -n 1 "$root/minio.log")), see $root/minio.log; with an S3 server of your own, give its address as MNEMOSYNE_TEST_S3_URL=http://KEY:SECRET@HOST:PORT"
  return 1
}

start_minio() {
  build_minio || return 1
  MINIO_ROOT_USER=mnemosyne-root MINIO_ROOT_PASSWORD=$(password_of minio) MINIO_BROWSER=off MINIO_UPDATE=off \
    spawn minio "$(minio_path)" server --quiet --address "127.0.0.1:$(port_of minio)" "$(folder minio)/data"
  wait_for 30 up_minio || return 1
  [ -e "$(folder minio)/ready" ] && return 0
  (cd "$here" && minio_buckets | MINIO_URL=$(minio_url) "${GO:-go}" run scripts/services.d/buckets.go) >>"$root/minio.log" 2>&1 && touch "$(folder minio)/ready" && return 0
  stop_minio; return 1
}
minio_buckets() { # BUCKET KEY SECRET RIGHT
  echo "mnemosyne-content mnemosyne $(password_of minio.mnemosyne) write"
  echo "daedalus mnemosyne-reader $(password_of minio.daedalus) read"
}
minio_url() { echo "http://mnemosyne-root:$(password_of minio)@127.0.0.1:$(port_of minio)"; }
stop_minio() { end "$(running "$root/minio.pid" minio)"; }

print_minio() {
  local endpoint
  if [ -n "${MNEMOSYNE_TEST_S3_URL:-}" ]; then return
  elif given_minio; then
    echo "MNEMOSYNE_TEST_S3_URL=${AWS_S3_ENDPOINT_URL%%://*}://$(encode "${AWS_ACCESS_KEY_ID:-}"):$(encode "${AWS_SECRET_ACCESS_KEY:-}")@${AWS_S3_ENDPOINT_URL#*://}"
  elif up_minio; then
    endpoint=http://127.0.0.1:$(port_of minio)
    printf '%s\n' USE_LOCAL_STORAGE=False "AWS_S3_ENDPOINT_URL=$endpoint" AWS_S3_USE_SSL=False AWS_S3_REGION_NAME=us-east-1 \
      AWS_STORAGE_BUCKET_NAME=mnemosyne-content AWS_ACCESS_KEY_ID=mnemosyne "AWS_SECRET_ACCESS_KEY=$(password_of minio.mnemosyne)" \
      "DAEDALUS_S3_ENDPOINT_URL=$endpoint" DAEDALUS_S3_USE_SSL=False DAEDALUS_S3_REGION_NAME=us-east-1 \
      DAEDALUS_S3_BUCKET_NAME=daedalus 'DAEDALUS_S3_PREFIX=users/{username}/' DAEDALUS_S3_ACCESS_KEY_ID=mnemosyne-reader "DAEDALUS_S3_SECRET_ACCESS_KEY=$(password_of minio.daedalus)" \
      "MNEMOSYNE_TEST_S3_URL=$(minio_url)"
  fi
}
