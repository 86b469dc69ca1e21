"""A generator of your own on the hardware: not a DCGAN, but a dense net. The conversion is the ten lines in the middle.

Run it: python examples/02_your_own_generator.py [PICTURE]     (seconds; by default dense_generator.png)
"""

import sys

import torch
from torch import nn

import spingan
from spingan.data import test_sample
from spingan.image_grid import save_grid
from spingan.nn.chip import program_chip
from spingan.nn.conversion import calibrate

torch.manual_seed(0)
CODES = 24

# A plain PyTorch net that draws: it learns to turn an image's leading principal components back into the image.
images = torch.from_numpy(test_sample()[0]).float().flatten(1) / 127.5 - 1
left, strength, _ = torch.pca_lowrank(images, CODES)
codes = left * len(images) ** 0.5  # one principal component a column, unit variance
net = nn.Sequential(nn.Linear(CODES, 256), nn.ReLU(), nn.Linear(256, 784), nn.Tanh())
optimizer = torch.optim.Adam(net.parameters(), 2e-3)
for _ in range(400):
    chosen = torch.randint(len(images), (256,))
    loss = nn.functional.mse_loss(net(codes[chosen]), images[chosen])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
with torch.no_grad():
    float_error = nn.functional.mse_loss(net(codes), images)

# On the hardware: every module gets a place, or an error names the one that has none.
technology = spingan.load_technology("skyrmion-published")
conversion = spingan.convert(net, technology, example_input=codes[:1])
for row in conversion.rows:
    print(f"{row.layer:3} {row.type:8} {row.kind:8} {row.becomes:16} {row.detail}")
calibrate(conversion.model, lambda: conversion.model(codes))  # gains to the weights, ranges to what the devices see
chip = program_chip(conversion.model, technology)  # one chip: every weight on one of 64 levels
with torch.no_grad():
    error = nn.functional.mse_loss(chip(codes), images)
print(f"mean square error: {float_error:.4f} with float weights, {error:.4f} on the chip")

# Draw with it: new codes near those of real images, real ones in the last row.
mixed = 0.75 * codes[torch.randperm(len(codes))[:40]] + 0.25 * codes[torch.randperm(len(codes))[:40]]
with torch.no_grad():
    drawn = torch.cat([chip(mixed), images[:8]]).reshape(-1, 1, 28, 28)
print(save_grid(drawn.numpy(), sys.argv[1] if len(sys.argv) > 1 else "dense_generator.png", columns=8))
