"""What people corrected while the service ran → labelled samples."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from commentnlp.errors import SampleError, StoreError
from commentnlp.records import SHANGHAI, Sample
from commentnlp.samples import Gathered, Problem
from commentnlp.service.records import Correction
from commentnlp.service.store import Store
from commentnlp.taxonomy import Taxonomy

_PAGE = 1000


def gather_corrections(url: str, taxonomy: Taxonomy) -> Gathered:
    """All corrections of a store as samples, in the order of coming.

    ``url`` is a SQLite file or the address of a database. A facet that was not judged is not in
    the sample. Labels that the taxonomy has not become problems. Raises StoreError where there is
    no such store, SampleError where nobody has corrected anything.
    """
    url = url.removeprefix("sqlite:///")
    file = "://" not in url
    if file and not Path(url).exists():
        raise StoreError(f"{url}: no such store; give the file or address that `serve` was given")
    gathered = Gathered()
    store = Store(f"sqlite:///{url}" if file else url)
    try:
        for number, one in _all(store):
            place = f"{url if file else 'the store'}, correction {number}"
            try:
                gathered.samples.append(_sample(one, place, taxonomy))
            except SampleError as error:
                gathered.problems.append(Problem(place, one.text, str(error)))
    finally:
        store.close()
    if not gathered.samples and not gathered.problems:
        raise SampleError("the store keeps no corrections; POST /v1/labels puts them there")
    return gathered


def latest(samples: list[Sample]) -> list[Sample]:
    """Every text once: of each facet what was said of it last."""
    of_text: dict[str, Sample] = {}
    for one in samples:
        before = of_text.get(one.text)
        labels = {**before.labels, **one.labels} if before else one.labels
        of_text[one.text] = Sample(
            one.text, labels, id=one.id, group=one.group, time=one.time,
            annotator=one.annotator, place=one.place,
        )  # fmt: skip
    return list(of_text.values())


def _all(store: Store) -> Iterator[tuple[int, Correction]]:
    after = 0
    while page := store.corrections(after=after, limit=_PAGE):
        yield from page
        after = page[-1][0]


def _sample(one: Correction, place: str, taxonomy: Taxonomy) -> Sample:
    strange = [facet for facet in one.labels if facet not in taxonomy.facets]
    if strange:
        raise SampleError(f"no facet {strange[0]!r}; there are {', '.join(taxonomy.facets)}")
    moment = datetime.fromtimestamp(one.at / 1000, timezone.utc).astimezone(SHANGHAI)
    return Sample(
        one.text,
        {facet: taxonomy.with_parents(facet, labels) for facet, labels in one.labels.items()},
        id="" if one.seq is None else str(one.seq),
        group=one.room,
        time=moment.strftime("%Y-%m-%d %H:%M:%S"),
        annotator=one.by,
        place=place,
    )
