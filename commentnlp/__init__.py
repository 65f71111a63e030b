"""Tags what viewers write in Chinese livestream shops.

    from commentnlp import Model
    model = Model.shipped()                      # or Model.load("models/mine")

    model.tag(["56圈口的多少米"], evidence=True)   # a list of Tagged
    model.tag(comments)[0].labels("intent")      # ('fit', 'price')
    model.tag_frame(frame, "内容")                # a pandas frame, with columns of tags
    model.predict(comments)                      # comments × model.labels, True or False
    model.probabilities(comments)                # comments × model.labels, 0 to 1
    model.explain("这个多少米")                    # what each word adds to each label
    model.save("models/mine")

    from commentnlp.batch import classify_file   # any file: CSV, Excel, what live tools save
    classify_file(model, "comments.xlsx")        # writes comments.tagged.csv
    from commentnlp.report import summarise_files
    summarise_files(["show.csv"], model)         # what a show talked about, and when
    from commentnlp.spark import tag             # the same over a Spark cluster

Every error raised on purpose is a CommentnlpError, or a TypeError for what is no comment.
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
