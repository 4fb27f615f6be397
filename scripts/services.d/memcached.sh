# memcached, whichever Debian has.
packages_memcached() { echo memcached; }
user_memcached() { echo memcache; }
given_memcached() { [ -n "${MNEMOSYNE_TEST_MEMCACHED:-}${KVDB_LOCATION:-}" ]; }
have_memcached() { command -v memcached >/dev/null; }
up_memcached() { [ -s "$root/memcached.port" ] && running "$root/memcached.pid" "-p $(port_of memcached) " >/dev/null && listening "$(port_of memcached)"; }
start_memcached() {
  spawn memcached memcached -l 127.0.0.1 -p "$(port_of memcached)" -U 0 -m 64
  wait_for 10 up_memcached
}
stop_memcached() { end "$(running "$root/memcached.pid" memcached)"; }
print_memcached() {
  if [ -n "${MNEMOSYNE_TEST_MEMCACHED:-}" ]; then return
  elif given_memcached; then echo "MNEMOSYNE_TEST_MEMCACHED=$KVDB_LOCATION"
  elif have_memcached && up_memcached; then
    printf '%s\n' "KVDB_LOCATION=127.0.0.1:$(port_of memcached)" "MNEMOSYNE_TEST_MEMCACHED=127.0.0.1:$(port_of memcached)"
  fi
}
