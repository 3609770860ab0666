"""The command line: one click command for each operation, made from its signature."""

from __future__ import annotations

import io
import json
import logging
import math
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import click

from gisheat import __version__, json_lines
from gisheat.errors import GisheatError, InputError
from gisheat.findings import Finding, count_by_severity, title
from gisheat.geopackage import clear_begun
from gisheat.operations import OPERATIONS, Report
from gisheat.places import is_database, place
from gisheat.project import did_you_mean
from gisheat.schema import Language
from gisheat.signature import Parameter, parameters

SHOWN_FINDINGS = 20
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


# commands from signatures --------------------------------------------------------------------------------


class PlaceType(click.Path):
    """A path, or the address of a database."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Path or Database of what was typed."""
        if not is_database(value):
            return super().convert(value, param, ctx)
        try:
            return place(value)
        except InputError as error:
            raise click.UsageError(str(error), ctx) from None


def click_type(parameter: Parameter) -> Any:
    """Type that click checks; limits are checked by the operation, so that all faces say the same sentence."""
    if parameter.choices:
        return click.Choice(parameter.choices)
    if parameter.type is Path:
        return PlaceType(path_type=Path)
    return {float: click.FLOAT, int: click.INT}.get(parameter.type, click.STRING)


def click_parameter(parameter: Parameter) -> click.Parameter:
    """Argument for the input, option for everything else; defaults are shown, not passed on."""
    argument, name = parameter.argument, parameter.name
    if argument.dataset == "input":
        return click.Argument(
            [name],
            type=click_type(parameter),
            required=parameter.required,
            metavar="INPUT" if name == "project" else name.upper() if parameter.required else f"[{name.upper()}]",
        )
    flags = [f"--{name.replace('_', '-')}", *(["-o"] if name == "output" else [])]
    words = [argument.help]
    low, high, default = argument.minimum, argument.maximum, argument.default
    facts = [parameter.unit] if parameter.unit else []
    facts += [f"{low:g} to {high:g}"] if low is not None and high is not None else []
    if default is not None and not isinstance(default, bool):
        facts.append(f"default {default:g}" if isinstance(default, int | float) else f"default {default}")
    text = " ".join([*words, *([f"[{'; '.join(facts)}]"] if facts else [])])
    if parameter.type is bool:
        if default:  # what is done unless one says no
            flags = [f"{flags[0]}/--no-{flags[0].removeprefix('--')}"]
        return click.Option([*flags, name], is_flag=True, default=None, help=text)
    return click.Option([*flags, name], type=click_type(parameter), required=parameter.required, help=text)


def command(operation: Callable[..., Report]) -> click.Command:
    """Click command of an operation."""

    def callback(json_output: bool, lines: bool, debug: bool, quiet: bool, **values: Any) -> int:
        if lines:
            return _execute_in_lines(operation, values, debug=debug)
        return _execute(operation, values, json_output=json_output, debug=debug, quiet=quiet)

    common: list[click.Parameter] = [
        click.Option(["--json", "json_output"], is_flag=True, help="Print a machine-readable summary."),
        click.Option(
            ["--json-lines", "lines"],
            is_flag=True,
            help="Print progress and result as lines of JSON, for programs; closing standard input cancels.",
        ),
        click.Option(["--quiet", "-q"], is_flag=True, help="Print nothing but errors."),
        click.Option(["--debug"], is_flag=True, help="Show the traceback of an error."),
    ]
    name = operation.__name__.replace("_", "-")
    found = [*(click_parameter(p) for p in parameters(operation)), *common]
    return click.Command(name, callback=callback, params=found, help=operation.__doc__)


class Program(click.Group):
    """The group of all verbs; wrong usage is one sentence on stderr, like every other error."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        """Run the command line and leave with its exit code."""
        given = list(sys.argv[1:] if args is None else args)
        _use_any_character()
        extra["standalone_mode"] = False
        try:
            code = super().main(given or ["--help"], *rest, **extra)
        except click.UsageError as error:
            told = InputError(_usage(error))
            if "--json-lines" in given:
                json_lines.tell("error", text=_one_line(str(told)))
            code = _fail(told, 2, json_output="--json" in given, debug="--debug" in given)
        except (click.Abort, KeyboardInterrupt):
            code = INTERRUPTED
        sys.exit(code)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the verb."""
        if args and self.get_command(ctx, args[0]) is None:
            raise click.UsageError(f"there is no verb {args[0]!r}{did_you_mean(args[0], tuple(self.commands))}.", ctx)
        return super().resolve_command(ctx, args)


