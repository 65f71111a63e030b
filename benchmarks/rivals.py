"""What the shipped model is measured against, each with ``fit`` and ``predict``.

``predict`` takes raw comments and gives a boolean array texts × labels, as `commentnlp.Model` does.
Heavy packages are imported only by who needs them, so that loading a rival costs what it costs.
"""

from __future__ import annotations

import csv
import hashlib
import re
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from benchmarks import TRAINING_DATA

with warnings.catch_warnings():
    # jieba 0.42.1 has invalid escapes and asks for pkg_resources
    warnings.simplefilter("ignore")
    import jieba

    jieba.setLogLevel("WARNING")

Bools = npt.NDArray[np.bool_]

THRESHOLD = 0.5
EDGE = "^"
NOTHING = "__label__nothing"
"""fastText skips lines that have no label; this one keeps them."""


class Rival(Protocol):
    """What every one of them can do."""

    def fit(self, texts: Sequence[str], given: Bools) -> None:
        """Learn from texts and their labels (texts × labels)."""

    def predict(self, texts: Sequence[str]) -> Bools:
        """Labels of raw texts, texts × labels."""

    def save(self, path: Path) -> None:
        """Keep what was learnt."""

    def load(self, path: Path) -> None:
        """Take what was kept."""


class Plain:
    """The pipeline everybody writes: jieba, TF-IDF, one logistic regression a label.

    ``features`` is ``"words"``; ``"full"``: words, pairs of words, 1–3 characters; or ``"same"``:
    all that the shipped model does, that is words and pairs of words, 1–3 concepts and 1–3
    characters of normalised comments and of their clauses.
    """

    def __init__(self, features: str) -> None:
        """Take the name of the features."""
        self.features = features
        self.pipeline: Any = None

    def fit(self, texts: Sequence[str], given: Bools) -> None:
        """Fit the pipeline with scikit-learn's defaults."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.pipeline import make_pipeline

        steps = {"words": _words, "full": _full, "same": _same}[self.features](texts)
        classifier = OneVsRestClassifier(LogisticRegression(max_iter=1000))
        if self.features == "same":
            texts = _normalised(texts)
        self.pipeline = make_pipeline(*steps, classifier).fit(texts, given.astype(int))

    def predict(self, texts: Sequence[str]) -> Bools:
        """Labels with a probability over a half."""
        if self.features != "same":
            return np.asarray(self.pipeline.predict(texts), bool)
        from commentnlp.model import combine, views_of

        views = views_of(_normalised(texts))
        decided = combine(self.pipeline.decision_function(views.texts), views) > 0
        return np.asarray(decided, bool)

    def save(self, path: Path) -> None:
        """Write the pipeline with joblib."""
        import joblib

        joblib.dump(self.pipeline, path)

    def load(self, path: Path) -> None:
        """Read it back."""
        import joblib

        self.pipeline = joblib.load(path)


def _normalised(texts: Sequence[str]) -> list[str]:
    normaliser = _normaliser()
    return [normaliser.normalise(text).text for text in texts]


@lru_cache(maxsize=1)
def _normaliser() -> Any:
    from commentnlp.language import Language

    return Language.read(TRAINING_DATA / "language").normaliser


def _words(_: Sequence[str]) -> list[Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return [TfidfVectorizer(tokenizer=jieba_words, token_pattern=None, lowercase=False)]


def _full(_: Sequence[str]) -> list[Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    return [
        make_union(
            TfidfVectorizer(
                tokenizer=jieba_words, token_pattern=None, lowercase=False, ngram_range=(1, 2)
            ),
            TfidfVectorizer(analyzer="char", lowercase=False, ngram_range=(1, 3)),
        )
    ]


def _same(texts: Sequence[str]) -> list[Any]:
    """Each comment is cut once, and the words handed to the three vectorisers."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union
    from sklearn.preprocessing import FunctionTransformer

    def vectoriser(preprocessor: Any, longest: int) -> Any:
        return TfidfVectorizer(
            preprocessor=preprocessor,
            tokenizer=_as_is,
            token_pattern=None,
            lowercase=False,
            ngram_range=(1, longest),
            min_df=2,
        )

    return [
        FunctionTransformer(cut_with_user_words),
        make_union(
            vectoriser(_as_is, 2),
            vectoriser(Concepts.learn(texts), 3),
            vectoriser(_characters, 3),
        ),
    ]


