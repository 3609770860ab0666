"""The command line: one click command for each operation, made from its signature."""

from __future__ import annotations

import json
import math
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gisheat import __version__
from gisheat.errors import GisheatError, InputError
from gisheat.findings import count_by_severity
from gisheat.operations import OPERATIONS, Report
from gisheat.signature import Parameter, parameters

SHOWN_FINDINGS = 20


def click_type(parameter: Parameter) -> Any:
    """Type that click checks; limits are checked by the operation, so that all faces say the same sentence."""
    if parameter.choices:
        return click.Choice(parameter.choices)
    if parameter.type is Path:
        return click.Path(path_type=Path)
    return {float: click.FLOAT, int: click.INT}.get(parameter.type, click.STRING)


def click_parameter(parameter: Parameter) -> click.Parameter:
    """Argument for the input, option for everything else; defaults are shown, not passed on."""
    argument, name = parameter.argument, parameter.name
    if argument.dataset == "input":
        return click.Argument([name], type=click_type(parameter), metavar="INPUT")
    flags = [f"--{name.replace('_', '-')}", *(["-o"] if name == "output" else [])]
    words = [argument.help]
    low, high = argument.minimum, argument.maximum
    facts = [parameter.unit] if parameter.unit else []
    facts += [f"{low:g} to {high:g}"] if low is not None and high is not None else []
    facts += [f"default {argument.default}"] if argument.default not in (None, False) else []
    text = " ".join([*words, *([f"[{'; '.join(facts)}]"] if facts else [])])
    if parameter.type is bool:
        return click.Option([*flags, name], is_flag=True, default=None, help=text)
    return click.Option(
        [*flags, name], type=click_type(parameter), required=parameter.required, default=None, help=text
    )


def command(operation: Callable[..., Report]) -> click.Command:
    """Click command of an operation."""

    def callback(json_output: bool, debug: bool, quiet: bool, **values: Any) -> None:
        sys.exit(_execute(operation, values, json_output=json_output, debug=debug, quiet=quiet))

    common: list[click.Parameter] = [
        click.Option(["--json", "json_output"], is_flag=True, help="Print a machine-readable summary."),
        click.Option(["--quiet", "-q"], is_flag=True, help="Print nothing but errors."),
        click.Option(["--debug"], is_flag=True, help="Show the traceback of an error."),
    ]
    name = operation.__name__.replace("_", "-")
    found = [*(click_parameter(p) for p in parameters(operation)), *common]
    return click.Command(name, callback=callback, params=found, help=operation.__doc__)


def _execute(
    operation: Callable[..., Report], values: dict[str, Any], *, json_output: bool, debug: bool, quiet: bool
) -> int:
    given = {name: value for name, value in values.items() if value is not None}
    shows_progress = sys.stderr.isatty() and not json_output and not quiet
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # let what was begun be cleared away
    try:
        report = operation(**given, progress=_progress if shows_progress else None)
    except GisheatError as error:
        _clear(shows_progress)
        return _fail(error, error.exit_code, json_output=json_output, debug=debug)
    except MemoryError as error:
        return _fail(
            InputError("not enough memory for this network."),
            3,
            json_output=json_output,
            debug=debug,
            cause=error,
        )
    except Exception as error:  # noqa: BLE001 (no traceback reaches a user who did not ask for it)
        _clear(shows_progress)
        sentence = (
            f"an error inside gisheat ({type(error).__name__}: {error}); please report it with what --debug prints."
        )
        return _fail(InputError(sentence), 3, json_output=json_output, debug=debug, cause=error)
    except KeyboardInterrupt:
        _clear(shows_progress)
        click.echo("interrupted; nothing was written.", err=True)
        return 130
    _clear(shows_progress)
    if json_output:
        click.echo(json.dumps(_as_data(operation, report), ensure_ascii=False, indent=1))
    elif not quiet:
        click.echo(_as_text(report))
    return report.exit_code


def _fail(error: Exception, code: int, *, json_output: bool, debug: bool, cause: Exception | None = None) -> int:
    if debug:
        traceback.print_exception(cause or error)
    if json_output:
        click.echo(json.dumps({"exit_code": code, "error": str(error)}, ensure_ascii=False))
    click.echo(f"gisheat: {error}", err=True)
    return code


def _progress(share: float, what: str) -> None:
    width = 24
    done = "#" * int(share * width)
    click.echo(f"\r[{done:<{width}}] {what[:48]:<48}", nl=False, err=True)


def _clear(shown: bool) -> None:
    if shown:
        click.echo("\r" + " " * 78 + "\r", nl=False, err=True)


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
        return report.text
    width = max((len(key) for key in report.figures), default=0) + 2
    lines = [
        f"{key:<{width}}{_figure(value)} {unit}".rstrip()
        for key, (value, unit) in report.figures.items()
        if not key.startswith("findings:")
    ]
    if report.notes:
        lines += ["", "Assumed or converted:", *(f"  {note}" for note in report.notes)]
    counted = count_by_severity(report.findings)
    lines += [
        "",
        f"Findings: {counted['error']} error(s), {counted['warning']} warning(s), {counted['info']} info",
    ]
    rank = {"error": 0, "warning": 1, "info": 2}
    listed = [f for f in sorted(report.findings, key=lambda f: rank[f.severity]) if f.severity != "info"]
    lines += [
        f"  {f.severity}: {f.message} [{f.layer}{'' if f.source_fid is None else f', feature {f.source_fid}'}]"
        for f in listed[:SHOWN_FINDINGS]
    ]
    if len(listed) > SHOWN_FINDINGS:
        lines.append(f"  ... and {len(listed) - SHOWN_FINDINGS} more, all in the findings layer")
    lines += ["", *(f"Written: {file}" for file in report.files)] if report.files else []
    return "\n".join(lines)


def _figure(value: Any) -> str:
    if isinstance(value, float):
        if math.isnan(value):
            return "unknown"
        return f"{value:.2f}" if abs(value) >= 0.01 or value == 0.0 else f"{value:.1e}"
    return str(value)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gisheat")
def main() -> None:
    """District-heating networks from GIS layers to a solved, sized, styled result."""


for _operation in OPERATIONS:
    main.add_command(command(_operation))
