from .mapping import ProgrammedArray as ProgrammedArray
from .mapping import effective_weight as effective_weight
from .mapping import program as program
