# Programs that tests run by themselves: a browser for the pages, Python with its library
# cryptography, which reads and writes Fernet tokens as well, curl, which the documents call,
# and Tesseract, which reads pictures of text.
given_chromium() { [ -n "${MNEMOSYNE_TEST_CHROMIUM:-}" ]; }
packages_chromium() { echo chromium; }
chromium_path() { command -v chromium || command -v google-chrome || command -v chromium-browser; }
have_chromium() { chromium_path >/dev/null; }
print_chromium() { given_chromium || ! have_chromium || echo "MNEMOSYNE_TEST_CHROMIUM=$(chromium_path)"; }

given_python() { [ -n "${MNEMOSYNE_TEST_PYTHON:-}" ]; }
packages_python() { echo python3-cryptography; }
python_path() {
  local path
  for path in $(command -v python3) /usr/bin/python3; do
    "$path" -c "import cryptography.fernet" 2>/dev/null && echo "$path" && return
  done
  return 1
}
have_python() { python_path >/dev/null; }
print_python() { local path; given_python || ! path=$(python_path) || echo "MNEMOSYNE_TEST_PYTHON=$path"; }

given_curl() { [ -n "${MNEMOSYNE_TEST_CURL:-}" ]; }
packages_curl() { echo curl; }
have_curl() { command -v curl >/dev/null; }
print_curl() { given_curl || ! have_curl || echo "MNEMOSYNE_TEST_CURL=$(command -v curl)"; }

given_tesseract() { [ -n "${MNEMOSYNE_TEST_TESSERACT:-}" ]; }
packages_tesseract() { echo tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd; }
have_tesseract() { tesseract --list-langs 2>&1 | grep -qx eng && tesseract --list-langs 2>&1 | grep -qx osd; }
print_tesseract() { given_tesseract || ! have_tesseract || echo "MNEMOSYNE_TEST_TESSERACT=$(command -v tesseract)"; }
