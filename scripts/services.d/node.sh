# Node with what the tests use from npm: axe (accessibility of the pages), the W3C's
# checker of HTML, and the service oidc, an OpenID provider that speaks as Casdoor does
# (node/provider.js). npm's lock file pins all of it, and none of their install scripts
# are run.
packages_node() {
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
  java_since 11 >/dev/null || echo default-jre-headless # for the checker
}
given_node() { [ -n "${MNEMOSYNE_TEST_AXE:-}" ] && [ -n "${MNEMOSYNE_TEST_VNU:-}" ]; }
have_node() { command -v node >/dev/null && command -v npm >/dev/null && java_since 11 >/dev/null; }

# node_folder is another one for another lock file.
node_folder() { echo "$tools/node-$(sha256sum <"$here/scripts/services.d/node/package-lock.json" | head -c 12)"; }
fetched_node() { [ -e "$(node_folder)/ready" ]; }
fetch_node() {
  mkdir -p "$tools"
  (flock 8
    fetched_node && return 0
    say "node: fetching the modules of scripts/services.d/node with npm"
    mkdir -p "$(node_folder)" && cp "$here"/scripts/services.d/node/package*.json "$(node_folder)" &&
      (cd "$(node_folder)" && npm ci --ignore-scripts --no-audit --no-fund) >"$root/node.log" 2>&1 && touch "$(node_folder)/ready" && return 0
    say "node: could not fetch its modules, see $root/node.log"; return 1
  ) 8>"$tools/node.lock"
}
print_node() {
  fetched_node || return
  [ -n "${MNEMOSYNE_TEST_AXE:-}" ] || echo "MNEMOSYNE_TEST_AXE=$(node_folder)/node_modules/axe-core/axe.min.js"
  [ -n "${MNEMOSYNE_TEST_VNU:-}" ] || echo "MNEMOSYNE_TEST_VNU=$(node_folder)/node_modules/vnu-jar/build/dist/vnu.jar"
  [ -n "${MNEMOSYNE_TEST_JAVA:-}" ] || ! java_since 11 >/dev/null || echo "MNEMOSYNE_TEST_JAVA=$(java_since 11)"
}

packages_oidc() { packages_node; }
given_oidc() { [ -n "${MNEMOSYNE_TEST_OIDC_URL:-}" ]; }
have_oidc() { have_node; }
up_oidc() { [ -s "$root/oidc.port" ] && running "$root/oidc.pid" "127.0.0.1:$(port_of oidc)" >/dev/null && listening "$(port_of oidc)"; }
start_oidc() {
  fetch_node && cp "$here/scripts/services.d/node/provider.js" "$(node_folder)/" || return 1
  spawn oidc node "$(node_folder)/provider.js" "127.0.0.1:$(port_of oidc)"
  wait_for 30 up_oidc
}
# One that runs an older provider.js is started anew.
stale_oidc() { ! cmp -s "$here/scripts/services.d/node/provider.js" "$(node_folder)/provider.js"; }
stop_oidc() { end "$(running "$root/oidc.pid" "127.0.0.1:$(port_of oidc)")"; }
# To try single sign-on by hand, see the head of node/provider.js.
print_oidc() { given_oidc || ! up_oidc || echo "MNEMOSYNE_TEST_OIDC_URL=http://127.0.0.1:$(port_of oidc)"; }
