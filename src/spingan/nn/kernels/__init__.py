"""Compiled kernels, each one pass over memory: noise, levels of weights, curves, pulses, patches of images."""
