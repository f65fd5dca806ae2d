#!/usr/bin/env bash
# What takes too long for .ci/run: each proof at its greatest length, soaks, the container, the oldest versions.
# Takes about three hours on two cores. `tests/long.sh NAME...` runs only what is named: proofs soaks container oldest.
set -euo pipefail
cd "$(dirname "$0")/.."

proofs() {  # every step fails in every way; hundreds of kills, crashes and power cuts; one worker, for they load the machine
  BITSHEET_PROOF=full BITSHEET_STRIDE=1 BITSHEET_KILLS=200 BITSHEET_CUTS=1000 BITSHEET_CRASHES=200 \
    BITSHEET_HISTORIES=200 BITSHEET_SECONDS=60 BITSHEET_CYCLES=1000 BITSHEET_MONKEYS=50 \
    .venv/bin/pytest -q -m slow --durations=10
}

soaks() {  # memory, files and tasks stay as they are; a day (simulated) and an hour at 1 s stay inside the portal's
  # limits; a week (compressed) over SSH and in tmux costs no memory, file or thread
  .venv/bin/python -m tests.soak.cycles 10000
  .venv/bin/python -m tests.soak.day
  .venv/bin/python -m tests.soak.hour
  .venv/bin/python -m tests.soak.ssh_week
}

container() {  # what service --container writes, built and run by buildah; as root
  local missing=()
  for package in buildah debootstrap; do
    command -v "$package" > /dev/null || missing+=("$package")
  done
  if [ "${#missing[@]}" -gt 0 ]; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" > /dev/null
  fi
  .venv/bin/python -m tests.release.container
}

oldest() {  # each dependency at its lower bound, in an environment of its own
  local folder
  folder=$(mktemp -d)
  python3 -m venv "$folder/venv"
  .venv/bin/python - pyproject.toml > "$folder/oldest.txt" <<'PYTHON'
import re
import sys
import tomllib

with open(sys.argv[1], "rb") as file:
    project = tomllib.load(file)["project"]
extras = project["optional-dependencies"]
for wanted in [*project["dependencies"], *(one for name in extras if name not in {"dev", "proofs"} for one in extras[name])]:
    if found := re.match(r"([\w.-]+)(?:\[\w+\])?>=([\w.]+)", wanted):
        print(f"{found[1]}=={found[2]}")
PYTHON
  cat "$folder/oldest.txt"
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check -c "$folder/oldest.txt" -e '.[dev]'
  "$folder/venv/bin/pytest" -q
  rm -r "$folder"
}

python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check -e '.[dev,proofs]'
for name in "${@:-proofs soaks container oldest}"; do
  for step in $name; do
    printf '\n== %s\n' "$step"
    "$step"
  done
done
