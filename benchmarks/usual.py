"""The usual way, to stand beside: one script, pandas, and PsychoPy's CSV file of each session.

``python -m benchmarks.usual CSVS OUT`` does what a lab's own script does: it reads each file, makes
an events table of each session and one table of all ratings, and the means of each session and
condition. It checks nothing and keeps everything in memory.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd


def main(csvs: Path, out: Path) -> None:
    """Make events of each session and the tables of all."""
    ratings = []
    for file in sorted(csvs.glob("*.csv")):
        data = pd.read_csv(file)
        person, session = str(data["participant"][0]), str(data["session"][0])
        trials = data[data["message.started"].notna()]
        shown = pd.DataFrame(
            {
                "onset": trials["message.started"],
                "duration": trials["message.stopped"] - trials["message.started"],
                "trial_type": "message",
                "condition": trials["condition"],
                "message_id": trials["message_id"],
                "writer_id": trials["writer_id"],
            }
        )
        asked = data[data["slider.started"].notna()]
        answered = pd.DataFrame(
            {
                "onset": asked["slider.started"],
                "duration": asked["slider.stopped"] - asked["slider.started"],
                "trial_type": "rating",
                "condition": asked["condition"],
                "message_id": asked["message_id"],
                "writer_id": asked["writer_id"],
                "rating": asked["rating"],
                "rating_value": asked["slider.response"],
                "response_time": asked["slider.rt"],
            }
        )
        events = pd.concat([shown, answered]).sort_values("onset")
        folder = out / f"sub-{person}" / f"ses-{session}" / "beh"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"sub-{person}_ses-{session}_task-messages_events.tsv"
        events.to_csv(folder / name, sep="\t", index=False, na_rep="n/a", float_format="%.6f")
        ratings.append(answered.assign(participant=person, session=session))
    whole = pd.concat(ratings)
    whole.to_csv(out / "ratings.tsv", sep="\t", index=False, na_rep="n/a")
    by = ["participant", "session", "condition", "rating"]
    means = whole.groupby(by)["rating_value"].agg(["count", "mean", "std"]).reset_index()
    means.to_csv(out / "means.tsv", sep="\t", index=False, na_rep="n/a")
    summary = means.groupby(["condition", "rating"])["mean"].agg(["count", "mean", "std"])
    summary.to_csv(out / "summary.tsv", sep="\t", na_rep="n/a")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
