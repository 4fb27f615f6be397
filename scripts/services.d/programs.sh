# Programs that tests run by themselves: a browser for the pages, nginx before
# the three processes.
given_chromium() { [ -n "${MNEMOSYNE_TEST_CHROMIUM:-}" ]; }
packages_chromium() { echo chromium; }
chromium_path() { command -v chromium || command -v google-chrome || command -v chromium-browser; }
have_chromium() { chromium_path >/dev/null; }
print_chromium() { given_chromium || ! have_chromium || echo "MNEMOSYNE_TEST_CHROMIUM=$(chromium_path)"; }

given_nginx() { [ -n "${MNEMOSYNE_TEST_NGINX:-}" ]; }
packages_nginx() { echo nginx; }
nginx_path() { PATH=$PATH:/usr/sbin command -v nginx; }
have_nginx() { nginx_path >/dev/null; }
print_nginx() { given_nginx || ! have_nginx || echo "MNEMOSYNE_TEST_NGINX=$(nginx_path)"; }
