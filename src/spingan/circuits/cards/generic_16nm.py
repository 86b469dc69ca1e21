"""A generic pair of transistors of the 16 nm class, written for this project, of no foundry and no model library.

What it is: BSIM4 with a handful of parameters from textbook physics, everything else at BSIM4's own defaults. The
targets are orders of magnitude that published 14 to 16 nm processes share at 0.7 V: about 1 mA/µm (n) and 0.7 mA/µm (p)
on, 10 to 100 nA/µm off, a swing of 70 to 90 mV a decade, a DIBL near 100 mV/V. What it is not: a threshold that follows
the length (dvt0 = 0: the card is for 16 nm drawn), gate and GIDL leakage, noise, self-heating, layout effects.

`card_figures` gives at 0.7 V: thresholds 0.27 and 0.29 V, 1.00 and 0.69 mA/µm, 21 and 15 nA/µm, 77 mV a decade,
109 mV/V, and an inverter of gain 9 that turns at 0.36 V.
"""

GENERIC_16NM = """\
* Generic 16 nm class, BSIM4 (level 14, also called 54), SI units. Written for spingan; under spingan's licence.
* toxe: 0.9 nm of equivalent oxide (high-k gates of this class: 0.8 to 1 nm), so Cox = 38.4 mF/m2
* ndep: 4e18 /cm3, so that the depletion layer, sqrt(2 eps phi / q N) = 18 nm, is about as deep as the gate is long
* k1: body effect sqrt(2 q eps N)/Cox = 0.30 sqrt(V) from those two; k2 = 0: uniform doping
* eta0: with lt = sqrt(3 toxe Xdep) = 7 nm and dsub = 0.56, the drain lowers the threshold by 0.53 eta0 a volt at 16 nm
* nfactor: with Cdep/Cox = 0.15 a swing of 60 mV x (1 + 0.15 nfactor) and what the drain adds
* u0: electrons in bulk silicon of that doping, 200 to 250 cm2/Vs with strain making up for the surface; holes half
* vsat: bulk silicon's 1e5 m/s times 1.4 and 1.2: overshoot in a channel of a few mean free paths
* rdsw: 100 and 120 ohm um for both ends; cgso, cgdo: 4 nm of overlap under 38.4 mF/m2
* dvt0 = 0: no roll-off with length; pscbe2 = 1e-20: no impact ionisation, which 0.7 V cannot drive
* vth0, vsat within that range, and pclm were chosen for the targets that generic_16nm.py states
.model nmos_generic nmos level=14 version=4.8 tnom=27
+ toxe=0.9e-9 toxm=0.9e-9 ndep=4e18 xj=8e-9 k1=0.30 k2=0 vth0=0.28
+ dvt0=0 dvt0w=0 lpe0=0 eta0=0.17 dsub=0.56 nfactor=1.6 cdsc=0 voff=-0.08
+ u0=0.025 ua=1e-9 ub=5e-19 vsat=1.4e5 rdsw=100
+ pclm=0.3 pdiblc1=0 pdiblc2=0.002 drout=0.56 pscbe2=1e-20
+ cgso=1.5e-10 cgdo=1.5e-10 cjs=1e-3 cjd=1e-3
.model pmos_generic pmos level=14 version=4.8 tnom=27
+ toxe=0.9e-9 toxm=0.9e-9 ndep=4e18 xj=8e-9 k1=0.30 k2=0 vth0=-0.27
+ dvt0=0 dvt0w=0 lpe0=0 eta0=0.17 dsub=0.56 nfactor=1.6 cdsc=0 voff=-0.08
+ u0=0.0125 ua=1e-9 ub=5e-19 vsat=1.2e5 rdsw=120
+ pclm=0.3 pdiblc1=0 pdiblc2=0.002 drout=0.56 pscbe2=1e-20
+ cgso=1.5e-10 cgdo=1.5e-10 cjs=1e-3 cjd=1e-3
"""
