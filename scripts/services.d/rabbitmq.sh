# RabbitMQ, whichever Debian has, as a node of its own with an epmd of its own.
packages_rabbitmq() { echo rabbitmq-server; }
user_rabbitmq() { echo rabbitmq; }
given_rabbitmq() { [ -n "${MNEMOSYNE_TEST_AMQP_URL:-}${CELERY_BROKER_URL:-}" ]; }

# Debian's own rabbitmq-server on PATH insists on the system's node.
rabbitmq_bin() {
  local dir
  for dir in /usr/lib/rabbitmq/bin "$(dirname "$(command -v rabbitmq-server || echo /none/rabbitmq-server)")"; do
    [ -x "$dir/rabbitmq-server" ] && [ -x "$dir/rabbitmqctl" ] && { echo "$dir"; return 0; }
  done
  return 1
}
have_rabbitmq() { rabbitmq_bin >/dev/null; }

# rabbitmq PROGRAM ARGUMENT...: one of its programs, told where everything of this node is.
rabbitmq() {
  local program=$1 dir erl; shift
  dir=$(folder rabbitmq)
  erl="-setcookie $(password_of rabbitmq) -kernel inet_dist_use_interface {127,0,0,1}"
  ${how:-as} rabbitmq ${session:-} env HOME="$dir" RABBITMQ_NODENAME="mnemosyne-$(port_of rabbitmq)@localhost" \
    RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$(port_of rabbitmq)" RABBITMQ_DIST_PORT="$(port_of rabbitmq.dist)" \
    ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$(port_of rabbitmq.epmd)" RABBITMQ_PID_FILE="$dir/pid" \
    RABBITMQ_MNESIA_BASE="$dir/mnesia" RABBITMQ_LOG_BASE="$dir/log" RABBITMQ_SCHEMA_DIR="$dir/schema" \
    RABBITMQ_GENERATED_CONFIG_DIR="$dir/config" RABBITMQ_CONFIG_FILE="$dir/rabbitmq" RABBITMQ_CONF_ENV_FILE="$dir/env.conf" \
    RABBITMQ_ENABLED_PLUGINS_FILE="$dir/plugins" RABBITMQ_FEATURE_FLAGS_FILE="$dir/flags" \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="$erl" RABBITMQ_CTL_ERL_ARGS="$erl" "$(rabbitmq_bin)/$program" "$@"
}

up_rabbitmq() { rabbitmq_pid >/dev/null && listening "$(port_of rabbitmq)"; }
rabbitmq_pid() { [ -s "$root/rabbitmq.port" ] && running "$(folder rabbitmq)/pid" "$(password_of rabbitmq)"; }

start_rabbitmq() {
  local dir log=$root/rabbitmq.log
  dir=$(folder rabbitmq)
  rabbitmq_fresh_ports
  as rabbitmq sh -c 'cd "$1" && mkdir -p log mnesia schema config && echo "[]." >plugins && : >env.conf && rm -f pid' - "$dir"
  how=become session=setsid rabbitmq rabbitmq-server >"$log" 2>&1 </dev/null &
  wait_for 90 up_rabbitmq || { stop_rabbitmq; return 1; }
  [ -e "$dir/ready.$(port_of rabbitmq)" ] && return 0
  { rabbitmq rabbitmqctl -q await_startup --timeout 90 && rabbitmq rabbitmqctl -q add_vhost mnemosyne &&
    rabbitmq rabbitmqctl -q add_user mnemosyne "$(rabbitmq_word)" && rabbitmq rabbitmqctl -q set_permissions -p mnemosyne mnemosyne '.*' '.*' '.*'
  } >>"$log" 2>&1 && as rabbitmq touch "$dir/ready.$(port_of rabbitmq)" && return 0
  stop_rabbitmq; return 1
}
# The node's name has its port in it, so that a node on another port is a new one.
rabbitmq_fresh_ports() {
  local helper
  for helper in rabbitmq.dist rabbitmq.epmd; do
    [ -s "$root/$helper.port" ] && listening "$(port_of $helper)" && rm -f "$root/$helper.port"
  done
}
# A password such as people choose: it must be percent-encoded in the address.
rabbitmq_word() { echo "$(password_of rabbitmq)/%@"; }

stop_rabbitmq() {
  end "$(rabbitmq_pid)"
  epmd -port "$(port_of rabbitmq.epmd)" -kill >/dev/null 2>&1
  return 0
}

print_rabbitmq() {
  local url
  if [ -n "${MNEMOSYNE_TEST_AMQP_URL:-}" ]; then return
  elif given_rabbitmq; then echo "MNEMOSYNE_TEST_AMQP_URL=$CELERY_BROKER_URL"
  elif have_rabbitmq && up_rabbitmq; then
    url="amqp://mnemosyne:$(encode "$(rabbitmq_word)")@127.0.0.1:$(port_of rabbitmq)/mnemosyne"
    printf '%s\n' "CELERY_BROKER_URL=$url" "MNEMOSYNE_TEST_AMQP_URL=$url"
  fi
}
