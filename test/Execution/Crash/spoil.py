#!/usr/bin/env python3
"""A training program that does not resume bit for bit: runs the one named by
LLMC_SPOILT, with another --epsilon where it resumes."""

import os
import sys

program = os.environ["LLMC_SPOILT"]
resumed = "--resume" in sys.argv
os.execv(program, [program, *sys.argv[1:], *(["--epsilon=1.0000001e-8"] if resumed else [])])
