#!/usr/bin/env bash
# System packages that only the tests need. Installs what is missing when it may (root, or sudo
# that asks for no password), says what to install when it may not, and never fails: the tests
# that lack something skip themselves with a sentence.
set -u

have_postgres() {
  command -v pg_ctl >/dev/null 2>&1 || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}
have_chromium() {
  command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 ||
    command -v google-chrome >/dev/null 2>&1
}
have_font() {
  # A browser without a Chinese font draws boxes, and the screenshots are worthless.
  compgen -G '/usr/share/fonts/opentype/noto/NotoSansCJK*' >/dev/null ||
    { command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh-cn 2>/dev/null | head -n 1)" ]; }
}
have_gettext() { command -v msgfmt >/dev/null 2>&1 && command -v xgettext >/dev/null 2>&1; }

wanted() {
  have_postgres || echo postgresql
  have_chromium || echo chromium
  have_font || echo fonts-noto-cjk
  have_gettext || echo gettext
}

purpose() {
  case "$1" in
    postgresql) echo "the tests on PostgreSQL" ;;
    chromium) echo "the browser tests" ;;
    fonts-noto-cjk) echo "Chinese text in screenshots" ;;
    gettext) echo "make messages and the test of translations" ;;
  esac
}

missing=$(wanted)
[ -z "$missing" ] && exit 0

as_root=()
may_install=no
if command -v apt-get >/dev/null 2>&1; then
  if [ "$(id -u)" -eq 0 ]; then
    may_install=yes
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    may_install=yes
    as_root=(sudo -n)
  fi
fi

if [ "$may_install" = yes ]; then
  echo "Installing for the tests:" $missing
  # policy-rc.d is left alone on purpose: a server that Debian starts on its own port does no harm,
  # the tests spawn theirs.
  apt() { ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"; }
  apt update >/dev/null 2>&1 || true
  # One by one, so that a package unknown to this distribution does not cost the others.
  for package in $missing; do
    apt install -y --no-install-recommends "$package" >/dev/null 2>&1 || true
  done
fi

for package in $(wanted); do
  echo "Not installed: $package, needed for $(purpose "$package"); install it with your system's package manager."
done
exit 0