def _usage(error: click.UsageError) -> str:
    """What is wrong with the usage, for which verb, and where to look."""
    words = error.format_message()
    if isinstance(error, click.NoSuchOption):
        known = [o for p in (error.ctx.command.params if error.ctx else ()) for o in (*p.opts, *p.secondary_opts)]
        near = did_you_mean(error.option_name, tuple(o for o in known if o.startswith("--")))
        words = f"there is no option {error.option_name}{near if 'did you mean' in near else ''}"
        if error.ctx and not error.ctx.parent:
            words += "; the options of a verb stand after it"
    verb = error.ctx.command.name if error.ctx and error.ctx.parent else ""
    where = f"gisheat {verb}".rstrip()
    return f"{verb}{': ' if verb else ''}{words.rstrip('.')} (see {where} --help)."


# running an operation ------------------------------------------------------------------------------------


def _execute(
    operation: Callable[..., Report], values: dict[str, Any], *, json_output: bool, debug: bool, quiet: bool
) -> int:
    given = {name: value for name, value in values.items() if value is not None}
    shows_progress = sys.stderr.isatty() and not json_output and not quiet
    try:
        with _ends_cleanly(), _log_silent(unless=shows_progress), _remarks() as said:
            report = operation(**given, progress=_progress if shows_progress else _silence)
    except KeyboardInterrupt:
        _clear(shows_progress)
        click.echo("gisheat: interrupted.", err=True)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 (no traceback reaches a user who did not ask for it)
        _clear(shows_progress)
        told, code = _told(error)
        return _fail(told, code, json_output=json_output, debug=debug, cause=error)
    _clear(shows_progress)
    report = replace(report, notes=(*report.notes, *said))
    if json_output:
        return _printed(json.dumps(_as_data(operation, report), ensure_ascii=not _is_utf8(), indent=1), report)
    return report.exit_code if quiet else _printed(_as_text(report), report)


def _execute_in_lines(operation: Callable[..., Report], values: dict[str, Any], *, debug: bool) -> int:
    """Run an operation for a program that reads what `json_lines` tells."""
    given = {name: value for name, value in values.items() if value is not None}
    json_lines.tell("start", version=__version__, protocol=json_lines.PROTOCOL, operation=operation.__name__)
    json_lines.end_with_caller(clear_begun)
    try:
        with _ends_cleanly(), _remarks() as said:
            report = operation(**given, progress=json_lines.tell_progress)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 (as above)
        told, code = _told(error)
        json_lines.tell("error", text=_one_line(str(told)))
        if debug:
            traceback.print_exception(error)
        return code
    for note in (*report.notes, *said):
        json_lines.tell("info", text=_one_line(note))
    serious = [f for f in report.findings if f.severity != "info"]
    for f in sorted(serious, key=lambda f: f.severity)[:SHOWN_FINDINGS]:
        json_lines.tell(f.severity, text=_said(f, report.language), rule=f.rule)
    if len(serious) > SHOWN_FINDINGS:
        json_lines.tell("info", text=f"... and {len(serious) - SHOWN_FINDINGS} more, all in the findings layer")
    data = _as_data(operation, replace(report, findings=()))
    json_lines.tell("result", **{**data, "exit_code": report.exit_code, "findings": count_by_severity(report.findings)})
    return report.exit_code


def _told(error: Exception) -> tuple[GisheatError, int]:
    """What a user is told about an error, and the exit code."""
    if isinstance(error, GisheatError):
        return error, error.exit_code
    if isinstance(error, MemoryError):
        return InputError("there is not enough memory for this network."), 3
    return InputError(
        f"an error inside gisheat ({type(error).__name__}: {error}); please report it with what --debug prints."
    ), 3


