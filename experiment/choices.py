"""A participant's choices: read from their logs, kept in their kit, met again in the scanner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from experiment.catalogue import KINDS
from experiment.errors import BadInput, TooFewLiked
from experiment.files import canonical, write_whole
from experiment.kit.for_session import shown_before
from experiment.kit.own_profile import load_own_profile, save_own_profile
from experiment.kit.own_words import OwnWords, check_likes, check_words
from experiment.people import Choice, People
from experiment.plans.people import shortfall
from experiment.profiles import DEMO, OwnProfile, ProfileSet, load_profiles
from experiment.protocol import ChoosingTask, FeedbackTask, Protocol
from experiment.readlog import SessionLog, header_of, read_log
from experiment.said import Said, listed
from experiment.screens import Feedback
from experiment.study import Study, check_label

CHOICES_FILE = "choices.json"
_FILE = 0o600


@dataclass(frozen=True)
class Social:
    """What tasks with profiles need: ids for plans and logs, and what the screens show.

    Parameters
    ----------
    people : People
    profiles : ProfileSet
    own : OwnProfile or None
        None if the participant made no profile of their own.
    """

    people: People
    profiles: ProfileSet
    own: OwnProfile | None


def profiles_of(study: Study) -> ProfileSet:
    """Read a study's profile set: its own folder, or the demo set.

    Raises
    ------
    BadInput
        If the protocol has no section ``profiles``, or the set can't be read.
    """
    settings = study.protocol.profiles
    if settings is None:
        raise BadInput(f"{study.folder / 'study.yaml'}: no section profiles; the study needs none")
    return load_profiles(DEMO if settings.folder is None else study.folder / settings.folder)


def social_of(
    study: Study, participant: str, tasks: Sequence[str], *, live: bool = False
) -> Social | None:
    """Read what tasks with profiles need; None if no task of these shows any.

    Parameters
    ----------
    study : Study
    participant : str
        Label.
    tasks : sequence of str
        Labels.
    live : bool
        Whether a person takes part. Choosing needs their own profile as well then, since it says
        whom they would like to meet; a robot, and whoever rehearses, is offered everybody.

    Raises
    ------
    BadInput
        If the profile set or the participant's own profile can't be used, or a task needs a
        profile that the participant has not made yet.
    """
    specs = [study.protocol.tasks[task] for task in tasks]
    if not any(KINDS[spec.kind].needs_people for spec in specs):
        return None
    profiles = profiles_of(study)
    index, folder = profiles.index(), study.kit_folder(participant)
    found = load_own_profile(folder)
    needy = FeedbackTask | ChoosingTask if live else FeedbackTask
    if found is None and any(isinstance(spec, needy) for spec in specs):
        raise BadInput(Said("refused.no_profile", folder=folder))
    own, likes = (None, ()) if found is None else found
    for group in likes:
        if group not in index.groups:
            groups = ", ".join(sorted(index.groups))
            raise BadInput(Said("refused.no_group", folder=profiles.folder, allowed=groups))
    choices = {choice.profile_id: choice.value for choice in load_choices(folder)}
    choices |= {choice.profile_id: choice.value for choice in choices_made(study, participant)}
    gone = sorted(set(choices) - set(profiles.by_id))
    if gone:
        raise BadInput(Said("refused.rated_gone", folder=profiles.folder, profile=gone[0]))
    offered = tuple(
        one for group, ids in index.groups.items() if not likes or group in likes for one in ids
    )
    everybody = tuple(one for ids in index.groups.values() for one in ids)
    people = People(index.digest, offered, index.neutral, _sorted(choices.items()), everybody)
    return Social(people, profiles, own)


def choices_made(study: Study, participant: str) -> tuple[Choice, ...]:
    """Return what a participant's logs say about how much each person was liked."""
    found: dict[str, int] = {}
    for file in study.logs_of(participant):
        if "people" not in header_of(file):
            continue
        found |= {choice.profile_id: choice.value for choice in choices_in(read_log(file))}
    return _sorted(found.items())


def choices_in(log: SessionLog) -> tuple[Choice, ...]:
    """Return the choices that were confirmed in a session, the last of each person."""
    asked = {
        event["n"]: event["step"]["screen"]["profile_id"]
        for event in log.of("step")
        if event["step"]["screen"]["kind"] == "profile_scale"
    }
    found: dict[str, int] = {}
    for event in log.of("outcome"):
        response = event["outcome"]["response"]
        if event["n"] in asked and response is not None and response["confirmed"]:
            found[asked[event["n"]]] = response["value"]
    return _sorted(found.items())


