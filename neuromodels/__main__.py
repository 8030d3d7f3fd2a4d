"""``python -m neuromodels``: the same as the console command.

Python puts the working directory first on the import path here, where a user's own
``data.py`` or ``alignment.py`` would win over the packages of the same name. The
entry is removed before anything else is imported.
"""

import os
import sys

if sys.path and os.path.abspath(sys.path[0] or ".") == os.getcwd():
    del sys.path[0]

from neuromodels.cli import main

if __name__ == "__main__":
    sys.exit(main())
