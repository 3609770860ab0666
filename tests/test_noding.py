"""Noding: one small drawing for each rule. The tolerance is 0.3 m, a letter is 1 m wide."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from drawn_lines import Drawn, drawn, places_of, ragged

from gisheat.noding import PAIR, RETURN, SUPPLY, Rules, node_lines
from gisheat.noding.model import order_by
from gisheat.topology.ragged import geometries_of, lines_of

CROSS = """
          C
          |
    A-----+-----B
          |
          D
"""
APART = """
    A-----B C-----D
"""
ON_THE_MIDDLE = """
          C
          |
    A-----D-----B
"""
STRETCH = """
    A-----C=====B-----D
"""


def draw(picture: str, lines: str, tolerance: float = 0.3, **options) -> Drawn:
    return drawn(picture, lines, tolerance=tolerance, **options)


# ends ----------------------------------------------------------------------------------------------------


def test_ends_within_the_tolerance_become_one_node():
    noded = draw(APART, "AB CD", C=(-1.8, 0.1))
    assert noded.pieces == ["A B", "B D"]
    assert noded.events == ["end-snapped CD at B"]
    assert noded.noded.events.distance == pytest.approx([np.hypot(0.2, 0.1)])
    assert noded.noded.events.applied.all()


def test_ends_beyond_the_tolerance_stay_and_are_told():
    noded = draw(APART, "AB CD", C=(-1.6, 0.0))
    assert noded.pieces == ["A B", "C D"]
    assert noded.events == ["near-miss AB/CD at B", "near-miss CD/AB at C"]
    assert not noded.noded.events.applied.any()


def test_ends_beyond_five_tolerances_are_not_told():
    assert draw(APART, "AB CD").events == []


def test_where_most_lines_end_is_where_the_others_go():
    noded = draw("A--B  C--D\n     |\n     E", "AB CD EC", C=(-2.8, 0.0))
    assert noded.pieces == ["A C", "C D", "E C"]


def test_a_chain_of_near_ends_does_not_grow_together():
    """Ends 0.2 m apart in a row: the outer two are farther apart than the tolerance."""
    noded = draw("E F G\n\n\n| | |\nA B C", "EA FB GC", B=(-1.8, 0.0), C=(-3.6, 0.0))
    x = noded.noded.xy[noded.noded.xy[:, 1] == 0.0, 0]
    assert len(x) == 2
    assert np.diff(x) > 0.3
    apart = noded.noded.events.kind == "left-apart"
    assert noded.noded.events.distance[apart].min() == pytest.approx(0.2)
    assert noded.noded.events.line[apart].tolist() == [1]
    assert noded.noded.events.other[apart].tolist() == [2]


def test_fixed_points_lead():
    noded = draw(APART, "AB CD", C=(-1.8, 0.0), fixed=[(10.1, 0.1), (500.0, 0.0)])
    assert noded.pieces == ["A 10.1,0.1", "10.1,0.1 D"]
    assert noded.noded.xy[noded.noded.fixed[0]].tolist() == [10.1, 0.1]
    assert noded.noded.fixed[1] == -1


def test_a_line_goes_through_a_fixed_point_beside_it():
    assert draw("A-----B", "AB", fixed=[(3.0, 0.1)]).pieces == ["A 3,0.1", "3,0.1 B"]


def test_supply_and_return_do_not_meet():
    assert draw(APART, "AB CD", C=(-1.8, 0.1), bits=[SUPPLY, RETURN]).pieces == ["A B", "C D"]
    assert draw(CROSS, "AB CD", bits=[SUPPLY, RETURN]).events == []


def test_supply_and_return_meet_what_carries_both():
    noded = draw("A--B  C--D\n     |\n     E", "AB CD EC", C=(-2.8, 0.0), bits=[SUPPLY, PAIR, RETURN])
    assert noded.pieces == ["A C", "C D", "E C"]


# ends on the middle of lines -----------------------------------------------------------------------------


@pytest.mark.parametrize("crossings", [True, False])
def test_an_end_beside_a_line_goes_to_its_foot_and_the_line_stays_straight(crossings):
    noded = draw(ON_THE_MIDDLE, "AB CD", D=(0.0, 0.2), crossings=crossings)
    assert noded.pieces == ["A 10,0", "10,0 B", "C 10,0"]
    assert noded.events == ["end-snapped CD/AB at 10,0", "split AB/CD at 10,0"]
    assert noded.noded.events.distance == pytest.approx([0.2, 0.0])


def test_an_end_past_a_line_is_trimmed_to_it():
    assert draw(ON_THE_MIDDLE, "AB CD", D=(0.0, -0.2)).pieces == ["A 10,0", "10,0 B", "C 10,0"]


def test_an_end_that_lies_on_a_line_stays_bit_for_bit():
    noded = draw(ON_THE_MIDDLE, "AB CD", D=(0.1, 1e-8))
    assert noded.pieces == ["A D", "D B", "C D"]
    assert noded.events == ["split AB/CD at D"]


def test_an_end_whose_foot_is_a_vertex_of_the_line_meets_it_there():
    noded = draw("C\n|\n|\nD\nE--B\n|\nA", "AEB CD", D=(-0.1, -0.9), E=(0.0, 0.0), A=(3.0, 0.0), C=(-3.0, 0.0))
    assert noded.pieces == ["A E", "E B", "C E"]


def test_ends_from_both_sides_meet_at_one_foot():
    noded = draw("       C\n\n       D\nA------+-----B\n       E\n\n       F", "AB CD FE", D=(0, -0.8), E=(0, 0.8))
    assert noded.pieces == ["A 7,3", "7,3 B", "C 7,3", "F 7,3"]


def test_ends_that_have_met_stay_and_the_line_goes_through_them():
    """The end B could not go 0.2 m to C and 0.2 m more to the line."""
    noded = draw(" E   F\n\nA--B C--D\n\n     G", "AB CD EC FG", B=(1.8, 0.0), F=(0.2, 0.0), G=(0.2, 0.0))
    assert noded.pieces == ["A C", "C D", "E C", "F C", "C G"]
    split = noded.noded.events.kind == "split"
    assert noded.noded.events.distance[split] == pytest.approx([0.2])


def test_an_end_near_its_own_line_closes_a_loop():
    noded = draw("D----C\n|    |\nE    |\nA----B", "ABCDE", E=(1.0, -0.8), tolerance=0.3)
    assert noded.pieces == ["A 1,0", "1,0 B C D 1,0"]


def test_another_level_is_met_only_where_an_end_lies_on_it():
    assert draw(ON_THE_MIDDLE, "AB CD", D=(0.0, 0.2), level=[0, 1]).pieces == ["A B", "C D"]
    assert draw(ON_THE_MIDDLE, "AB CD", level=[0, 1]).pieces == ["A D", "D B", "C D"]


def test_what_an_earlier_noding_has_looked_at_stays():
    """A fixed point that came beside the known line A-B afterwards, and a line C-D that is new."""
    options = {"fixed": [(3.0, 0.1)], "fixed_known": [True]}
    assert draw("A-----B", "AB", known=[True], **options).pieces == ["A B"]
    assert draw("A-----B", "AB", known=[False], **options).pieces == ["A 3,0.1", "3,0.1 B"]
    assert draw(CROSS, "AB CD", known=[True, True]).pieces == ["A B", "C D"]
    assert draw(CROSS, "AB CD", known=[True, False]).pieces == ["A 10,2", "10,2 B", "C 10,2", "10,2 D"]


# crossings -----------------------------------------------------------------------------------------------


def test_lines_that_cross_get_a_node():
    noded = draw(CROSS, "AB CD")
    assert noded.pieces == ["A 10,2", "10,2 B", "C 10,2", "10,2 D"]
    assert noded.events == ["crossing-joined AB/CD at 10,2"]


@pytest.mark.parametrize("options", [{"crossings": [True, False]}, {"level": [0, 1]}])
def test_crossings_are_kept_where_a_line_or_the_levels_say_so(options):
    noded = draw(CROSS, "AB CD", **options)
    assert noded.pieces == ["A B", "C D"]
    assert noded.events == ["crossing-kept AB/CD at 10,2"]


def test_a_crossing_near_a_node_is_that_node():
    """Two lines end 0.14 m beside the crossing of two others."""
    picture = "     C    F\n     |\nA----E----B\n     |\nG    D"
    noded = draw(picture, "AB CD FE GE", E=(0.1, 0.1), fixed=[(5.1, 2.1)])
    assert noded.pieces == ["A E", "E B", "C E", "E D", "F E", "G E"]


def test_lines_that_share_a_vertex_meet_there():
    picture = "A---B---C\n   /|\n  D E"
    assert draw(picture, "ABC DBE").pieces == ["A B", "B C", "D B", "B E"]
    assert draw(picture, "ABC DBE", level=[0, 1]).pieces == ["A B C", "D B E"]
    assert draw(picture, "ABC DBE", crossings=False).pieces == ["A B C", "D B E"]


def test_a_line_with_a_vertex_on_another_one_meets_it_there():
    assert draw("A---B---C\n   /|\n  D E", "AC DBE").pieces == ["A B", "B C", "D B", "B E"]


def test_a_line_that_crosses_itself_is_cut_there():
    noded = draw("     D----C\n     |    |\nA----+----B\n     |\n     E", "ABCDE")
    assert noded.pieces == ["A 5,2", "5,2 B C D 5,2", "5,2 E"]
    assert noded.events == ["self-crossing ABCDE/ABCDE at 5,2"]


def test_a_closed_line_stays_one_piece_until_something_meets_it():
    picture = "    B\n\n\n\nA---+---C\n\n    D"
    assert draw(picture, "ABCA").pieces == ["A B C A"]
    assert draw(picture, "ABCA DB").pieces == ["A B", "B C 4,2", "4,2 A", "D 4,2", "4,2 B"]


# what is drawn twice -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", ["AB AB", "AB BA", "AB BA AB"])
def test_a_line_drawn_twice_is_kept_once(lines):
    noded = draw("A-----B", lines)
    assert len(noded.pieces) == 1
    assert [event.split()[0] for event in noded.events] == ["doubled"] * (len(lines.split()) - 1)


def test_what_carries_both_sides_is_kept():
    assert draw("A-----B", "AB AB", bits=[SUPPLY, PAIR]).noded.line.tolist() == [1]
    assert draw("A-----B", "AB AB", bits=[SUPPLY, RETURN]).noded.line.tolist() == [0, 1]


def test_lines_at_two_levels_are_both_kept():
    assert draw("A-----B", "AB AB", level=[0, 1]).pieces == ["A B", "A B"]


def test_a_shared_stretch_is_kept_once():
    noded = draw(STRETCH, "AB CD")
    assert sorted(noded.pieces) == ["A C", "B D", "C B"]
    assert "overlap" in [event.split()[0] for event in noded.events]


def test_a_shared_stretch_is_not_cut_at_its_vertices():
    noded = draw("A--C--E--F--B\n         G", "ACEFB CEFG")
    assert sorted(noded.pieces) == ["A C", "C E F", "F B", "F G"]


def test_lines_that_run_along_each_other_in_part_leave_at_a_node():
    noded = draw("      B     E\nA-----C=====D-----F", "ACDF BCDE")
    assert sorted(noded.pieces) == ["A C", "B C", "C D", "D E", "D F"]


# short lines ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [[(0, 0)], [(0, 0), (0, 0)], [(0, 0), (0.2, 0)], [(0, 0), (0.2, 0.1), (0, 0)], []])
def test_a_line_within_the_tolerance_is_gone_and_told(line):
    noded = node_lines(ragged([line, [(50.0, 0.0), (60.0, 0.0)]]), Rules(0.3))
    assert noded.line.tolist() == [1]
    assert (noded.events.kind.tolist(), noded.events.line.tolist()) == (["collapsed"], [0])


def test_no_lines_make_no_pieces():
    noded = node_lines(ragged([]), Rules(0.3))
    assert (len(noded.line), len(noded.xy), len(noded.events), noded.settled) == (0, 0, 0, True)


def test_fixed_points_without_lines_are_no_nodes():
    assert node_lines(ragged([]), Rules(0.3), fixed=[(0.0, 0.0)]).fixed.tolist() == [-1]
    assert node_lines(ragged([[(0.0, 0.0)]]), Rules(0.3), fixed=[(0.0, 0.0)]).fixed.tolist() == [-1]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e12])
def test_coordinates_that_are_none_are_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        node_lines(ragged([[(0.0, 0.0), (bad, 0.0)]]), Rules(0.3))


def test_noding_that_is_stopped_early_says_so():
    lines = ragged([[(0.0, 0.0), (9.0, 9.0)], [(0.0, 9.0), (9.0, 0.0)]])
    assert not node_lines(lines, Rules(0.3, passes=1)).settled
    assert node_lines(lines, Rules(0.3)).settled


# tolerance 0 ---------------------------------------------------------------------------------------------


def test_with_tolerance_0_only_what_is_at_one_place_meets():
    assert draw(APART, "AB CD", tolerance=0.0, C=(-2.0, 0.001)).pieces == ["A B", "C D"]
    assert draw(APART, "AB CD", tolerance=0.0, C=(-2.0, 0.0)).pieces == ["A B", "B D"]
    assert draw(ON_THE_MIDDLE, "AB CD", tolerance=0.0).pieces == ["A D", "D B", "C D"]
    assert draw(CROSS, "AB CD", tolerance=0.0).pieces == ["A 10,2", "10,2 B", "C 10,2", "10,2 D"]


# what the pieces say of their lines ----------------------------------------------------------------------


def test_parts_shares_and_places_along_the_line():
    noded = draw("A-----E-----B---C\n\n      D", "ABC DE").noded
    assert noded.line.tolist() == [0, 0, 1]
    assert noded.part.tolist() == [1, 2, 1]
    assert noded.share == pytest.approx([6 / 16, 10 / 16, 1.0])
    assert noded.along == pytest.approx([0.0, 0.5, 0.5, 1.0, 2.0, 0.0, 1.0])


def test_nodes_are_in_the_order_of_their_coordinates_and_ends_lie_on_them():
    noded = draw(CROSS, "CD BA").noded
    assert noded.xy.tolist() == sorted(noded.xy.tolist())
    ends = [(piece[0], piece[-1]) for piece in places_of(noded)]
    assert [tuple(noded.xy[i]) for i in noded.start] == [first for first, _ in ends]
    assert [tuple(noded.xy[i]) for i in noded.end] == [last for _, last in ends]


# geometries ----------------------------------------------------------------------------------------------


def test_heights_are_interpolated_and_whole_lines_are_handed_on():
    lines = shapely.from_wkt(["LINESTRING Z (0 0 5, 10 0 6)", "LINESTRING (5 0, 5 9)", "LINESTRING (50 0, 60 0)"])
    noded = node_lines(lines_of(lines), Rules(0.3))
    pieces = geometries_of(noded, lines)
    assert [shapely.to_wkt(piece, output_dimension=3) for piece in pieces] == [
        "LINESTRING Z (0 0 5, 5 0 5.5)", "LINESTRING Z (5 0 5.5, 10 0 6)", "LINESTRING (5 0, 5 9)",
        "LINESTRING (50 0, 60 0)",
    ]  # fmt: skip
    assert pieces[3] is lines[2]


@pytest.mark.skipif(not hasattr(shapely, "has_m"), reason="this shapely knows no M")
def test_measures_are_interpolated():
    lines = shapely.from_wkt(["LINESTRING M (0 0 5, 10 0 6)", "LINESTRING ZM (5 -1 1 2, 5 1 3 4)"])
    pieces = geometries_of(node_lines(lines_of(lines), Rules(0.3)), lines)
    assert [shapely.to_wkt(piece, output_dimension=4) for piece in pieces] == [
        "LINESTRING M (0 0 5, 5 0 5.5)", "LINESTRING M (5 0 5.5, 10 0 6)",
        "LINESTRING ZM (5 -1 1 2, 5 0 2 3)", "LINESTRING ZM (5 0 2 3, 5 1 3 4)",
    ]  # fmt: skip


def test_lines_without_geometry_are_told():
    lines = np.array([None, shapely.from_wkt("LINESTRING EMPTY"), shapely.from_wkt("LINESTRING (0 0, 9 0)")], object)
    noded = node_lines(lines_of(lines), Rules(0.3))
    assert geometries_of(noded, lines)[0] is lines[2]
    assert noded.events.line.tolist() == [0, 1]


def test_lines_that_part_from_a_node_by_a_hair_run_along_each_other_there():
    noded = node_lines(
        lines_of(shapely.from_wkt(["LINESTRING (0 0, 100 0)", "LINESTRING (0 0, 50 0.0005, 50 30)"])), Rules(0.3)
    )
    assert noded.events.kind.tolist() == ["crossing-joined", "overlap"]
    assert noded.xy.tolist() == [[0.0, 0.0], [50.0, 0.0005], [50.0, 30.0], [100.0, 0.0]]


def test_rows_are_ordered_as_by_lexsort():
    random = np.random.default_rng(1)
    for count, different in ((0, 1), (1, 1), (200, 5), (200, 10**6)):
        keys = random.integers(0, different, (3, count))
        assert order_by(*keys).tolist() == np.lexsort(keys[::-1]).tolist()
