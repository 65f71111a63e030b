"""Tags what viewers write in Chinese livestream shops.

>>> from commentnlp import Model
>>> model = Model.shipped()                                      # doctest: +SKIP
>>> model.tag(["56圈口的飘花多少米"])[0].labels("intent")        # doctest: +SKIP
('price', 'fit')
"""

from commentnlp.errors import CommentnlpError
from commentnlp.model import Model
from commentnlp.records import Evidence, Explanation, Piece, Sample, Tag, Tagged
from commentnlp.taxonomy import Taxonomy

__version__ = "0.6.0"

__all__ = [
    "CommentnlpError",
    "Evidence",
    "Explanation",
    "Model",
    "Piece",
    "Sample",
    "Tag",
    "Tagged",
    "Taxonomy",
    "__version__",
]
