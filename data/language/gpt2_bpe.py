"""GPT-2's two tokenizer files, as a resource to fetch."""

from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo

BASE = "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main"

INFO = DatasetInfo(
    name="language/gpt2_bpe",
    summary="GPT-2's byte-pair vocabulary: 50,257 tokens, 50,000 merges",
    citation="Radford, Wu, Child, Luan, Amodei, Sutskever 2019, Language models are unsupervised multitask learners",
    licence="MIT",
    access="download",
    how_to_get="They also come with `pip install neuromodels[language]`.",
    units="none",
    files=(
        DataFile(
            "encoder.json",
            f"{BASE}/encoder.json",
            "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
            1_042_301,
            "token (as printable bytes) to id",
        ),
        DataFile(
            "vocab.bpe",
            f"{BASE}/vocab.bpe",
            "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
            456_318,
            "merges, most frequent first",
        ),
    ),
)

register_dataset(INFO, None)
