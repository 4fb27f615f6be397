# nginx before the processes `serve` and `mcp` of this machine, at the ports that they
# take without a setting. Until they run it answers 502.
packages_nginx() { echo nginx-light; }
user_nginx() { echo www-data; }
given_nginx() { [ -n "${MNEMOSYNE_TEST_NGINX:-}" ]; }
nginx_path() { PATH=$PATH:/usr/sbin command -v nginx; }
have_nginx() { nginx_path >/dev/null; }
up_nginx() { [ -s "$root/nginx.port" ] && running "$root/nginx.pid" nginx >/dev/null && listening "$(port_of nginx)"; }
start_nginx() {
  local dir; dir=$(folder nginx)
  cat >"$dir/nginx.conf" <<CONF
daemon off; worker_processes 1; pid $dir/pid; error_log $dir/error.log;
events { worker_connections 256; }
http {
  access_log off; client_max_body_size 0; proxy_http_version 1.1; proxy_buffering off; proxy_request_buffering off;
  client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/fastcgi; uwsgi_temp_path $dir/uwsgi; scgi_temp_path $dir/scgi;
  proxy_set_header Host \$http_host;
  proxy_set_header X-Forwarded-For \$remote_addr;
  proxy_set_header X-Forwarded-Proto \$scheme;
  server {
    listen 127.0.0.1:$(port_of nginx);
    location = /mcp { proxy_pass http://127.0.0.1:8001; proxy_next_upstream off; }
    location /mcp/ { proxy_pass http://127.0.0.1:8001; proxy_next_upstream off; }
    location = /healthz { proxy_pass http://127.0.0.1:8001/mcp/health; }
    location / { proxy_pass http://127.0.0.1:8000; }
  }
}
CONF
  chmod 644 "$dir/nginx.conf"
  spawn nginx "$(nginx_path)" -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf"
  wait_for 10 up_nginx
}
stop_nginx() { end "$(running "$root/nginx.pid" nginx)"; }
print_nginx() {
  given_nginx || ! have_nginx || echo "MNEMOSYNE_TEST_NGINX=$(nginx_path)"
  ! have_nginx || ! up_nginx || echo "MNEMOSYNE_TEST_NGINX_URL=http://127.0.0.1:$(port_of nginx)"
}
