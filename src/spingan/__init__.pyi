from .errors import UserError as UserError

__version__: str

from .api import appraise as appraise
from .api import crossbar_deck as crossbar_deck
from .api import evaluate as evaluate
from .api import explore as explore
from .api import export_onnx as export_onnx
from .api import reprogram as reprogram
from .api import sample as sample
from .api import study as study
from .bills import compare_bills as compare_bills
from .bills import cost as cost
from .bills import full_bill as full_bill
from .circuits.cell_decks import cell_deck as cell_deck
from .circuits.cell_decks import device_module as device_module
from .circuits.cell_simulation import simulate_cell as simulate_cell
from .comparison import compare as compare
from .costs.components import load_components as load_components
from .devices.device import Device as Device
from .devices.device import device as device
from .model_page import write_report as write_report
from .nn.conversion import convert as convert
from .nn.weights import load_model as load_model
from .papers.am_dcgan_account import components as components
from .papers.am_dcgan_account import write_schedules as write_schedules
from .papers.reproduce import reproduce as reproduce
from .spec.activation import Activation as Activation
from .spec.activation import ConductanceCurve as ConductanceCurve
from .spec.synapse import Synapse as Synapse
from .spec.technology import Technology as Technology
from .spec.technology import load_technology as load_technology
from .spec.technology import shipped_technologies as shipped_technologies
from .spec.technology import write_technology as write_technology
from .technologies import build_technology as build_technology
from .training.loop import train as train
from .training.recipe import load_recipe as load_recipe
