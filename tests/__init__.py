"""The tests of Ad Metrics."""

import os
import sys

# Whatever the shell says, workers find what was compiled before: each would compile all its imports anew otherwise, 16 s
# of CPU rather than 7.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
