#!/usr/bin/env bash
# The rules that a machine can keep.
exec "$(dirname "${BASH_SOURCE[0]}")/../lint/lint"
