# Programs that tests run by themselves: a browser for the pages.
given_chromium() { [ -n "${MNEMOSYNE_TEST_CHROMIUM:-}" ]; }
packages_chromium() { echo chromium; }
chromium_path() { command -v chromium || command -v google-chrome || command -v chromium-browser; }
have_chromium() { chromium_path >/dev/null; }
print_chromium() { given_chromium || ! have_chromium || echo "MNEMOSYNE_TEST_CHROMIUM=$(chromium_path)"; }