# the tokenizers have names because a saved pipeline holds only their names


def jieba_words(text: str) -> list[str]:
    """Words as jieba cuts them when nothing is told to it."""
    words: list[str] = jieba.lcut(text)
    return words


def cut_with_user_words(texts: Sequence[str]) -> list[list[str]]:
    """Words as the shipped model has them, but cut by jieba; each comment between two edges."""
    tokenizer = _user_tokenizer()
    return [[EDGE, *tokenizer.lcut(text.lower(), HMM=False), EDGE] for text in texts]


class Concepts:
    """Words → concepts: the lexicon's, else the word where it is common, else OTHER."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """Take the name of every word that has one; shapes such as ``##k`` count as words."""
        self.names = dict(names)

    @classmethod
    def learn(cls, texts: Sequence[str]) -> Concepts:
        """Common are the words of so many texts as the shipped model asks for."""
        from commentnlp.language import Language
        from commentnlp.training import Settings

        lexicon = Language.read(TRAINING_DATA / "language").concepts
        counts = Counter(word for words in cut_with_user_words(texts) for word in set(words))
        least = Settings().common_count
        common = {w: w for w, n in counts.items() if n >= least and _shape(w) not in lexicon}
        return cls({**common, **lexicon})

    def __call__(self, words: Sequence[str]) -> list[str]:
        """Concepts of the words."""
        known = self.names
        return [known.get(word) or known.get(_shape(word)) or "OTHER" for word in words]


def _shape(word: str) -> str:
    return re.sub("[0-9]", "#", word)


def _characters(words: Sequence[str]) -> str:
    return re.sub("[0-9]", "0", "".join(words))


def _as_is(words: Sequence[str]) -> Sequence[str]:
    return words


@lru_cache(maxsize=1)
def _user_tokenizer() -> Any:
    from commentnlp.language import Language
    from commentnlp.shipped import DEFAULT_MODEL

    tokenizer = jieba.Tokenizer()
    for word, frequency in Language.read(DEFAULT_MODEL / "language").words.items():
        tokenizer.add_word(word, frequency)
    return tokenizer


class FastText:
    """fastText, one-vs-all, on words joined by blanks; ``engine`` is ``jieba`` or ``rjieba``."""

    def __init__(self, engine: str) -> None:
        """Take the name of what cuts the words."""
        self.engine = engine
        self.labels = 0
        self.model: Any = None

    def fit(self, texts: Sequence[str], given: Bools) -> None:
        """Learn with the settings of fastText's own tutorial for several labels a line."""
        import tempfile

        fasttext = _fasttext()
        self.labels = given.shape[1]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "samples.txt"
            with path.open("w", encoding="utf-8") as file:
                for line, row in zip(self.cut(texts), given, strict=True):
                    names = [f"__label__{i}" for i in np.flatnonzero(row)] or [NOTHING]
                    file.write(" ".join([*names, line]) + "\n")
            self.model = fasttext.train_supervised(
                str(path), loss="ova", dim=50, wordNgrams=2, epoch=25, lr=0.5, bucket=200_000,
                thread=1, verbose=0,
            )  # fmt: skip

    def predict(self, texts: Sequence[str]) -> Bools:
        """Labels with a probability over a half."""
        return self.score(self.cut(texts))

    def cut(self, texts: Sequence[str]) -> list[str]:
        """Each text as its words joined by blanks."""
        lines = [text.replace("\n", " ") for text in texts]
        if self.engine == "jieba":
            return [" ".join(jieba.lcut(line)) for line in lines]
        # all at once: an object of Rust is called once, not a thousand times
        return " ".join(_rjieba().cut("\n".join(lines))).split("\n")

    def score(self, lines: Sequence[str]) -> Bools:
        """Labels of texts that are cut already."""
        out = np.zeros((len(lines), self.labels), bool)
        # given a single string, the package trips over numpy 2; given a list, it does not
        for row, labels in zip(out, self.model.predict(list(lines), -1, THRESHOLD)[0], strict=True):
            for label in labels:
                if label != NOTHING:
                    row[int(label[9:])] = True
        return out

    def save(self, path: Path) -> None:
        """Write fastText's own file."""
        self.model.save_model(str(path))

    def load(self, path: Path) -> None:
        """Read it back."""
        self.model = _fasttext().load_model(str(path))
        self.labels = len(set(self.model.get_labels()) - {NOTHING})


