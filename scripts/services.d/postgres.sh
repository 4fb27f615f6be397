# PostgreSQL, whichever Debian has.
packages_postgres() { echo postgresql; }
user_postgres() { echo postgres; }
given_postgres() { [ -n "${MNEMOSYNE_TEST_POSTGRES_DSN:-}${DB_HOST:-}" ]; }

postgres_bin() {
  local dir
  for dir in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) "$(dirname "$(command -v initdb || echo /none/initdb)")"; do
    [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] && { echo "$dir"; return 0; }
  done
  return 1
}
have_postgres() { postgres_bin >/dev/null; }

up_postgres() { [ -s "$root/postgres.port" ] && as postgres "$(postgres_bin)/pg_ctl" -D "$(folder postgres)/data" status >/dev/null 2>&1; }

start_postgres() {
  local bin dir port word
  bin=$(postgres_bin); dir=$(folder postgres); port=$(port_of postgres); word=$(password_of postgres)
  if [ ! -e "$dir/data/ready" ]; then
    rm -rf "$dir/data"
    (umask 077; echo "$word" >"$dir/password"); own postgres "$dir/password"
    as postgres "$bin/initdb" -D "$dir/data" -U mnemosyne --pwfile="$dir/password" -E UTF8 --locale=C.UTF-8 --auth=scram-sha-256 --no-sync >"$root/postgres.log" 2>&1 || return 1
    rm -f "$dir/password"
  fi
  # Nothing here outlives a test run, so nothing waits for the disk.
  as postgres "$bin/pg_ctl" -D "$dir/data" -s -w -t 60 -l "$dir/log" start -o "-c listen_addresses=127.0.0.1 -c port=$port \
    -c unix_socket_directories= -c max_connections=500 -c fsync=off -c synchronous_commit=off -c full_page_writes=off" >>"$root/postgres.log" 2>&1 || { tail -n 5 "$dir/log" >>"$root/postgres.log" 2>/dev/null; return 1; }
  [ -e "$dir/data/ready" ] && return 0
  PGPASSWORD=$word "$bin/createdb" -h 127.0.0.1 -p "$port" -U mnemosyne mnemosyne >>"$root/postgres.log" 2>&1 && as postgres touch "$dir/data/ready" && return 0
  stop_postgres; return 1
}

stop_postgres() { as postgres "$(postgres_bin)/pg_ctl" -D "$(folder postgres)/data" -s -w -t 60 -m fast stop; }

print_postgres() {
  if [ -n "${MNEMOSYNE_TEST_POSTGRES_DSN:-}" ]; then return
  elif given_postgres; then postgres_dsn "$DB_HOST" "${DB_PORT:-5432}" "${APP_DB_NAME:-mnemosyne}" "${APP_DB_USER:-mnemosyne}" "${APP_DB_PASSWORD:-}"
  elif have_postgres && up_postgres; then
    # A data folder belongs to one database, so this one has its own, which goes with it.
    printf '%s\n' "MNEMOSYNE_DATA_DIR=$root/postgres.data" DB_HOST=127.0.0.1 "DB_PORT=$(port_of postgres)" APP_DB_NAME=mnemosyne APP_DB_USER=mnemosyne "APP_DB_PASSWORD=$(password_of postgres)"
    postgres_dsn 127.0.0.1 "$(port_of postgres)" mnemosyne mnemosyne "$(password_of postgres)"
  fi
}
postgres_dsn() { # HOST PORT DATABASE USER PASSWORD
  echo "MNEMOSYNE_TEST_POSTGRES_DSN=postgres://$(encode "$4"):$(encode "$5")@$1:$2/$(encode "$3")"
}
