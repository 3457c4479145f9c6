"""REPORT.md of the continuity evaluation: dictionaries in, Markdown out.

Invariant: every figure comes from continuity.json; published figures carry their paper; what did not run says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.board_report import NOT_RUN, table
from benchmarks.continuity import litbank, matres, propara, report_slips, storysumm
from benchmarks.continuity.data import manifest

PATH = Path(__file__).resolve().parent / "REPORT.md"
Results = Mapping[str, Any]


def rendered(told: Results) -> str:
    facts = told["machine"]
    parts: list[tuple[str, str, Callable[[Results], str]]] = [
        ("ProPara: where things are", "propara", _propara),
        ("ProPara, development split", "propara_dev", _propara_dev),
        ("LitBank: people, places and vehicles in novels", "litbank", _litbank),
        ("LitBank, the committed five texts", "litbank_subset", _litbank),
        ("PASTA: stated and counterfactual states", "pasta", _pasta),
        ("MATRES: which of two events came first", "matres", _matres),
        ("StorySumm: does a summary say what the story says", "storysumm", _storysumm),
        ("False alarms on plays that nobody here wrote", "plays", _plays),
        ("All 37 plays of the source", "plays_all", _plays_all),
        ("Texts that no rule had seen", "heldout", report_slips.heldout),
        ("The 14 plays, by today's engine", "heldout_plays", report_slips.heldout_plays),
        ("Planted slips", "planted", _planted),
        ("Slips planted in published texts", "transplanted", report_slips.transplanted),
        ("Fresh slips, at first sight", "fresh", report_slips.fresh),
    ]
    lines = [
        "# How right the readers of stories are",
        f"`make eval-continuity DATA=dir`, {facts['date']}, commit {facts['commit']}, {facts['cpu']}, {facts['cores']}"
        " cores. Raw numbers: `../continuity.json`; data with hashes, licences and addresses: `data/manifest.json`."
        " Brackets are 95 % intervals, by a bootstrap over whole documents. No language model takes part anywhere.",
    ]
    for title, name, part in parts:
        if name in told:
            found = told[name]
            missing = f"{NOT_RUN}: {found['not_run']}" if "not_run" in found else part(found)
            lines += [f"## {title}", missing]
    lines += ["## Data and licences", _licences()]
    return "\n\n".join(lines) + "\n"


def interval(value: Results, scale: float = 1, digits: int = 1) -> str:
    low, high = (f"{scale * value[end]:.{digits}f}" for end in ("low", "high"))
    return f"**{scale * value['value']:.{digits}f}** ({low} to {high})"


def _propara(told: Results) -> str:
    ours, plain, spans = told["ours"], told["majority"], told["intervals"]
    rows = [
        [
            "**StoryForge** (`actors/continuity/whereabouts.py`)",
            *(interval(spans[name]) for name in ("whether", "when", "where")),
            f"**{ours['macro']:.1f}**",
            f"**{ours['micro']:.1f}**",
            interval(spans["location_f1"]),
        ],
        ["majority: nothing happens, by our scorer", *(f"{plain[name]:.1f}" for name in _COLUMNS)],
    ]
    for name, found in told["authors"].items():
        rows.append([f"{name}, its published predictions, by our scorer", *(f"{found[key]:.1f}" for key in _COLUMNS)])
    for name, figures in propara.PUBLISHED.items():
        cells = [f"{figure:.1f}" for figure in figures]
        rows.append([f"{name}, as published", *cells, *["–"] * (6 - len(cells))])
    head = [f"test split, {told['paragraphs']} paragraphs", "whether", "when", "where", "macro", "micro", "location F1"]
    missed = ", ".join(f"{kind} {count}" for kind, count in told["fails"]["missed"].items())
    return "\n\n".join(
        [
            "Questions of Dalvi et al. 2018 (NAACL, table 3), accuracy in percent: whether a thing is made, destroyed"
            " or moved; when; and where. Location F1 is of the questions that ask for a place. Our scorer is written"
            " from the authors' description; on their own published predictions it comes within 3 points of their"
            " table, since word endings and the bookkeeping of places between sentences differ. The participants"
            f" are {told['participants']} names as the later release of the data spells them. Published rows of"
            " ProLocal and ProGlobal were looked up when this was written; the paper itself was not at hand, and the"
            " other rows are as its table is remembered.",
            table(head, rows),
            "The target, location above the rule baseline of the paper (where 2.4; macro 26.6), is met. Nothing is"
            " learned: the verbs were chosen by hand with the training split in view and tried on the development"
            " split; labels of the test split were used for this table only.",
            f"Where it fails: changes not seen, {missed}. Verbs outside the table, pronouns across two sentences, and"
            " whatever the sentence leaves to knowledge of the world. Examples: "
            + "; ".join(f"“{example}”" for example in told["fails"]["examples"])
            + ".",
        ]
    )


_COLUMNS = ("whether", "when", "where", "macro", "micro", "location_f1")


def _propara_dev(told: Results) -> str:
    ours = told["ours"]
    cells = ", ".join(f"{name.replace('_', ' ')} {ours[name]:.1f}" for name in _COLUMNS)
    return f"{told['paragraphs']} paragraphs: {cells}."


def _litbank(told: Results) -> str:
    rows = [
        ["**StoryForge** (`actors/screenplay/prose_entities.py`)", *(interval(told[k], 100) for k in _PRF)],
        ["majority: each capitalised word is a person", "–", "–", f"{100 * told['majority']:.1f}"],
        *([f"{name}, as published", "–", "–", f"{f1:.1f}"] for name, f1 in litbank.PUBLISHED.items()),
    ]
    head = [f"{told['texts']} texts held out, {told['entities']:,} entities", "precision", "recall", "F1"]
    by = ", ".join(f"{kind} {100 * each['f1']:.0f} of {each['true']:.0f}" for kind, each in told["by"].items())
    missed = ", ".join(f"{what} {count}" for what, count in told["missed"])
    return "\n\n".join(
        [
            "Exact span and type, nested entities alike (Bamman, Popat and Shen 2019, NAACL: the paper's test texts are"
            " another tenth of the corpus, so its figures are neighbours, not rivals).",
            table(head, rows),
            f"F1 by type: {by}. Most often missed: {missed}. A description after the noun (“a man who …”) belongs to"
            " the entity in LitBank and not in ours, which is the greater part of what is lost; organisations we do not"
            " look for.",
        ]
    )


_PRF = ("precision", "recall", "f1")


def _pasta(told: Results) -> str:
    pairs, fits, belongs = told["pairs"], told["fits"], told["belongs"]
    rows = [
        ["each pair, as published: does the story imply the state?", "50.0", interval(pairs, 100), "76.1"],
        ["one state, two stories: which implies it?", "50.0", _rate(fits), "–"],
        ["two states, two stories: which belongs to which?", "50.0", _rate(belongs), "–"],
    ]
    return "\n\n".join(
        [
            f"{told['stories']} stories of the test split, balanced accuracy in percent. The published figure is the"
            " accuracy of T5-base fine-tuned on the 8,476 stories of the training split, from its authors' log (Ghosh"
            " et al. 2023, TACL).",
            table(["question", "majority", "**StoryForge** (`gpu/embed/minilm.py`)", "published"], rows),
            "**The target of 70 is missed for the question as published.** An embedder sees what a state is about, and"
            " hardly whether the story says it or its opposite. Which of two changes of state belongs to which change"
            " of the story is another and easier question; there the same rows give the last line, with nothing learned"
            f" ({100 * told['belongs_validation']:.1f} on the validation split). The training split is not in the copy"
            " of the repository that could be had (its file is over four megabytes), and no other repository"
            " holds it; no package of the registry's list carries a model of entailment. Tried and not kept, on"
            " 2026-11-29: the embedder as a cross-encoder, fine-tuned on four fifths of the validation split,"
            " reading the marked sentences only: 62 on the last fifth after two rounds. The same after 45,000 of"
            " 58,783 pairs of entailment from public repositories (development parts of SNLI and MNLI, SICK,"
            " MPE, JOCI, SciTail, RTE and smaller ones: it tells entailed from not in 82.7 % of 1,500 held out):"
            " 52.5 on validation stories with nothing of PASTA seen; then three rounds on eight ninths of the"
            " validation split: 53.8, 57.5, 58.2 on 150 stories held out, and **61.5 on the test split as"
            " published**, asked once (71.5 for which belongs to which, where the rows with nothing learned give"
            " more). Six layers and 1,200 stories do not reach 70; the weights are 90 MB and are not kept, so"
            " the row above stays the product's.",
        ]
    )


def _rate(value: Results) -> str:
    return f"**{100 * value['share']:.1f}** ({100 * value['low']:.1f} to {100 * value['high']:.1f})"


def _matres(told: Results) -> str:
    rows = [
        ["**StoryForge** (`actors/screenplay/prose_order.py`)", interval(told["f1"], 100)],
        ["majority: as told, the first came first", f"{100 * told['majority']:.1f}"],
        *([f"{name}, as published", f"{f1:.1f}"] for name, f1 in matres.PUBLISHED.items()),
    ]
    missed = ", ".join(f"{what} {count}" for what, count in told["missed"])
    return "\n\n".join(
        [
            "Platinum, the test part; F1 over ordered pairs, vague ones count for nobody. Published figures are as"
            " those papers are remembered; they could not be looked up.",
            table([f"{told['documents']} news texts, {told['pairs']} pairs", "F1"], rows),
            f"Where it fails: {missed}. A past tense after a past tense in another sentence is taken as later; a third"
            " of them look back without a word that says so. It never says that two events are equal or their order"
            " vague.",
        ]
    )


def _storysumm(told: Results) -> str:
    rows = [
        ["**StoryForge's words alone** (`storysumm.py`)", interval(told["balanced_accuracy"], 100)],
        ["majority", "50.0"],
        *([f"{name}, as published", f"{figure:.1f}"] for name, figure in storysumm.PUBLISHED.items()),
    ]
    return "\n\n".join(
        [
            table([f"{told['summaries']} summaries, {told['faithful']} faithful", "balanced accuracy"], rows),
            f"One number a summary (the share of its words that the story has not) and one threshold,"
            f" {told['threshold']}, chosen on the 33 summaries of the validation split ({100 * told['validation']:.1f}"
            " there: so small a split flatters). It is no reader of meaning and not part of the product; it stands here"
            " to show how little meaning published figures around 55 need. It calls"
            f" {told['called_faithful']} summaries faithful; what it misses are stories turned round in their own"
            f" words.",
        ]
    )


def _plays(told: Results) -> str:
    rows = [[title, *(str(found[k]) for k in ("scenes", "findings", "false_alarms"))] for title, found in told.items()]
    said = [line for found in told.values() for line in found["said"]]
    return "\n\n".join(
        [
            table(["play", "scenes", "findings", "false alarms"], rows),
            "Read as an import reads them, with every rule of the engine. A finding counts as a false alarm unless"
            " `data/plays/judged.json` calls it right; whoever made this evaluation read the scenes and judged, nobody"
            " else did. These two plays are not held out: seven false alarms were met on them, all about names, and the"
            " rules or our conversion were put right after each; the record says how. The other plays below were read"
            " later. The text is Shakespeare's as published; scene lines became headings, speakers cues and stage"
            " directions action (`plays.py` says how). Plays name few hours and describe little action, so rules of the"
            " clock, of clothes and of things in hand have little to do here: the photoplays below are a harder test.",
            *(f"Said: {line}" for line in said),
        ]
    )


def _plays_all(told: Results) -> str:
    said = "; ".join(f"{play}: {message}" for play, _, message in told["said"] if _ != "new_character")
    counts = ", ".join(f"{code} {count}" for code, count in told["findings"].items())
    return "\n\n".join(
        [
            f"{told['scenes']} scenes: {counts or 'nothing said'}. `new_character` asks about speakers of one line whom"
            " no stage direction names, and some lines of the source that are no speakers.",
            f"The others: {said}.",
            "By our reading SU FFOLK, FIRST MURDER, POMPHEY, HERNIA, HORTENSIA, KATARINA and SHEPARD are slips of the"
            " published text itself; SALERIO is a man beside SALARINO whom editors too have taken for him.",
        ]
    )


def _planted(told: Results) -> str:
    rows = [[kind, *(str(each[k]) for k in ("planted", "found", "both"))] for kind, each in told["kinds"].items()]
    rows.append(["**all**", str(told["planted"]), _rate(told["found"]), _rate(told["both"])])
    missing = ", ".join(told["without_rule"])
    return "\n\n".join(
        [
            table(["kind", "planted", "found", "with both quotations"], rows),
            "Written here, by whoever wrote the rules, and the tests hold the same sentences: it says"
            " what the rules know, not what stories"
            " hold. Targets: 95 % found, 90 % with both quotations, of 200.",
            *([f"{NOT_RUN}, for want of a rule so far: {missing}."] if missing else []),
        ]
    )


def _licences() -> str:
    rows = [
        [source.name, source.licence, "committed" if source.committed else "DATA only", source.published]
        for source in manifest().values()
    ]
    return table(["source", "licence", "here", "published"], rows)
