# Sourced by each finding: a temporary folder with a virtualenv of its own, gone at the end.
# `install PACKAGE==VERSION …` fills it, `python` runs in it, `expect` (expect.py) says what was seen and fails when it changes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONPATH="$here" PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore
"${PYTHON:-python3}" -m venv "$work/venv"
PATH="$work/venv/bin:$PATH"
cd "$work"

install() {
  python -m pip install --quiet --disable-pip-version-check "$@" 2>&1 | grep -v '^WARNING' || true
  python -m pip freeze --disable-pip-version-check >installed.txt 2>/dev/null
  for package in "$@"; do
    name=${package%%[=<>[]*}
    grep -i "^${name//[-_.]/[-_.]}==" installed.txt || { echo "not installed: $package"; exit 1; }
  done
}
