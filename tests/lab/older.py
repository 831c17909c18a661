"""The older Kafka versions that tests use: one in the check, the other with the tests that break labs."""

from __future__ import annotations

import pytest

OLDER = ["3.9.1", pytest.param("4.0.2", marks=pytest.mark.chaos)]
