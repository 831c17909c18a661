"""`python -m clusterload.server.metrics_api -Dclusterload.lab=FOLDER`: what a lab's supervisor runs."""

import sys

from clusterload.server.metrics_api.lab_service import main

sys.exit(main(sys.argv[1:]))
