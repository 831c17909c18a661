"""The truth that experiments are held against."""

from __future__ import annotations

import pytest

from benchmarks.effects_truth import Setting, settings


def test_what_binds_decides_what_halving_does() -> None:
    setting = Setting(connections=(40, 20), sizes=(4096, 2048), share=(0.8, 0.6))
    assert list(setting.truths) == pytest.approx([-0.2, 0.0])  # once connections are halved, bytes bind at 60 %
    # 78 bytes on top of each value, so that this is half of the ingress
    other = Setting(connections=(40, 20), sizes=(4022, 1972), share=(0.3, 0.6))
    assert list(other.truths) == pytest.approx([0.0, -0.3])


def test_the_settings_are_the_same_each_time_and_both_resources_bind_in_some() -> None:
    made = list(settings(10))
    assert made == list(settings(10))
    assert {setting.share[0] > setting.share[1] for setting in made} == {True, False}
    assert all(any(truth < -0.02 for truth in setting.truths) for setting in made)
