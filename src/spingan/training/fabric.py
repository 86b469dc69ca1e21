"""Lightning Fabric, which only a training needs: the extra `train`."""

from spingan.extras import needs

with needs("training"):
    from lightning_fabric import Fabric as Fabric
    from lightning_fabric.plugins.environments.lightning import LightningEnvironment as LightningEnvironment
    from lightning_fabric.strategies.ddp import DDPStrategy as DDPStrategy
