"""One law of pipes and elements: along chains, and of some links only."""

import numpy as np
import pytest

from gisheat.equations.law import LinkLaw, PartLaw
from gisheat.physics.elements import plain_elements
from gisheat.physics.friction import pipe_resistance

COUNT, ELEMENTS = 40, np.array([3, 4, 17, 29])


@pytest.fixture
def law():
    random = np.random.default_rng(2)
    zeta, length = random.uniform(0.0, 5.0, COUNT), random.uniform(1.0, 200.0, COUNT)
    zeta[ELEMENTS] = length[ELEMENTS] = 0.0
    pipes = pipe_resistance(
        length, random.uniform(0.05, 0.3, COUNT), np.full(COUNT, 5e-4), zeta, density=970.0, viscosity=3.5e-4,
        law="rough",
    )  # fmt: skip
    elements = plain_elements(
        4, offset=[0.0, -3e4, 50.0, 0.0], quadratic=[40.0, 0.0, 3.0, 7.0], small_flow=1e-3, linear=0.1,
        most=[2.0, np.inf, np.inf, 2.0], most_wall=1e6, least=[-np.inf, 0.0, -np.inf, -np.inf], least_wall=1e6,
    )  # fmt: skip
    return LinkLaw(pipes, ELEMENTS, elements, np.array([1.0, 1.0, -1.0, -1.0]))


def evaluated(law, flow):
    drop, slope = np.empty((2, len(flow)))
    law.evaluate(flow, drop, slope)
    return drop, slope


def summed(law, flow, chain, offset):
    sums = np.full((3, len(flow)), np.nan)
    law.along(flow, chain, offset, sums)
    return sums


@pytest.mark.parametrize("size", [0.5, 5.0], ids=["before the walls", "beyond them"])
def test_chains_are_summed_as_their_links_are(law, size):
    random = np.random.default_rng(3)
    chain = np.sort(random.integers(0, 9, COUNT)).astype(np.int32)
    flow, offset = size * random.uniform(1.0, 3.0, 9), random.uniform(-0.1, 0.1, COUNT)
    sums = summed(law, flow, chain, offset)
    drop, slope = evaluated(law, flow[chain] - offset)
    np.testing.assert_allclose(sums[0], np.bincount(chain, drop, 9), rtol=1e-12)
    np.testing.assert_allclose(sums[1], np.bincount(chain, slope, 9), rtol=1e-12)
    tangents = np.zeros(9, bool)
    tangents[chain[ELEMENTS[[0, 1, 3]]] if size < 1.0 else slice(None)] = True  # these three have walls
    assert (sums[2, tangents] == 0.0).all()
    step = 1e-5
    rise = (summed(law, flow + step, chain, offset)[1] - summed(law, flow - step, chain, offset)[1]) / (2.0 * step)
    np.testing.assert_allclose(sums[2, ~tangents], rise[~tangents], rtol=1e-4)


def test_a_chain_with_an_element_turned_round_still_rises_with_its_flow(law):
    chain, sums = np.zeros(COUNT, np.int32), np.empty((3, 1))
    drops = []
    for flow in (-5.0, -2.001, 0.0, 1e-3, 1.999, 2.001, 5.0):
        law.along(np.array([flow]), chain, np.zeros(COUNT), sums)
        drops.append(sums[0, 0])
        assert sums[1, 0] > 0.0
    assert (np.diff(drops) > 0.0).all()


@pytest.mark.parametrize("links", [np.arange(0, COUNT, 3), np.array([29, 4, 5])])
def test_a_part_of_a_law_is_that_of_its_links(law, links):
    part, taken = PartLaw(law, links), law.take(links)
    flow = np.linspace(-3.0, 3.0, len(links))
    for own, expected in zip(evaluated(part, flow), evaluated(taken, flow), strict=True):
        np.testing.assert_array_equal(own, expected)
    edges, forward = np.array([2, 0]), np.array([False, True])
    for own, expected in zip(
        evaluated(part.take(edges, forward), flow[:2]), evaluated(taken.take(edges, forward), flow[:2]), strict=True
    ):
        np.testing.assert_array_equal(own, expected)
