from .conditions import ChipConditions as ChipConditions
from .mapping import ProgrammedArray as ProgrammedArray
from .mapping import program as program
from .writing import Rewriting as Rewriting
from .writing import Written as Written
from .writing import rewriting as rewriting
from .writing import write_and_verify as write_and_verify
