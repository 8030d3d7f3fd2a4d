"""The numbers by which compiled code knows the kinds of solids."""

PLANE, SPHERE, BOX, CYLINDER, CAPSULE, TORUS, CURVED_PLATE, SUPERQUADRIC, MESH = range(9)

N_PARAMETERS = 6
