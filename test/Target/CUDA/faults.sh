#!/bin/sh
# faults.py as one program, as $CXX wants it.
exec "${LLMC_TEST_PYTHON:-python3}" -B "$(dirname "$0")/faults.py" "$@"