def keep_choices(study: Study, participant: str, ended: SessionLog) -> tuple[str, ...]:
    """Write what a session's choices add up to into the kit, and say whether they are enough.

    Parameters
    ----------
    study : Study
    participant : str
        Label.
    ended : SessionLog
        Of the session that has just ended, however it ended.

    Returns
    -------
    tuple of str
        Lines for the assistant; none if the session had no choices to make.

    Raises
    ------
    BadInput
        If the kit can't be written.
    TooFewLiked
        If all profiles were rated and too few people were liked; says what to do.
    """
    asked = [
        task
        for task in ended.header["tasks"]
        if isinstance(study.protocol.tasks[task], ChoosingTask)
    ]
    if not asked:
        return ()
    social = social_of(study, participant, asked)
    assert social is not None
    people = social.people
    file = save_choices(study.kit_folder(participant), people.choices)
    left = people.unrated
    lines = (Said("run.choices", file=file, made=len(people.choices), left=left),)
    missing = shortfall(study.protocol, people, shown_before(study, participant))
    if missing and (left == 0 or ended.status == "complete"):
        raise TooFewLiked(listed((*lines, *missing), by="lines"))
    return (*lines, Said("run.enough_liked")) if not missing else (*lines, *missing)


def put_back_choices(study: Study, participant: str, session: str) -> None:
    """Take what a session's choices added out of the kit, once its logs were set aside.

    Raises
    ------
    BadInput
        If a log that is left can't be read, or the kit can't be written.
    """
    tasks = study.protocol.sessions[session].all_tasks
    chosen = any(isinstance(study.protocol.tasks[task], ChoosingTask) for task in tasks)
    folder = study.kit_folder(participant)
    if chosen and (folder / CHOICES_FILE).exists():
        save_choices(folder, choices_made(study, participant))


def make_profile(study: Study, participant: str, photo: Path, words: OwnWords) -> Path:
    """Put a participant's own profile into their kit; see `save_own_profile`.

    Raises
    ------
    BadInput
        If anything can't be used, the profile set has no such group, or the name can't be shown as
        a scan shows it: that is to be known now, and not on the day of the scan.
    """
    profiles = profiles_of(study)
    check_likes(words.likes, profiles.index().groups)
    kit = study.kit_folder(check_label("participant", participant))
    words = check_words(words)
    _try_name(study.protocol, profiles, words)
    return save_own_profile(kit, photo, words)


def _try_name(protocol: Protocol, profiles: ProfileSet, words: OwnWords) -> None:
    """Lay out the name as each scan shows it, beside somebody and with their picture."""
    from experiment.looks import looks_of  # lays text out: a session that shows nobody needs no Qt

    other = profiles.profiles[0]
    own = OwnProfile(words.name, words.age, words.text, other.photo)
    for spec in protocol.tasks.values():
        if isinstance(spec, FeedbackTask):
            painter = looks_of(protocol, protocol.screen.size_px, {}, profiles, own).painter
            try:
                painter.paint(Feedback(other.profile_id, spec.shown_on, None))
            except ValueError as error:  # quotes nothing
                raise BadInput(str(error)) from None


def groups_of(study: Study) -> tuple[str, ...]:
    """Return the groups of a study's profile set, sorted."""
    return tuple(sorted(profiles_of(study).index().groups))


def load_choices(folder: Path) -> tuple[Choice, ...]:
    """Read the choices in a participant's kit; none if there is no file.

    Raises
    ------
    BadInput
        If it can't be read.
    """
    file = folder / CHOICES_FILE
    try:
        values = TypeAdapter(dict[str, int]).validate_json(file.read_bytes())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise BadInput(Said("refused.unreadable", file=file, why=error.strerror)) from None
    except ValidationError:
        raise BadInput(Said("refused.not_choices", file=file)) from None
    return _sorted(values.items())


def save_choices(folder: Path, choices: Iterable[Choice]) -> Path:
    """Write choices into a participant's kit (ids and values, nothing else), for its owner only.

    Raises
    ------
    BadInput
        If it can't be written.
    """
    file = folder / CHOICES_FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        values = {choice.profile_id: choice.value for choice in choices}
        write_whole(file, canonical(values), mode=_FILE)
    except OSError as error:
        raise BadInput(Said("refused.file", file=file, why=error.strerror)) from None
    return file


def _sorted(values: Iterable[tuple[str, int]]) -> tuple[Choice, ...]:
    return tuple(Choice(one, value) for one, value in sorted(values))
