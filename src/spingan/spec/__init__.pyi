from .activation import Activation as Activation
from .activation import ConductanceCurve as ConductanceCurve
from .noise import Noise as Noise
from .synapse import Synapse as Synapse
from .technology import Technology as Technology
from .technology import load_technology as load_technology
from .technology import shipped_technologies as shipped_technologies
from .technology import write_technology as write_technology
