"""Traits beside what the arms change, and the table that tells the arms."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.report.study import check_labels
from analysis.science.arms import read_arms
from analysis.science.gather import cells_from
from analysis.science.ratings import outcome
from analysis.science.traits import Number, numbers_of, read_traits, with_trait
from benchmarks.simulated import ratings_of
from experiment.errors import BadInput
from tests.analysis.truths import ARM, TRUTHS


def test_a_trait_goes_with_what_it_was_made_of(tmp_path: Path) -> None:
    file = tmp_path / "traits.tsv"
    numbers = {f"{n:02d}": float(n * n % 7) for n in range(20)}
    text = "participant_id\ter89\n" + "".join(f"sub-{k}\t{v}\n" for k, v in numbers.items())
    file.write_text(text, "utf-8")
    traits = read_traits(file)
    outcome_of = pd.Series({k: 2 * v + 1 for k, v in numbers.items()})
    (found,) = with_trait(traits["er89"], [Number("change", {None: outcome_of})])
    assert found.what == "er89 and change"
    assert found.value == pytest.approx(1.0)
    file.write_text(text + "sub-03\t1\n", "utf-8")
    with pytest.raises(BadInput, match="participant '03' is there twice"):
        read_traits(file)
    # As a German table program saves it: semicolons, Windows-1252, a number with a comma.
    saved = "participant_id;Zufriedenheit für alle\r\n012;3.5\r\n013;\r\n"
    file.write_bytes(saved.encode("cp1252"))
    assert read_traits(file).loc["012"].tolist() == [3.5]
    file.write_bytes(saved.replace("3.5", "3,5").encode("cp1252"))
    with pytest.raises(BadInput, match=r":2: column .* numbers have a point"):
        read_traits(file)


def test_a_table_whose_labels_lost_their_zeros_is_refused() -> None:
    file = Path("traits.tsv")
    check_labels(file, "participant", {"012", "099"}, {"012", "013"})
    with pytest.raises(BadInput, match="participant '12' is '012' in the study"):
        check_labels(file, "participant", {"12", "013"}, {"012", "013"})
    with pytest.raises(BadInput, match="none of its participants"):
        check_labels(file, "participant", {"A1"}, {"012", "013"})


@pytest.mark.parametrize("which", ["crossover", "parallel"])
def test_traits_are_held_against_each_arm_by_itself(which: str) -> None:
    """What only the drug brings about in people of a trait is told as that, not pooled away."""
    truth = TRUTHS[which]
    rows, arms = ratings_of(truth, 7)
    trait = pd.Series(
        {f"{n:03d}": float(n * n % 11) for n in range(1, truth.people + 1)}, name="er"
    )
    on_drug = arms.joined(rows)["arm"] == "naltrexone"
    about = on_drug & (rows["condition"] == "kind")
    rows.loc[about, "value"] += trait.loc[rows.loc[about, "participant"]].to_numpy()
    sealed = outcome("messages", "connection", cells_from(rows), None)
    open_ = outcome("messages", "connection", cells_from(rows), arms)
    name = "connection" if which == "crossover" else "connection: kind − stranger"
    told = {one.what: one for one in with_trait(trait, numbers_of([open_], [], arms))}
    assert told.pop(f"er and {name}, naltrexone").low > 0.7
    assert abs(told.pop(f"er and {name}, placebo").value) < 0.5
    if which == "crossover":
        assert told.pop(f"er and {name}, {ARM}").low > 0.7
    assert not told
    (pooled,) = with_trait(trait, numbers_of([sealed], [], None))
    assert (pooled.what, pooled.n) == (f"er and {name}", truth.people)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("participant\tarm\n01\tA\n", "no column 'sequence'"),
        ("participant\tsequence\tperiod\tsession\tarm\n1\tAB\t3\t01\tA\n", "period '3'"),
        ("participant\tsequence\tperiod\tsession\tarm\n1\tAB\t1\t01\t\n", ":2: a cell is empty"),
        ("participant\tsequence\tperiod\tsession\tarm\n1\tAB\t1\t01\tA\n", "two arms are needed"),
        (
            "participant\tsequence\tperiod\tsession\tarm\n1\tAB\t1\t01\tA\n1\tAB\t2\t01\tB\n",
            ":3: session '01' of participant '1' is there twice",
        ),
    ],
)
def test_a_wrong_table_of_arms_is_refused(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "arms.tsv"
    file.write_text(text, "utf-8")
    with pytest.raises(BadInput) as caught:
        read_arms(file)
    assert told in str(caught.value)
