from .catalogue import register_data as register_data
from .fashion_mnist import FASHION_MNIST as FASHION_MNIST
from .fashion_mnist import test_sample as test_sample
from .image_set import ImageSet as ImageSet
from .mnist import MNIST as MNIST
