"""How do I score my own network? Name the layers, say what goes in: three lines."""

import torch

import alignment
from alignment.plots import plot_layers

torch.manual_seed(0)
network = torch.nn.Sequential(torch.nn.Linear(26, 200), torch.nn.ReLU(), torch.nn.Linear(200, 200), torch.nn.ReLU())


def letter_counts(texts):
    """How often each letter occurs: (text, 26)."""
    return torch.tensor([[text.lower().count(chr(97 + k)) for k in range(26)] for text in texts], dtype=torch.float32)


model = alignment.TorchModel(network, layers=["1", "3"], preprocess=letter_counts, name="letter counts")
score = alignment.score(model, "language/planted-ridge")
print(score)

plot_layers([score]).figure.savefig("02_own_network.png", dpi=150)
