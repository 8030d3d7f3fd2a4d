"""Files of the Middlebury flow sequences: names, hashes, bytes."""

from ..dataset import DataFile

# sequence: file, SHA-256, bytes
_FILES = {
    "Dimetrodon": (
        ("frame10.png", "5ce0af3e00b80c5fb8a9b85ceae2e51b454839a2a89a47633f0f3885982c505f", 350_202),
        ("frame11.png", "7174b407aee61b6eec3d83c5111ea2f77eea41e58bbd48592e6d87600ad8e49b", 350_340),
        ("flow10.flo", "3b231e26f2a82513aac45c2cfc4af5df64857c126b9201b7abedb841e3a037b0", 1_812_748),
    ),
    "Grove2": (
        ("frame10.png", "91f8ceefe5fe477e654a40603431145754fee477c7537fd37c5f0690a60ed648", 589_660),
        ("frame11.png", "deba56fc09462ac644977054a9ff60b8ee726e18f7e6b0d6cab72ab7c5624385", 589_780),
        ("flow10.flo", "3fffc1ac8e4d1f9676d4d4b3feab4b3f7d71b9e3bd6a3bcc625a22ee599fd589", 2_457_612),
    ),
    "Hydrangea": (
        ("frame10.png", "4d43fa82b077f2ea85851ccba2c1ffe9205ab5982f18307a637529482bc1e310", 380_447),
        ("frame11.png", "483511b0469f7f92232c958cadea36ea616fe0105ccfd20ae88e74644b1e793c", 381_052),
        ("flow10.flo", "14ca2e46be8483ffe8e47f0e283d797674b5ce4537974665c7a300eef4f1dd66", 1_812_748),
    ),
    "RubberWhale": (
        ("frame10.png", "eb312435369dac9efcc92f7e098edbd9ed8d7e6dfede8b3b4d8e3702cd80b796", 360_913),
        ("frame11.png", "ee309a00d47b837b322ea5d9128775e0c46869b8014376286ba316a073d293ac", 361_085),
        ("flow10.flo", "f57359dd1a35907322f7a890a5e61bd0dd421aac89fd51ba0c71bf3a7e0a8890", 1_812_748),
    ),
    "Urban2": (
        ("frame10.png", "de02215cc095995a56fbb8c332f59e0de87fa78ea06a2eb105e170877287796a", 395_591),
        ("frame11.png", "ecf1231725ac87f4c7e6d29e6e4f860828f3fc2d38ca5af9c628da254bcbefbb", 397_500),
        ("flow10.flo", "06a642571e8f5018c93005eac6b35a08694b696387cca220a95ad588cabddf3d", 2_457_612),
    ),
    "Venus": (
        ("frame10.png", "f36d77900848c4d5bf6f31898e43d3db4c912f474f273b331d7a96113ea5a637", 294_080),
        ("frame11.png", "45860656c48fec7fff1ed3528bd2d72f4f6dbf71c6d621fb2e0f48a531e617d0", 294_149),
        ("flow10.flo", "4f5e58609d02d8198f838de8b3f34a952cfaebf284938daa255066c535610f34", 1_276_812),
    ),
    "RubberWhale_frames": (
        ("frame07.png", "ac36e8aac2c5840bfd87e6d44b738a24fd18471de55eae84e8483269be190741", 361_384),
        ("frame08.png", "fc0848733935180cca7eb6ada1caf639a409ed3a99ecc1762b6f9d2b87e30596", 361_128),
        ("frame09.png", "a6d6253d80a552482e0f58a64dada95e1821d257834d50d7d3695837390db7f7", 360_779),
        ("frame10.png", "eb312435369dac9efcc92f7e098edbd9ed8d7e6dfede8b3b4d8e3702cd80b796", 360_913),
        ("frame11.png", "ee309a00d47b837b322ea5d9128775e0c46869b8014376286ba316a073d293ac", 361_085),
        ("frame12.png", "f4d67f6f18c813f0bf9eec02d2e04af9faf9c548f45bbc318040bc302a7859f2", 361_293),
        ("frame13.png", "68f024127541afe8931471abe9dc671ec8d8ee6b07df1650ab72d9b13d644cb3", 361_175),
        ("frame14.png", "ac41090c366396431ec94dc97b2d0bb09d38241d30342d8de076a6f434b8f66c", 361_961),
    ),
}
FILES = {
    name: tuple(
        DataFile(f"{name}/{file}", None, sha256, n_bytes, "true flow" if file.endswith("flo") else "frame")
        for file, sha256, n_bytes in rows
    )
    for name, rows in _FILES.items()
}
