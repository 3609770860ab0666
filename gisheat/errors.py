"""Errors: what makes work impossible. What is merely wrong with the data is a Finding."""

from __future__ import annotations


class GisheatError(Exception):
    """Base of all errors; the message is one sentence: what, where, what to do."""

    exit_code = 3


class InputError(GisheatError):
    """Wrong usage, unreadable or missing input, refused CRS, or unusable output."""

    exit_code = 2


class TopologyError(GisheatError):
    """The network allows no result: no source, nothing served, an island with a load."""


class ConvergenceError(GisheatError):
    """The equations were not solved; the message names the elements with the worst residuals."""


class EditedError(GisheatError):
    """A base is not as the history or a change set knows it: somebody edited it since."""


class Cancelled(GisheatError):
    """The progress callback asked to stop."""

    exit_code = 130