def _fasttext() -> Any:
    import fasttext

    fasttext.FastText.eprint = lambda message: None
    return fasttext


@lru_cache(maxsize=1)
def _rjieba() -> Any:
    from commentnlp.segment import Segmenter

    return Segmenter(engine="rjieba")


class SnowNlp:
    """SnowNLP's sentiment, the nearest it has: one yes or no a comment. For speed only."""

    def __init__(self) -> None:
        """Load SnowNLP. Raises ImportError where it is missing."""
        from snownlp import SnowNLP

        self.analyse = SnowNLP

    def fit(self, texts: Sequence[str], given: Bools) -> None:
        """Nothing: it comes with a model of its own."""

    def predict(self, texts: Sequence[str]) -> Bools:
        """Say whether each text is rather positive: texts × 1."""
        return np.array([[self.analyse(text).sentiments > THRESHOLD] for text in texts], bool)

    def save(self, path: Path) -> None:
        """Nothing to keep."""
        path.touch()

    def load(self, path: Path) -> None:
        """Nothing to take."""


class Shipped:
    """Ours: the shipped model, trained on the same samples."""

    def __init__(self) -> None:
        """Load the shipped model."""
        from commentnlp import Model

        self.model = Model.shipped()

    def fit(self, texts: Sequence[str], given: Bools) -> None:
        """Nothing: it is shipped."""

    def predict(self, texts: Sequence[str]) -> Bools:
        """Labels at or over their thresholds."""
        return self.model.predict(texts)

    def save(self, path: Path) -> None:
        """Nothing to keep."""
        path.touch()

    def load(self, path: Path) -> None:
        """Nothing to take."""


OURS = "commentnlp"
PLAIN = ("plain", "plain_full", "plain_same")
CLASSIFIERS = (OURS, *PLAIN, "fasttext", "fasttext_rjieba")
"""Those that can be asked for the project's labels."""


def make(name: str) -> Rival:
    """A rival that has learnt nothing yet. Raises ImportError where its package is missing."""
    if name.startswith("fasttext"):
        _fasttext()
    makers: dict[str, Callable[[], Rival]] = {
        OURS: Shipped,
        "plain": lambda: Plain("words"),
        "plain_full": lambda: Plain("full"),
        "plain_same": lambda: Plain("same"),
        "fasttext": lambda: FastText("jieba"),
        "fasttext_rjieba": lambda: FastText("rjieba"),
        "snownlp": SnowNlp,
    }
    return makers[name]()


def fitted(name: str, work: Path) -> Rival:
    """A rival that knows the shipped samples: kept in ``work`` earlier, or fitted now."""
    rival = make(name)
    path = kept(name, work)
    if path.exists():
        rival.load(path)
    else:
        from benchmarks.accuracy import training_samples

        rival.fit(*training_samples())
        part = path.with_suffix(".part")
        rival.save(part)
        part.replace(path)
    return rival


def kept(name: str, work: Path) -> Path:
    """Where a fitted rival is kept; another place once samples, lexicon or this file change."""
    found = hashlib.sha256()
    tables = (TRAINING_DATA / "language").glob("*.tsv")
    samples = (TRAINING_DATA / "samples").glob("*.csv")
    for path in (
        Path(__file__),
        TRAINING_DATA / "taxonomy.json",
        *sorted(tables),
        *sorted(samples),
    ):
        found.update(path.read_bytes())
    return work / f"{name}-{found.hexdigest()[:12]}"


def tag_file(pipeline: str, source: str, target: str) -> None:
    """Do the whole job the plain way: load the saved pipeline, read a table, write it tagged."""
    import joblib

    loaded = joblib.load(pipeline)
    with open(source, encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    predicted = loaded.predict([row[-1] for row in rows])
    with open(target, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*header, "labels"])
        for row, labels in zip(rows, predicted, strict=True):
            writer.writerow([*row, "|".join(map(str, np.flatnonzero(labels)))])
