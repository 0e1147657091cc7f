# Sourced by the other scripts: makes .venv from pyproject.toml and constraints.txt, once per change.
# Set `extras` before: "" or something like "[dev,transformers]".
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
python=${PYTHON:-python3}
command -v "$python" >/dev/null 2>&1 || { echo "python3 (3.11 or newer) is needed" >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    { echo "python3 is older than 3.11; set PYTHON to a newer one" >&2; exit 1; }
venv=.venv
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
wanted=$(cat pyproject.toml constraints.txt | cksum)
# what a fuller install brought serves the smaller one too
stamp="$venv/.installed-demo"
[ -n "$extras" ] && stamp="$venv/.installed-dev"
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    # torch goes first and pinned: left to a dependency it may come as a build for GPUs, gigabytes large
    case $extras in
        *transformers*) "$venv/bin/python" -m pip install --quiet -c constraints.txt torch ;;
    esac
    "$venv/bin/python" -m pip install --quiet -c constraints.txt -e ".$extras"
    printf '%s' "$wanted" >"$stamp"
    printf '%s' "$wanted" >"$venv/.installed-demo"
fi
