"""Language benchmarks: ridge regression from a model's last token to responses of the language network."""

from data.catalogue import dataset_info

from ..benchmark import Benchmark, PublishedNumber
from ..ceilings import PublishedCeiling, SplitHalfCeiling
from . import register_benchmark

# Formula and values: Tuckute et al. 2024, code of gretatuckute/drive_suppress_brains, Figure4.ipynb (n = 5 people).
TUCKUTE_CEILINGS = {
    "lang_LH_netw": 0.559,
    "lang_LH_IFGorb": 0.452,
    "lang_LH_IFG": 0.452,
    "lang_LH_MFG": 0.515,
    "lang_LH_AntTemp": 0.458,
    "lang_LH_PostTemp": 0.579,
}
TUCKUTE_CEILING_SOURCE = (
    "Tuckute et al. 2024 (Figure4.ipynb of gretatuckute/drive_suppress_brains), sqrt(ncsnr^2 / (ncsnr^2 + 1/5)) over the "
    "five participants (the square root is inferred from the stored table), network 0.559; it holds for all 1,000 sentences"
)

register_benchmark(
    Benchmark(
        name="language/tuckute2024-ridge",
        dataset="language/tuckute2024",
        citation=dataset_info("language/tuckute2024").citation,
        split="kfold5",
        neuroids=("lang_LH_netw",),
        ceiling=PublishedCeiling(TUCKUTE_CEILINGS, TUCKUTE_CEILING_SOURCE),
        normalisation="r/c",
        published=(
            PublishedNumber(
                "openai-gpt (trained)",
                0.337,
                "raw r, 1,000 sentences, 10 random 90/10 splits, penalties up to 1e3",
                "brain-score/language, benchmarks/tuckute2024/test.py",
            ),
        ),
    )
)

register_benchmark(
    Benchmark(
        name="language/pereira2018.384-ridge",
        dataset="language/pereira2018",
        citation=dataset_info("language/pereira2018").citation,
        split="passage5",
        context=True,
        published=(
            PublishedNumber(
                "OASM, sigma 0.9 (knows no language)",
                0.492,
                "raw r, shuffled folds, voxels (here: network mean)",
                "brain-score/language, models/oasm notebook",
            ),
            PublishedNumber(
                "gpt2-xl layer 43 (trained)",
                0.064,
                "raw r, topics held out, mean of subjects, voxels (here: passages held out, network mean)",
                "brain-score/language, models/oasm notebook",
            ),
        ),
    )
)

register_benchmark(
    Benchmark(
        name="language/planted-ridge",
        dataset="language/planted",
        citation=dataset_info("language/planted").citation,
        split="passage5",
        ceiling=SplitHalfCeiling(),
        normalisation="r/c",
    )
)
