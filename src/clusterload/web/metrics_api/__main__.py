"""`python -m clusterload.web.metrics_api -Dclusterload.lab=FOLDER`: what a lab's supervisor runs."""

import sys

from clusterload.web.metrics_api.beside import main

sys.exit(main(sys.argv[1:]))
