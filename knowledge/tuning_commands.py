"""`knowledge tune`: settings chosen by labelled questions, and written when the held-out half is better with them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge import rendering
from knowledge.cli import DONE
from knowledge.errors import InputError
from knowledge.evaluation import load, load_questions, mean
from knowledge.looking import emit, existing
from knowledge.tuning import Choice, changes
from knowledge.tuning import tune as choose

if TYPE_CHECKING:
    from knowledge.evaluation import Labelled

Options = argparse.Namespace


def tune(options: Options) -> int:
    labelled = _labelled(options)
    with existing(options) as workspace:
        kb = workspace.open(options.kb)
        choices = choose(kb, labelled, margin=options.margin, seed=options.seed)
        better = changes(choices)
        if better and not options.dry_run:
            kb.change_settings(better)
    if options.json:
        emit(
            {
                "kb": options.kb,
                "queries": len(labelled.queries),
                "unanswerable": len(labelled.unanswerable),
                "seed": options.seed,
                "stages": [_plain(choice) for choice in choices],
                "better": better,
                "written": bool(better) and not options.dry_run,
            }
        )
    else:
        _show(choices, better, options, labelled)
    return DONE


def _labelled(options: Options) -> Labelled:
    if options.margin is not None and options.margin <= 0:
        raise InputError(f"the margin is {options.margin:g}; allowed: above 0")
    if options.data and not options.queries and not options.qrels:
        return load(Path(options.data))
    if options.queries and options.qrels and not options.data:
        return load_questions(Path(options.queries), Path(options.qrels))
    raise InputError("no labelled questions; give --data DIR, or --queries FILE and --qrels FILE")


def _plain(choice: Choice) -> dict[str, Any]:
    held_out = choice.held_out
    return {
        "stage": choice.stage,
        "measure": choice.measure,
        "candidates": [
            {"settings": dict(one.settings), "value": round(one.value, 4)} for one in choice.candidates
        ],
        "chosen": dict(choice.chosen.settings),
        "held_out": {
            "queries": len(held_out.a),
            "before": round(mean(held_out.a), 4),
            "after": round(mean(held_out.b), 4),
            "difference": round(held_out.difference, 4),
            "interval": [round(end, 4) for end in held_out.interval],
            "p_value": round(held_out.p_value, 4),
        },
        "is_better": choice.is_better,
    }


def _show(choices: list[Choice], better: Mapping[str, Any], options: Options, labelled: Labelled) -> None:
    for choice in choices:
        rendering.line(f"{choice.stage}, by {choice.measure} on {_sizes(labelled, choice)}")
        best = sorted(choice.candidates[1:], key=lambda one: -one.value)[:5]
        rows = [(f"{one.value:.4f}", _written(one.settings)) for one in (choice.candidates[0], *best)]
        rendering.table([("  MEAN", "SETTINGS"), *((f"  {value}", text) for value, text in rows)])
        rendering.line(f"  {_verdict(choice)}")
    if "threshold" not in {choice.stage for choice in choices}:
        rendering.note("the threshold was not tuned: that takes questions whose documents are all judged 0")
    if not better:
        rendering.line("nothing is better on the held-out half; the settings stay as they are")
    else:
        verb = "would set" if options.dry_run else "set"
        rendering.line(f"{verb}: {_written(better)}")


def _sizes(labelled: Labelled, choice: Choice) -> str:
    total = len(labelled.queries) + (len(labelled.unanswerable) if choice.stage == "threshold" else 0)
    return f"{total - len(choice.held_out.a)} questions, {len(choice.held_out.a)} held out"


def _written(settings: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in settings.items()) or "(as they are)"


def _verdict(choice: Choice) -> str:
    if not choice.chosen.settings:
        return "nothing is better than what is in force"
    held_out = choice.held_out
    low, high = held_out.interval
    criterion = "p < 0.05" if choice.margin is None else f"a gain of {choice.margin:g}"
    verdict = "taken" if choice.is_better else f"not taken, that needs {criterion}"
    return (
        f"{_written(choice.chosen.settings)}, held out: {mean(held_out.a):.4f} → {mean(held_out.b):.4f}, "
        f"{held_out.difference:+.4f} (95 % {low:+.4f} … {high:+.4f}), p = {held_out.p_value:.4f}: {verdict}"
    )
