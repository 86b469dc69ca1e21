"""How good generated images are: features, distances between sets of images, and the protocol that compares them."""
