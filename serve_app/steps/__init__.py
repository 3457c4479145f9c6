"""The steps of a job as blocking functions, one file each: gpu and storage wired together, no Ray.

Invariant: a step writes objects only below its attempt's prefix and before it answers, so that what an attempt row
names exists; a second run of the same attempt writes the same keys. Requests and answers: `gpu/steps.py`. Which steps a
process runs is said in `embedded.py` and by the deployments of the gpu profile.
"""
