"""A generic pair of transistors of the 180 nm class, written for this project, of no foundry and no model library.

What it is: BSIM3 with a handful of parameters from textbook physics, everything else at BSIM3's own defaults. The
targets are what 180 nm processes share at 1.8 V: about 600 µA/µm (n) and 260 µA/µm (p) on, some 10 pA/µm off,
thresholds near 0.45 V. What it is not: a threshold that follows the length (dvt0 = 0 and nlx = 0: the card is for
0.18 µm drawn, and longer channels differ by the drain's effect alone), leakage of gate and junctions, noise.

`card_figures` gives at 1.8 V: thresholds 0.42 and 0.46 V, 587 and 259 µA/µm, 17 and 6 pA/µm, 77 mV a decade, 30 mV/V,
and an inverter of gain 19 that turns at 0.87 V.
"""

GENERIC_180NM = """\
* Generic 180 nm class, BSIM3 (level 8, also called 49), SI units. Written for spingan; under spingan's licence.
* tox: 4 nm, the oxide that 1.8 V allows at 4.5 MV/cm, so Cox = 8.63 mF/m2
* nch: 4e17 /cm3, a depletion layer of 54 nm, a third of the length; k1 = sqrt(2 q eps N)/Cox = 0.42 sqrt(V); k2 = 0
* eta0: with lt = sqrt(3 tox Xdep) = 25 nm and dsub = 0.56, the drain lowers the threshold by 0.17 eta0 a volt at 180 nm
* nfactor: with Cdep/Cox = 0.22 a swing of 60 mV x (1 + 0.22 nfactor)
* u0: low-field mobilities, 450 cm2/Vs for electrons and 130 for holes, which ua and ub bring down with the gate's field
* vsat: bulk silicon's 1e5 m/s, a tenth less for holes; rdsw: 150 and 300 ohm um for both ends
* cgso, cgdo: 30 nm of overlap under 8.63 mF/m2; cj: a junction in 1e18 /cm3; cjsw: that over 0.15 um of depth
* vth0 and pclm were chosen for the targets that generic_180nm.py states
.model nmos_generic nmos level=8 version=3.3.0 tnom=27
+ tox=4e-9 nch=4e17 xj=1e-7 k1=0.42 k2=0 vth0=0.38
+ dvt0=0 dvt0w=0 nlx=0 eta0=0.12 dsub=0.56 nfactor=1.3 cdsc=0 voff=-0.08
+ u0=0.045 ua=1e-9 ub=5e-19 uc=0 vsat=1e5 rdsw=150
+ pclm=1.3 pdiblc1=0.01 pdiblc2=0.002 drout=0.56
+ cgso=2.6e-10 cgdo=2.6e-10 cgbo=0 cj=1e-3 mj=0.5 pb=0.9 cjsw=1.5e-10 mjsw=0.33
.model pmos_generic pmos level=8 version=3.3.0 tnom=27
+ tox=4e-9 nch=4e17 xj=1e-7 k1=0.42 k2=0 vth0=-0.37
+ dvt0=0 dvt0w=0 nlx=0 eta0=0.12 dsub=0.56 nfactor=1.3 cdsc=0 voff=-0.08
+ u0=0.013 ua=1e-9 ub=5e-19 uc=0 vsat=9e4 rdsw=300
+ pclm=1.3 pdiblc1=0.01 pdiblc2=0.002 drout=0.56
+ cgso=2.6e-10 cgdo=2.6e-10 cgbo=0 cj=1e-3 mj=0.5 pb=0.9 cjsw=1.5e-10 mjsw=0.33
"""
