#!/bin/sh
# Stands in for a CNI executable: writes down environment, input, output and exit code, and passes all on.
name=${0##*/}
at="RECORDS/$(date +%s%N)-$$-$name"
env -0 >"$at.env"
cat >"$at.stdin"
"/opt/cni/real/$name" <"$at.stdin" >"$at.stdout"
code=$?
echo "$code" >"$at.exit"
cat "$at.stdout"
exit "$code"
