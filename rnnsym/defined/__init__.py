"""Quantities kept unevaluated and hypotheses: each with its sign, its numerical definition and, for a hypothesis, its sampler."""

from rnnsym.defined.bifurcations import (
    CriticalAt,
    HasMultiplier,
    PairLeaves,
    PairOnCircle,
    RotationAngle,
    SlopePoint,
    SlopesWithin,
)
from rnnsym.defined.contractions import (
    BestDiagonalNorm,
    DiagonallyStable,
    IsPMatrix,
    MetricContracts,
    SectorInequality,
)
from rnnsym.defined.dynamics import (
    BiasForMultiplier,
    ErasingInput,
    ExtremeFixedPoint,
    FixedPointCount,
    HalfLife,
    HalvingTime,
    Iterate,
    LongestCycle,
    Multiplier,
    PassageTime,
    Schwarzian,
    TwoCycleCount,
)
from rnnsym.defined.families import (
    Attracts,
    InvariantCircle,
    LargestState,
    MultipliersAt,
    NewtonPoint,
    PowerLimit,
    Sensitivity,
    SquaredSpeed,
)
from rnnsym.defined.frequencies import GroupDelay, HalfPowerFrequency, Phase, ResonanceFrequency, SquaredMagnitude
from rnnsym.defined.leastsquares import InitialState, LeastEnergy, LeastInput
from rnnsym.defined.loci import AtKink, FixedAt, Locus, LocusAt, Nears, Nonzero, StableAt
from rnnsym.defined.memories import FisherMemory, MemoryCapacity, MemoryCurve, MutualInformation
from rnnsym.defined.normalforms import AttractsAtFlip, Critical, Differs, Nondegenerate, NormalFormCoefficient
from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.optima import OptimalBias, OptimalPole, RingVariance
from rnnsym.defined.polezero import (
    Eigenvalues,
    InvariantZeros,
    McMillanDegree,
    Pairs,
    Poles,
    RelativeDegree,
    ZeroCount,
    Zeros,
)
from rnnsym.defined.predicates import (
    Approaches,
    Avoids,
    Diagonalizable,
    FixedPointOf,
    Invertible,
    Nilpotent,
    Orthogonal,
    PositiveDefinite,
    Predicate,
    Symmetric,
)
from rnnsym.defined.quantities import Gradient, Jacobian, OrderedProduct, Rank, Resolvent, SpectralNorm, SpectralRadius
from rnnsym.defined.signals import FinalValue, ImpulseResponse, MarkovParameters, StepResponse, TransferFunction
from rnnsym.defined.smith import McMillanForm, RelativeCount
from rnnsym.defined.spectra import CouplingTensor, MeanLogVolume, MixedDerivatives, ModesDecouple, TentExponent
from rnnsym.defined.stability import (
    AbsoluteNorm,
    AbsoluteValues,
    AllZero,
    CriticalGain,
    EntryProduct,
    EntrySum,
    PairProduct,
    PerronRoot,
    QuadraticForm,
    SpectralAbscissa,
    StateAfter,
)
from rnnsym.defined.subspaces import ControllabilityIndices, KalmanBasis
from rnnsym.defined.systems import (
    ControllabilityMatrix,
    DecayTime,
    DeterminantOf,
    Exponential,
    HeldInput,
    ModeRank,
    Modes,
    NullControllable,
    ObservabilityMatrix,
    Period,
    PowerSum,
    StateAt,
)
from rnnsym.defined.variances import (
    Covariance,
    Gramian,
    H2Norm,
    HInfinityNorm,
    L1Norm,
    OutputVariance,
    SignalToNoise,
    StationaryCovariance,
)
from rnnsym.defined.ztransforms import InverseZTransform, ZTransform

__all__ = [
    "Attracts", "AttractsAtFlip", "Critical", "CriticalAt", "Differs", "HasMultiplier", "InvariantCircle", "LargestState", "MultipliersAt",
    "NewtonPoint", "Nondegenerate", "NormalFormCoefficient", "PairLeaves", "PairOnCircle", "PowerLimit", "RotationAngle", "Sensitivity", "SlopePoint", "SlopesWithin", "SquaredSpeed",
    "Approaches", "Avoids", "Defined", "Diagonalizable", "FixedPointOf", "Gradient", "Invertible", "Jacobian", "Nilpotent", "Numbers", "OrderedProduct",
    "Orthogonal", "PositiveDefinite", "Predicate", "Rank", "Resolvent", "SpectralNorm", "SpectralRadius", "Symmetric",
    "Undefined",
    "ControllabilityIndices", "ControllabilityMatrix", "DecayTime", "DeterminantOf", "Exponential", "HeldInput", "InitialState", "LeastEnergy", "KalmanBasis", "LeastInput", "ModeRank", "Modes",
    "NullControllable", "ObservabilityMatrix", "Period", "PowerSum", "StateAt",
    "Covariance", "Eigenvalues", "FinalValue", "FisherMemory", "Gramian", "GroupDelay", "H2Norm", "HInfinityNorm", "HalfPowerFrequency",
    "ImpulseResponse", "InvariantZeros", "InverseZTransform", "L1Norm", "MarkovParameters", "McMillanDegree", "McMillanForm", "MemoryCapacity", "MemoryCurve",
    "MutualInformation", "OptimalBias", "OptimalPole", "OutputVariance", "Pairs", "Phase", "Poles", "RelativeCount", "RelativeDegree", "ResonanceFrequency", "RingVariance", "SignalToNoise",
    "SquaredMagnitude", "StationaryCovariance", "StepResponse", "TransferFunction", "ZTransform", "ZeroCount", "Zeros",
    "After", "AtKink", "BiasAt", "BiasForMultiplier", "ErasingInput", "ExtremeFixedPoint", "FixedAt", "FixedPointCount", "HalfLife", "HalvingTime", "ImplicitDerivative",
    "ImplicitGradient", "Iterate", "Locus", "LocusAt", "LongestCycle", "Multiplier", "Nears", "Nonzero",
    "PassageTime", "Schwarzian", "StableAt", "TwoCycleCount",
    "AbsoluteNorm", "AbsoluteValues", "AllZero", "BestDiagonalNorm", "CouplingTensor", "CriticalGain", "DiagonallyStable", "EntryProduct",
    "EntrySum", "IsPMatrix", "MeanLogVolume", "MetricContracts", "MixedDerivatives", "ModesDecouple", "PairProduct", "PerronRoot",
    "QuadraticForm", "SectorInequality", "SpectralAbscissa", "StateAfter", "TentExponent",
]  # fmt: skip
