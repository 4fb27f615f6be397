#!/bin/sh
# want: - f g - h
set -e

# Says.
f() {
  awk '
function no() {
}'
  cat <<EOF
no() {
EOF
  echo "it's ${x#*/}"
}

function g {
  case $1 in
    a) echo ;;
  esac
}

g a

h () ( true )
