from .conditions import ChipConditions as ChipConditions
from .mapping import ProgrammedArray as ProgrammedArray
from .mapping import program as program
