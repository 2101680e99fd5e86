# shellcheck shell=bash
# shellcheck disable=SC1111,SC2034,SC2154 # Chinese quotation marks; variables shared with the scripts that read this file
# The demo's settings and what it tells the person who started it.

random_letters() { head -c $(($1 * 8)) /dev/urandom | LC_ALL=C tr -dc 'A-Za-z0-9' | cut -c "1-$1"; }

# demo_secrets: reads the demo's secrets; the first time it makes them up, and sets `demo_is_new`.
demo_secrets() {
  local file=$demo/secrets.env
  demo_is_new=
  if [ ! -s "$file" ]; then
    demo_is_new=yes
    cat >"$file.part" <<END
secret_key=$(head -c 64 /dev/urandom | base64 -w 0)
corp_id=ding$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
app_key=ding$(random_letters 16)
app_secret=$(random_letters 64)
login_app_id=dingoa$(random_letters 16)
login_app_secret=$(random_letters 64)
callback_token=$(random_letters 16)
callback_aes_key=$(random_letters 43)
END
    mv "$file.part" "$file"
  fi
  # shellcheck source=/dev/null
  . "$file"
}

# demo_forget_environment: drops what the caller's environment says about a real company, and what the demo
# sets itself. Others, such as DINGGATE_UNKNOWN_STAFF or DINGGATE_LOG, reach the demo.
demo_forget_environment() {
  unset "${!DINGTALK_@}" "${!SIM_@}" DINGGATE_CONFIG DINGGATE_PUBLIC_URL DINGGATE_LISTEN DINGGATE_ADMINS \
    DINGGATE_SECRET_KEY DINGGATE_SECRET_KEY_FILE DINGGATE_TRUSTED_PROXIES
}

# Settings go through the environment, not the command line, which anybody may read.
export_sim_settings() {
  export SIM_LEAVER_WORKS=true SIM_LISTEN=127.0.0.1:$sim_port SIM_PUBLIC_URL=$sim_url SIM_STATE=$demo/company.json
  export SIM_CALLBACK_URL=$portal_url/dingtalk/events SIM_CALLBACK_DOMAIN=127.0.0.1
  export SIM_CORP_ID=$corp_id SIM_APP_KEY=$app_key SIM_APP_SECRET=$app_secret
  export SIM_LOGIN_APP_ID=$login_app_id SIM_LOGIN_APP_SECRET=$login_app_secret
  export SIM_CALLBACK_TOKEN=$callback_token SIM_CALLBACK_AES_KEY=$callback_aes_key
  if [ -n "${jsapi:-}" ]; then export SIM_JSAPI=$jsapi SIM_IN_APP_AS=zhangsan01; fi
}

export_dinggate_settings() {
  export DINGGATE_LOG_FORMAT=${DINGGATE_LOG_FORMAT:-pretty}
  export DINGGATE_LISTEN=127.0.0.1:$portal_port DINGGATE_PUBLIC_URL=$portal_url
  export DINGGATE_SECRET_KEY=$secret_key DINGGATE_ADMINS=manager4220
  export DINGTALK_OAPI_URL=$sim_url DINGTALK_API_URL=$sim_url DINGTALK_LOGIN_URL=$sim_url
  export DINGTALK_CORP_ID=$corp_id DINGTALK_APP_KEY=$app_key DINGTALK_APP_SECRET=$app_secret
  export DINGTALK_LOGIN_APP_ID=$login_app_id DINGTALK_LOGIN_APP_SECRET=$login_app_secret
  export DINGTALK_CALLBACK_TOKEN=$callback_token DINGTALK_CALLBACK_AES_KEY=$callback_aes_key
  if [ -n "${jsapi:-}" ]; then export DINGTALK_JSAPI_URL=$sim_url/jsapi/dingtalk.open.js; fi
}

# demo_leaver: the company's leaver worked there until the first sync, so that the staff table holds a person who
# has left. If the first sync takes longer than this waits, a recheck after the event marks the person a minute later.
demo_leaver() {
  [ -n "$company_is_new" ] || return 0
  local tries=100
  # In another database, which only its address is known of, nothing can be looked up.
  [ -n "$database_note" ] || tries=15
  until [ -n "$database_note" ] && pg_sql dinggate -Atqc "SELECT 1 FROM staff WHERE userid = 'qianduo55'" 2>/dev/null | grep -q 1; do
    [ $((tries--)) -gt 0 ] || break
    pause 0.2
  done
  curl --noproxy '*' -fsS -m 5 -o /dev/null -w '%{redirect_url}' --data userid=qianduo55 "$sim_url/sim/ui/dismiss" |
    grep -q '?done=' || warn "the simulator could not dismiss 钱多多, the demo's leaver."
}

demo_banner() {
  say "
演示环境已就绪。请在浏览器中打开：     The demo is ready. Open in a browser:

  门户 portal            $portal_url/
  钉钉模拟器 simulator    $sim_url/
  管理后台 admin pages    $portal_url/admin"
  if [ -n "$database_note" ]; then say "  数据库 database         $database_note"; fi
  say "
在登录页的二维码处选择由谁扫码。Where the QR code is, pick who scans:

  员工   employee        张三 (zhangsan01)：可以登录 / is let in
  离职者 leaver          钱多多 (qianduo55)：被拒绝 / is refused
  新人   newcomer        先在模拟器办理入职并勾选“不通知 Dinggate”，再扫码：等待审核
                         hire somebody in the simulator with “Don’t tell Dinggate” ticked, then scan: waits for review
  管理员 administrator   林晓燕 (manager4220)：审核新人 / reviews the newcomer"
  if [ -n "${jsapi:-}" ]; then
    say "
在钉钉里打开：把浏览器的 User-Agent 改为含 DingTalk，即以张三的身份自动登录。
As inside DingTalk: a browser whose User-Agent contains DingTalk is signed in as 张三 by itself, for example
  chromium --user-data-dir=/tmp/as-dingtalk --user-agent='Chrome/108 DingTalk(7.6.0)' $portal_url/"
  fi
  demo_tunnel
  say "
按 Ctrl-C 停止；再次运行 make run 会保留数据；make reset 清空数据。
Ctrl-C stops everything; make run again keeps the data; make reset forgets it.
日志 logs: .demo/*.log
"
}

# demo_tunnel: how to reach a demo on another machine. The local ports must be the same, for the addresses
# are in links, cookies and the login's way back.
demo_tunnel() {
  local login host ssh_port=22
  if [ -z "${SSH_CONNECTION:-}" ] && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then return; fi
  login=$(id -un)
  host=$(hostname)
  [ -z "${SSH_CONNECTION:-}" ] || read -r _ _ host ssh_port <<<"$SSH_CONNECTION"
  [ "$ssh_port" = 22 ] && ssh_port='' || ssh_port="-p $ssh_port "
  say "
如果浏览器在另一台电脑上，请先在那台电脑上运行：
If your browser is on another machine, first run there:
  ssh -N ${ssh_port}-L $portal_port:127.0.0.1:$portal_port -L $sim_port:127.0.0.1:$sim_port $login@$host"
}