@contextmanager
def _ends_cleanly() -> Iterator[None]:
    """Clear away what was begun when the process is told to end, and end at once.

    An exception would not do: libraries that call back into Python keep those that are raised in there.
    """

    def end(number: int, _: object) -> NoReturn:
        clear_begun()
        os._exit(128 + number)

    names = [name for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    before = {getattr(signal, name): signal.signal(getattr(signal, name), end) for name in names}
    try:
        yield
    finally:
        clear_begun()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _remarks() -> Iterator[list[str]]:
    """Warnings of gisheat become notes, those of libraries are for developers; none reaches the terminal."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", category=UserWarning)
        yield said
    mine = [str(w.message) for w in caught if issubclass(w.category, UserWarning)]
    said.extend(dict.fromkeys(mine))


@contextmanager
def _log_silent(*, unless: bool) -> Iterator[None]:
    """Where no progress is shown, nothing of the log reaches stderr either."""
    handler, log = logging.NullHandler(), logging.getLogger("gisheat")
    if not unless:
        log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def _fail(error: Exception, code: int, *, json_output: bool, debug: bool, cause: Exception | None = None) -> int:
    if debug:
        traceback.print_exception(cause or error)
    sentence = _one_line(str(error))
    if json_output:
        _print(json.dumps({"exit_code": code, "error": sentence}, ensure_ascii=not _is_utf8()))
    click.echo(f"gisheat: {sentence}", err=True)
    return code


def _silence(share: float, what: str) -> None:
    """In a pipe nothing is told on the way, not even that the solver is being compiled."""


def _progress(share: float, what: str) -> None:
    width = 24
    done = "#" * int(share * width)
    click.echo(f"\r[{done:<{width}}] {what[:48]:<48}", nl=False, err=True)


def _clear(shown: bool) -> None:
    if shown:
        click.echo("\r" + " " * 78 + "\r", nl=False, err=True)


# printing ------------------------------------------------------------------------------------------------


def _use_any_character() -> None:
    """Names in Chinese, and names of files that are no text at all, stop no printing where a terminal has no such."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _is_utf8() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"


def _printed(text: str, report: Report) -> int:
    """Print the outcome of an operation; the exit code."""
    return 2 if _print(text) else report.exit_code


def _print(text: str) -> bool:
    """Print, and tell whether that failed; whoever reads a pipe may stop reading."""
    try:
        click.echo(text)
    except OSError as error:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 (what is left in the buffer goes there)
            os.dup2(nowhere.fileno(), 1)
        if isinstance(error, BrokenPipeError):
            return False
        click.echo(f"gisheat: what was found can't be printed: {error.strerror or error}.", err=True)
        return True
    return False


def _one_line(text: str) -> str:
    """Text without line breaks and without what would control the terminal."""
    return "".join(c if c.isprintable() or "\ud800" <= c <= "\udfff" else "\ufffd" for c in " ".join(text.split()))


def _as_data(operation: Callable[..., Report], report: Report) -> dict[str, Any]:
    return {
        "exit_code": report.exit_code,
        "operation": operation.__name__,
        "figures": {key: {"value": _plain(value), "unit": unit} for key, (value, unit) in report.figures.items()},
        "findings": [
            {"rule": f.rule, "severity": f.severity, "layer": f.layer, "source_fid": f.source_fid, "message": f.message,
             "point": f.point, "distance_m": f.distance}
            for f in report.findings
        ],
        "notes": list(report.notes),
        "files": [str(f) for f in report.files],
        "text": report.text,
        "seconds": round(report.seconds, 3),
    }  # fmt: skip


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _as_text(report: Report) -> str:
    """Figures, then notes, findings and files, for people."""
    if report.text:
        return "\n".join(_one_line(line) for line in report.text.splitlines())
    width = max((len(key) for key in report.figures), default=0) + 2
    lines = [
        f"{key:<{width}}{_figure(value)} {unit}".rstrip()
        for key, (value, unit) in report.figures.items()
        if not key.startswith("findings:")
    ]
    if report.notes:
        lines += ["", "Assumed or converted:", *(f"  {_one_line(note)}" for note in report.notes)]
    counted = count_by_severity(report.findings)
    lines += [
        "",
        f"Findings: {counted['error']} error(s), {counted['warning']} warning(s), {counted['info']} info",
    ]
    rank = {"error": 0, "warning": 1, "info": 2}
    listed = [f for f in sorted(report.findings, key=lambda f: rank[f.severity]) if f.severity != "info"]
    lines += [f"  {f.severity}: {_said(f, report.language)}" for f in listed[:SHOWN_FINDINGS]]
    if len(listed) > SHOWN_FINDINGS:
        lines.append(f"  ... and {len(listed) - SHOWN_FINDINGS} more, all in the findings layer")
    lines += ["", *(f"Written: {_one_line(str(file))}" for file in report.files)] if report.files else []
    return "\n".join(lines)


def _said(finding: Finding, language: Language) -> str:
    """A finding in a line; its sentence is English, so its title comes before it where the work is in Chinese."""
    before = "" if language == "en" else f"{title(finding.rule, language)}: "
    return f"{before}{_one_line(finding.message)} {_place(finding)}"


def _place(finding: Finding) -> str:
    feature = "" if finding.source_fid is None else f", feature {finding.source_fid}"
    return f"[{finding.layer}{feature}]"


def _figure(value: Any) -> str:
    if isinstance(value, float):
        if math.isnan(value):
            return "unknown"
        return f"{value:.2f}" if abs(value) >= 0.01 or value == 0.0 else f"{value:.1e}"
    return _one_line(str(value))


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gisheat")
def main() -> None:
    """District-heating networks from GIS layers to a solved, sized, styled result."""


for _operation in OPERATIONS:
    main.add_command(command(_operation))
