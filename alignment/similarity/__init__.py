"""Similarity of representations: RDMs and their comparison, CKA, shape metrics."""

from .comparisons import compare_rdms
from .distances import condense_rdm, rdm, square_rdm
from .encoding import EncodingRsa, encoding_rsa
from .kernel_alignment import cka, minibatch_cka, stimulus_batches
from .plots import plot_rdm, plot_rdm_comparison
from .precision import noise_precision
from .rdm_noise import RdmCeiling, rdm_ceiling
from .resampled import bootstrap_cka, bootstrap_rdm_comparison, corrected_draws
from .shapes import procrustes_distance, shape_distance
from .stimulus_kernels import StimulusKernel, centred_kernel, rdm_kernel

__all__ = [
    "EncodingRsa",
    "RdmCeiling",
    "StimulusKernel",
    "bootstrap_cka",
    "bootstrap_rdm_comparison",
    "centred_kernel",
    "cka",
    "compare_rdms",
    "condense_rdm",
    "corrected_draws",
    "encoding_rsa",
    "minibatch_cka",
    "noise_precision",
    "plot_rdm",
    "plot_rdm_comparison",
    "procrustes_distance",
    "rdm",
    "rdm_ceiling",
    "rdm_kernel",
    "shape_distance",
    "square_rdm",
    "stimulus_batches",
]
